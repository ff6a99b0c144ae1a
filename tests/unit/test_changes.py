"""What changed between two revisions, in words."""

from __future__ import annotations

from foreword.changes import changes
from foreword.v1 import profile_pb2
from foreword.v1.profile_pb2 import Profile


def told(before: Profile, after: Profile) -> list[str]:
    """Return the changes as lines of a difference."""
    return [f"{change.sign} {change.what}: {change.text}" for change in changes(before, after)]


def with_topics(**scores: float) -> Profile:
    """Return a profile with these affinities."""
    profile = Profile()
    for topic, score in scores.items():
        profile.content_preferences.high_affinity_topics.add(topic=topic, score=score)
    return profile


def with_belief(confidence: float, **fields: object) -> Profile:
    """Return a profile with one belief."""
    profile = Profile()
    belief = profile.self_model.beliefs.add(
        belief_id="b1", statement='Often works in "tests".', confidence=confidence, evidence_count=12
    )
    belief.valid_from.FromJsonString("2026-01-02T03:04:05Z")
    if fields:
        belief.valid_to.FromJsonString("2026-02-02T03:04:05Z")
    return profile


def test_the_same_knowledge_is_no_change() -> None:
    """Two revisions that know and say the same differ in nothing, whenever they were computed."""
    one, other = with_belief(0.5), with_belief(0.5)
    other.revision = 7
    other.computed_at.FromJsonString("2026-01-02T03:04:05Z")
    assert told(one, other) == []


def test_topics_rise_fall_come_and_go() -> None:
    """A topic that moves by a twentieth of the activity is told, whatever it is spelled like; a smaller move is not."""
    lines = told(
        with_topics(Tests=0.2, docs=0.4, old=0.1, same=0.3),
        with_topics(tests=0.5, docs=0.2, new=0.06, same=0.33),
    )
    assert lines == [
        "~ topic: 'tests' up from 20% to 50%",
        "+ topic: 'new', 6% of the activity",
        "- topic: 'old', was 10% of the activity",
        "~ topic: 'docs' down from 40% to 20%",
    ]


def test_only_the_largest_moves_of_topics_are_told() -> None:
    """A turn that moves every topic is told by five of them."""
    many = with_topics(**{f"t{number}": 0.1 + number / 100 for number in range(12)})
    assert [line.split("'")[1] for line in told(Profile(), many)] == ["t11", "t10", "t9", "t8", "t7"]


def test_a_no_is_told_when_it_is_said_and_when_it_ends() -> None:
    """What the user refuses is told apart from what they only turned away from."""
    refusing = Profile()
    refusing.content_preferences.low_affinity_topics.add(topic="war", stance=profile_pb2.STANCE_NO)
    refusing.content_preferences.low_affinity_topics.add(topic="drama", score=0.9)
    assert told(Profile(), refusing) == ["+ no: 'war'"]
    assert told(refusing, Profile()) == ["- no: 'war'"]


def test_beliefs_begin_end_and_grow_surer() -> None:
    """A belief is told with its confidence and the events it rests on, and by its end since when it was held."""
    begun = """+ belief: Often works in "tests". (50% sure, 12 events)"""
    ended = """- belief: Often works in "tests". (held since 2026-01-02)"""
    assert told(Profile(), with_belief(0.5)) == [begun]
    assert (
        told(with_belief(0.5), with_belief(0.5, ended=True)) == told(with_belief(0.5), Profile()) == [ended]
    )
    assert told(with_belief(0.5), with_belief(0.62)) == [
        """~ belief: Often works in "tests". (50% to 62% sure, 12 events)"""
    ]
    assert told(with_belief(0.5), with_belief(0.54)) == []


def test_goals_preferences_and_expertise_are_told() -> None:
    """Each part of the self-model is compared by what names it there."""
    before, after = Profile(), Profile()
    before.self_model.preferences.add(key="answer_length", value="long")
    before.self_model.preferences.add(key="tone", value="formal")
    after.self_model.preferences.add(key="answer_length", value="short")
    before.self_model.expertise.add(area="SQL", level=0.3)
    after.self_model.expertise.add(area="sql", level=0.4)
    after.self_model.goals.add(goal_id="g", statement="Moving a queue", confidence=0.3, evidence_count=1)
    assert told(before, after) == [
        "+ goal: Moving a queue (30% sure, 1 event)",
        "~ preference: answer_length short, was answer_length long",
        "- preference: tone formal",
        "~ expertise: 'sql' from 0.30 to 0.40",
    ]


def test_untrusted_words_move_no_cursor() -> None:
    """Control characters in topics and texts come as escapes, so that a terminal shows one line a change."""
    after = with_topics(**{"a\x1b[2J\nb": 0.5})
    after.foreword.text = "fine\nnot\x1b[31m"
    assert all(line.isprintable() for line in told(Profile(), after))
    assert len(told(Profile(), after)) == 3


def test_every_change_is_a_sentence_too() -> None:
    """What a list of revisions says reads without the signs of a difference."""
    before, after = Profile(), Profile()
    before.foreword.text, after.foreword.text = "Reads about a.", "Reads about b."
    assert [change.sentence for change in changes(before, after)] == [
        "Text lost: Reads about a.",
        "Text gained: Reads about b.",
    ]
