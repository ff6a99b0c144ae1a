"""What is believed of a user follows from the evidence, whatever the evidence."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from one_refresh import NOW_MS, event, run

from foreword.clock import DAY_MS
from foreword.store.codec import PROFILE_BYTES_MAX
from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.apply import BELIEFS_MAX, CLOSED_KEPT
from scheduler.agent.confidence import CONFIDENCE_MAX, confidence

kinds = st.sampled_from(
    [
        profile_pb2.EVIDENCE_KIND_ACTION,
        profile_pb2.EVIDENCE_KIND_FEEDBACK,
        profile_pb2.EVIDENCE_KIND_STATEMENT,
    ]
)
counts = st.integers(1, 100_000)


@given(kinds, counts, counts, counts, counts, st.integers(0, 4000))
def test_more_evidence_is_never_less_sure(
    kind: profile_pb2.EvidenceKind, count: int, days: int, more: int, against: int, age_days: int
) -> None:
    """More events, more days, and newer ones make surer; more against makes less sure; nothing is certain."""
    days = min(days, count)
    age_ms = age_days * DAY_MS
    found = confidence([kind], count, days, against=against, against_days=1, age_ms=age_ms)
    assert 0.0 <= found <= CONFIDENCE_MAX
    assert confidence([kind], count + more, days, against=against, against_days=1, age_ms=age_ms) >= found
    assert (
        confidence([kind], count + more, days + more, against=against, against_days=1, age_ms=age_ms) >= found
    )
    assert confidence([kind], count, days, against=against, against_days=1, age_ms=age_ms // 2) >= found
    assert confidence([kind], count, days, against=against + more, against_days=1, age_ms=age_ms) <= found


acts = st.lists(st.sampled_from(["read", "view", "like", "skip", "commit"]), min_size=1, max_size=30)


@settings(max_examples=25, deadline=None)
@given(acts, st.sampled_from(["mute", "block"]))
def test_no_act_overturns_a_word(types: list[str], no: str) -> None:
    """Whatever somebody does with a topic they said no to, the belief that says so holds, no less sure."""
    said = [event(0, 25, ["tea"], type=no), *(event(1 + number, 25, ["news"]) for number in range(4))]
    before = run(said).profile
    # They would be words again.
    later = [event(100 + n, 20 - n / 2, ["tea"], type=kind) for n, kind in enumerate(types) if kind != "like"]
    after = run([*said, *later], previous=before, new=later).profile
    (old,) = _about(before, "tea")
    (held,) = _about(after, "tea")
    assert held.belief_id == old.belief_id
    assert not held.HasField("valid_to")
    assert held.confidence >= old.confidence


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["tea", "news", "cats"]), st.integers(0, 25)), min_size=4, max_size=40)
)
def test_the_same_evidence_twice_changes_nothing(seen: list[tuple[str, int]]) -> None:
    """Beliefs, their counts and how sure they are stay when a refresh is given the same events again."""
    events = sorted(
        (event(number, age, [topic]) for number, (topic, age) in enumerate(seen)),
        key=lambda item: item.time.ToMilliseconds(),
    )
    first = run(events).profile
    again = run(events, previous=first, new=[]).profile
    assert again.self_model.SerializeToString(deterministic=True) == first.self_model.SerializeToString(
        deterministic=True
    )


@settings(max_examples=6, deadline=None)
@given(st.sampled_from(["é", "x", "語"]), st.integers(60, 150), st.integers(1, 60))
def test_the_longest_of_everything_fits(letter: str, event_count: int, topic_count: int) -> None:
    """Ids, items and topics of 128 bytes, all of them different, over three refreshes, stay within the limit."""
    profile: profile_pb2.Profile | None = None
    for turn in range(3):
        news = [_hostile(letter, turn * event_count + n, topic_count) for n in range(event_count)]
        profile = run(news, previous=profile, new=news).profile
        assert profile.ByteSize() <= PROFILE_BYTES_MAX
        ended = [row for row in profile.self_model.beliefs if row.HasField("valid_to")]
        assert len(profile.self_model.beliefs) <= BELIEFS_MAX
        assert len(ended) <= CLOSED_KEPT


def _about(profile: profile_pb2.Profile, subject: str) -> list[profile_pb2.Belief]:
    return [row for row in profile.self_model.beliefs if row.subject == subject]


def _hostile(letter: str, number: int, topic_count: int) -> event_pb2.Event:
    size = 128 // len(letter.encode())

    def long(value: int) -> str:
        return f"{value}".ljust(size, letter)[:size]

    made = event_pb2.Event(
        event_id=long(number),
        user_id="u",
        type="mute" if number % 7 == 0 else "read",
        item_id=long(number),
        topics=[long(number % topic_count), long(number)],
        attributes={"depth": "deep", "domain": long(number)},
    )
    made.time.FromMilliseconds(NOW_MS - 40 * DAY_MS + number * 1000)
    return made
