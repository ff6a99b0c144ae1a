"""When each user is refreshed under a cadence, so that cadences can be scored alike."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from evaluations.cadence.traces import Traced


class Refreshed(NamedTuple):
    """One refresh that had something new to read; one that had not costs nothing and changes nothing."""

    at_ms: int
    number: int
    """The last session it read."""


Schedule: TypeAlias = Mapping[str, Sequence[Refreshed]]
"""The refreshes of each user by time, by the user's key."""


def uniform(users: Sequence[Traced], every_ms: float) -> Schedule:
    """Refresh everybody at one interval, spread over it by user."""
    return {user.key: list(_at_interval(user, every_ms)) for user in users}


def after_each_session(users: Sequence[Traced], idle_ms: int) -> Schedule:
    """Refresh everybody after each session: the most that freshness can cost."""
    return {
        user.key: [Refreshed(row.end_ms + idle_ms, number) for number, row in enumerate(user.sessions)]
        for user in users
    }


def _at_interval(user: Traced, every_ms: float) -> Iterator[Refreshed]:
    offset_ms = zlib.crc32(user.key.encode()) / 2**32 * every_ms
    due = Refreshed(0, -1)
    for number, row in enumerate(user.sessions):
        at_ms = int((row.end_ms - offset_ms) // every_ms * every_ms + every_ms + offset_ms)
        if due.at_ms not in (0, at_ms):
            yield due
        due = Refreshed(at_ms, number)
    yield due
