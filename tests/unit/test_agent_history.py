"""Profiles made from the events alone: as if what was deleted had never been."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_refresh import CONFIG, NOW_MS, compute, event, make_input

from foreword.clock import DAY_MS
from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.history import History
from scheduler.agent.population import PopulationView
from scheduler.agent.refresh import RefreshInput, RefreshResult

OLD_DAYS = 100


def starting_over(
    kept: Sequence[event_pb2.Event],
    removed: Sequence[event_pb2.Event],
    previous: profile_pb2.Profile,
    *,
    is_whole: bool = True,
) -> RefreshResult:
    """Refresh from the events kept; all of them, and those removed, were counted before."""
    made = make_input(kept, previous, new=[])
    ids = frozenset(item.event_id for item in kept)
    ordered = sorted(kept, key=lambda item: item.time.ToMilliseconds())
    return compute(
        RefreshInput(**{**vars(made), "history": History(ordered, ids, list(removed), is_whole)}), CONFIG
    )


def known(profile: profile_pb2.Profile) -> profile_pb2.Profile:
    """Return a profile without what says how it came to be."""
    copy = profile_pb2.Profile()
    copy.CopyFrom(profile)
    copy.ClearField("provenance")
    return copy


EVENTS = [event(number, number / 3, [f"t{number % 4}"]) for number in range(40)]
SAID = [
    event(100, 2, ["t9"], type="mute"),
    event(101, 3, [], feedback=event_pb2.FEEDBACK_CORRECTION, text="shorter please"),
    event(102, 4, ["t1"], type="purchase"),
]


def test_nothing_is_left_of_what_was_deleted() -> None:
    """A mute, a correction and a topic's events gone, the profile is the one of a user who never had them."""
    before = compute(make_input([*EVENTS, *SAID])).profile
    removed = [*SAID, *(item for item in EVENTS if "t2" in item.topics)]
    kept = [item for item in EVENTS if "t2" not in item.topics]
    after = starting_over(kept, removed, before).profile
    assert known(after) == known(compute(make_input(kept)).profile)
    assert "short answers" in before.foreword.text
    assert "short answers" not in after.foreword.text


@settings(max_examples=40)
@given(st.sets(st.integers(0, 39), max_size=40))
def test_deleting_gives_what_never_adding_gives(gone: set[int]) -> None:
    """Whatever is deleted, where all events are kept the profile is exactly as without them."""
    kept = [item for number, item in enumerate(EVENTS) if number not in gone]
    removed = [item for number, item in enumerate(EVENTS) if number in gone]
    after = starting_over(kept, removed, compute(make_input(EVENTS)).profile).profile
    assert known(after) == known(compute(make_input(kept)).profile)


def test_the_memory_keeps_what_is_past_retention() -> None:
    """Counts of events that are gone stay, those of kept ones are counted once, and those of deleted ones go."""
    old = [event(200 + number, OLD_DAYS + number, ["old", "t1"]) for number in range(20)]
    old.append(event(300, OLD_DAYS, ["hated"], type="mute"))
    before = compute(make_input([*old, *EVENTS, *SAID])).profile
    kept = [item for item in EVENTS if "t2" not in item.topics]
    removed = [*SAID, *(item for item in EVENTS if "t2" in item.topics)]
    after = starting_over(kept, removed, before, is_whole=False).profile
    never = compute(make_input([*old, *kept])).profile
    counts = {row.value: row for row in after.memory.topics}
    expected = {row.value: row for row in never.memory.topics}
    assert set(counts) == set(expected)
    for topic, row in expected.items():
        found = counts[topic]
        assert (found.event_count, found.stance) == (row.event_count, row.stance), topic
        assert found.weight == pytest.approx(row.weight, abs=1e-4)
        assert found.long_day_sum == pytest.approx(row.long_day_sum, abs=0.05)
    assert after.memory.event_count == never.memory.event_count
    assert after.memory.total_weight == pytest.approx(never.memory.total_weight, rel=1e-5)
    assert list(after.memory.hour_weights) == pytest.approx(list(never.memory.hour_weights), abs=1e-4)
    assert not after.memory.wishes
    assert {row.topic for row in after.content_preferences.low_affinity_topics} == {"hated"}


def test_starting_over_with_nothing_deleted_changes_nothing_known() -> None:
    """A full refresh says what the incremental ones said, whatever number of them there was."""
    profile = None
    for start in range(0, 40, 8):
        news = EVENTS[::-1][start : start + 8]
        profile = compute(make_input(EVENTS[::-1][: start + 8], profile, new=news)).profile
    assert profile is not None
    full = starting_over(EVENTS, [], profile).profile
    assert full.foreword == profile.foreword
    assert [row.topic for row in full.content_preferences.high_affinity_topics] == [
        row.topic for row in profile.content_preferences.high_affinity_topics
    ]
    assert full.memory.event_count == profile.memory.event_count


def test_a_models_belief_goes_with_the_last_event_behind_it() -> None:
    """While one is left it stays, with that one behind it."""
    before = compute(make_input(EVENTS)).profile
    belief = before.self_model.beliefs.add(
        belief_id="b" * 12,
        subject="t1",
        statement='Works on "t1".',
        proposed_by="anthropic",
        evidence_count=2,
    )
    for number in (1, 5):
        row = belief.evidence.add(event_id=f"e{number}", kind=profile_pb2.EVIDENCE_KIND_ACTION)
        row.time.FromMilliseconds(NOW_MS - int(number / 3 * DAY_MS))
    half = starting_over([item for item in EVENTS if item.event_id != "e1"], [EVENTS[1]], before).profile
    (left,) = [row for row in half.self_model.beliefs if row.proposed_by]
    assert ([item.event_id for item in left.evidence], left.evidence_count) == (["e5"], 1)
    kept = [item for item in EVENTS if item.event_id not in ("e1", "e5")]
    none = starting_over(kept, [EVENTS[1], EVENTS[5]], before).profile
    assert not [row for row in none.self_model.beliefs if row.proposed_by]


def test_the_population_forgets_what_was_deleted() -> None:
    """Its counts are those of a namespace in which the deleted events never were."""
    view = PopulationView(CONFIG.window.half_life_days)
    first = compute(make_input(EVENTS, population=view))
    view.fold(first.population_delta)
    kept, removed = EVENTS[:20], EVENTS[20:]
    view.fold(starting_over(kept, removed, first.profile).population_delta)
    never = PopulationView(CONFIG.window.half_life_days)
    never.fold(compute(make_input(kept)).population_delta)
    for topic in ("t0", "t1", "t2", "t3"):
        assert view.share(topic) == pytest.approx(never.share(topic), abs=1e-6)
        assert view.events(topic) == never.events(topic)
    assert view.user_count == 1
