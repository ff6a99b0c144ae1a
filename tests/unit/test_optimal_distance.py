"""How far two profiles are apart."""

from __future__ import annotations

import pytest

from foreword.v1.profile_pb2 import STANCE_NO, Belief, ForewordPart, Profile, TopicAffinity
from scheduler.optimal import distance, outline


def profile(topics: dict[str, float], beliefs: dict[str, float], *texts: str) -> Profile:
    made = Profile()
    for topic, score in topics.items():
        made.content_preferences.high_affinity_topics.append(TopicAffinity(topic=topic, score=score))
    for belief_id, confidence in beliefs.items():
        made.self_model.beliefs.append(Belief(belief_id=belief_id, confidence=confidence))
    made.foreword.text = "About this user\n" + "\n".join(texts)
    made.foreword.parts.extend(ForewordPart(text=text) for text in texts)
    return made


def apart(one: Profile, other: Profile) -> float:
    return distance(outline(one), outline(other))


BASE = profile({"tests": 0.5, "docs": 0.5}, {"b1": 0.8}, "Works on tests (12 of 40 commits).")


def test_counts_and_the_frame_are_no_change() -> None:
    """A text that only counts on says the same."""
    later = profile({"Tests": 0.5, "docs": 0.5}, {"b1": 0.8}, "Works on tests (13 of 41 commits).")
    assert apart(BASE, later) == 0


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (profile({"tests": 0.5}, {"b1": 0.8}, "Works on tests."), (1 / 2) / 3),
        (profile({"tests": 0.5, "docs": 0.5}, {"b1": 0.4}, "Works on tests."), (1 / 2) / 3),
        (profile({"tests": 0.5, "docs": 0.5}, {"b1": 0.8}, "Works on docs."), (1 / 2) / 3),
        (profile({"films": 1.0}, {"b2": 1.0}, "Watches."), 1.0),
    ],
    ids=["a topic gone", "a belief less sure", "another word", "somebody else"],
)
def test_each_part_counts_a_third(other: Profile, expected: float) -> None:
    """Topics, beliefs and words each weigh a third."""
    base = profile({"tests": 0.5, "docs": 0.5}, {"b1": 0.8}, "Works on tests.")
    if other.foreword.parts[0].text == "Works on docs.":
        assert apart(base, other) == pytest.approx((1 - 2 / 4) / 3)
    else:
        assert apart(base, other) == pytest.approx(expected)


def test_a_no_is_another_thing_than_a_yes() -> None:
    """A topic that moves from liked to muted counts twice: what was there is gone, and what is there was not."""
    muted = Profile()
    muted.CopyFrom(BASE)
    muted.content_preferences.ClearField("high_affinity_topics")
    muted.content_preferences.low_affinity_topics.append(
        TopicAffinity(topic="tests", score=0.1, stance=STANCE_NO)
    )
    assert apart(BASE, muted) == pytest.approx(1 / 3)


def test_closed_beliefs_are_not_held() -> None:
    """A belief that ended counts as gone."""
    closed = Profile()
    closed.CopyFrom(BASE)
    closed.self_model.beliefs[0].valid_to.FromMilliseconds(1)
    assert apart(BASE, closed) == pytest.approx(1 / 3)
