"""Sessions and attributes, noted in a user's row as events are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from foreword.clock import DAY_MS
from foreword.noting import Noting
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.event_pb2 import Event


def session_starts(activity: UserActivity, times_ms: Sequence[int], idle_ms: int) -> list[int]:
    """Return which of the times, ascending, begin a session.

    One that is older than the user's newest event begins one only on a day without any: where it would stand among
    the others of its day is not looked up.
    """
    days = {day.day for day in activity.days}
    newest_ms, starts = activity.last_seen_ms if activity.event_count else None, []
    for time_ms in times_ms:
        is_first_of_day = time_ms // DAY_MS not in days
        if newest_ms is None or time_ms - newest_ms > idle_ms or (time_ms < newest_ms and is_first_of_day):
            starts.append(time_ms)
        days.add(time_ms // DAY_MS)
        newest_ms = time_ms if newest_ms is None else max(newest_ms, time_ms)
    return starts


def note_attributes(activity: UserActivity, events: Iterable[tuple[int, bytes]], noting: Noting) -> None:
    """Keep the newest value of each attribute that is asked for.

    Args:
        activity: The user's row.
        events: Time in ms since 1970 and serialized Event of each.
        noting: What is asked for.
    """
    names = [(name, name.encode()) for name in noting.attributes]
    for time_ms, body in events:
        # Most events carry none of them, and need not be read for it.
        if not any(encoded in body for _, encoded in names):
            continue
        carried = Event.FromString(body).attributes
        for name in noting.attributes:
            is_known = name in activity.attributes
            if name in carried and not (is_known and activity.attributes[name].time_ms > time_ms):
                noted = activity.attributes[name]
                noted.value, noted.time_ms = carried[name], time_ms
