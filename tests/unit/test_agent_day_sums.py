"""The sums over days that order topics, folded in parts, late, and from rows written before there were any."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from foreword.clock import DAY_MS
from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.evidence import evidence_of
from scheduler.agent.memory import fold, to_proto

DAY = 20_000
HALF_LIFE_DAYS = 60.0


def event(number: int, day: int, topic: str = "a") -> event_pb2.Event:
    """Return an event at noon of a day."""
    made = event_pb2.Event(event_id=str(number), user_id="u", type="read", topics=[topic])
    made.time.FromMilliseconds(day * DAY_MS + DAY_MS // 2)
    return made


def folded(
    days: Sequence[int], previous: profile_pb2.Memory | None = None, topic: str = "a"
) -> profile_pb2.Memory:
    """Return the memory after an event on each of these days."""
    events = [event(number, day, topic) for number, day in enumerate(days)]
    return to_proto(fold(previous, evidence_of(events, None), HALF_LIFE_DAYS)[0])


def test_a_sum_is_of_roots_of_days_that_fade() -> None:
    """Four events of one day count as two, and half as much after one half-life."""
    row = folded([DAY, DAY, DAY, DAY, DAY + 7]).topics[0]
    half_day = 2 ** (-0.5 / 7)
    assert row.short_day_sum == pytest.approx((2 * 0.5 + 1) * half_day)
    assert (row.last_day, row.last_day_weight) == (DAY + 7, 1.0)


def test_folding_in_order_equals_folding_at_once_wherever_it_is_parted() -> None:
    """The newest day stays open, so that its later events add what the root still lacks."""
    days = [DAY, DAY, DAY + 1, DAY + 3, DAY + 3, DAY + 3]
    whole = folded(days)
    for place in range(1, len(days)):
        parts = folded(days[place:], folded(days[:place]))
        for name in ("short_day_sum", "long_day_sum", "last_day", "last_day_weight"):
            assert getattr(parts.topics[0], name) == pytest.approx(getattr(whole.topics[0], name))
            assert getattr(parts, name) == pytest.approx(getattr(whole, name))


def test_a_late_day_that_comes_whole_counts_as_on_time() -> None:
    """An import of older days after newer ones gives what it would have given first."""
    late = folded([DAY - 9, DAY - 9, DAY - 5], folded([DAY]))
    assert late.short_day_sum == pytest.approx(folded([DAY - 9, DAY - 9, DAY - 5, DAY]).short_day_sum)


def test_a_late_event_of_a_day_begun_counts_as_a_day_of_its_own() -> None:
    """What an earlier day held is not kept, so each part has its root: up to √2 times too much."""
    parts, whole = folded([DAY - 9], folded([DAY - 9, DAY])), folded([DAY - 9, DAY - 9, DAY])
    assert whole.long_day_sum < parts.long_day_sum <= whole.long_day_sum * math.sqrt(2)


def test_rows_without_sums_start_from_their_faded_counts() -> None:
    """A memory of an older version keeps the order of its topics, and goes on from there."""
    old = folded([DAY, DAY + 1, DAY + 2], folded([DAY], topic="b"))
    for row in (old, *old.topics):
        for name in ("short_day_sum", "long_day_sum", "last_day", "last_day_weight"):
            row.ClearField(name)
    after = folded([DAY + 2], old)
    sums = {row.value: row.long_day_sum for row in after.topics}
    weights = {row.value: row.weight for row in old.topics}
    assert sums["b"] == pytest.approx(weights["b"])
    assert weights["a"] < sums["a"] < weights["a"] + 1
    assert after.long_day_sum == pytest.approx(sum(sums.values()))
