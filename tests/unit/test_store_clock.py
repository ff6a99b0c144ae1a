"""A machine's clock that is set back, seen from the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from foreword import keys
from foreword.clock import DAY_MS
from foreword.store import ActivityReader, ActivityWriter
from foreword.v1.activity_pb2 import Trigger, UserActivity

USER = keys.user_key("ann")
NOW_MS = 1_700_000_000_000
WRONG_MS = NOW_MS + 2000 * DAY_MS


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ActivityWriter]:
    with closing(ActivityWriter(tmp_path, map_size_bytes=1 << 26)) as opened:
        yield opened


def record(writer: ActivityWriter, event, now_ms: int) -> None:
    with writer.begin() as transaction:
        transaction.record([event], now_ms)


def stored(directory: Path) -> tuple[UserActivity, Trigger]:
    with closing(ActivityReader(directory)) as reader:
        activity = reader.user(USER)
        return activity, dict(reader.triggers(activity.trigger_seq - 1, 1))[activity.trigger_seq]


def test_last_seen_comes_back_with_the_clock(writer, tmp_path: Path, make_event, faults) -> None:
    """The first event after the clock was set right ends the future: last seen, days and the waiting trigger."""
    record(writer, make_event("ann", "e1", NOW_MS), NOW_MS)
    record(writer, make_event("ann", "e2", WRONG_MS), WRONG_MS)
    assert stored(tmp_path)[0].last_seen_ms == WRONG_MS
    record(writer, make_event("ann", "e3", NOW_MS + 5), NOW_MS + 5)
    activity, trigger = stored(tmp_path)
    assert (activity.first_seen_ms, activity.last_seen_ms) == (NOW_MS, NOW_MS + 5)
    assert [(day.day, day.count) for day in activity.days] == [(NOW_MS // DAY_MS, 2)]
    assert activity.event_count == 3
    assert trigger.activity_ms == NOW_MS + 5
    assert faults(tmp_path) == []


def test_an_import_after_the_clock_was_set_back_finds_the_newest_event(
    writer, tmp_path: Path, make_event, faults
) -> None:
    """Events of long ago do not become the newest when those of the wrong clock are left out."""
    record(writer, make_event("ann", "e1", NOW_MS), NOW_MS)
    record(writer, make_event("ann", "e2", WRONG_MS), WRONG_MS)
    record(writer, make_event("ann", "e0", NOW_MS - 40 * DAY_MS), NOW_MS + 5)
    activity, _ = stored(tmp_path)
    assert (activity.first_seen_ms, activity.last_seen_ms) == (NOW_MS - 40 * DAY_MS, NOW_MS)
    assert faults(tmp_path) == []


def test_a_user_who_only_came_in_the_future_begins_anew(writer, tmp_path: Path, make_event, faults) -> None:
    """First seen comes back too, when all that is known is of the wrong clock."""
    record(writer, make_event("ann", "e2", WRONG_MS), WRONG_MS)
    record(writer, make_event("ann", "e3", NOW_MS), NOW_MS)
    activity, _ = stored(tmp_path)
    assert (activity.first_seen_ms, activity.last_seen_ms) == (NOW_MS, NOW_MS)
    assert faults(tmp_path) == []


def test_what_an_event_may_be_ahead_is_left_alone(writer, tmp_path: Path, make_event) -> None:
    """A device whose clock is hours ahead keeps its time: it is within what is taken at all."""
    ahead_ms = NOW_MS + DAY_MS
    record(writer, make_event("ann", "e1", ahead_ms), NOW_MS)
    record(writer, make_event("ann", "e2", NOW_MS), NOW_MS)
    assert stored(tmp_path)[0].last_seen_ms == ahead_ms
