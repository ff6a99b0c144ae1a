"""Activity as a simulation replays it: when users came, opened and ended their sessions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from foreword.admission import SESSION_END
from foreword.keys import UserKey, user_key
from foreword.v1.event_pb2 import Event


class Moment(NamedTuple):
    """An event, as far as it bears on when its user is refreshed."""

    time_ms: int
    user: UserKey
    is_open: bool
    """A session begins with it: the profile is read just before."""
    ends_session: bool
    event: bytes
    """Serialized Event, for the attributes that segments ask for."""


def trace(events: Iterable[Event], idle_ms: int) -> list[Moment]:
    """Return events in the order of their time; a session begins after `idle_ms` of quiet, and is one open."""
    ordered = sorted(
        ((event.time.ToMilliseconds(), user_key(event.user_id, event.namespace), event) for event in events),
        key=lambda row: (row[0], row[1]),
    )
    newest_ms: dict[UserKey, int] = {}
    moments = []
    for time_ms, user, event in ordered:
        before_ms = newest_ms.get(user)
        is_open = before_ms is None or time_ms - before_ms > idle_ms
        newest_ms[user] = time_ms
        body = event.SerializeToString() if event.attributes else b""
        moments.append(Moment(time_ms, user, is_open, event.type == SESSION_END, body))
    return moments
