"""How a schedule serves opens: fresh or not, and how long it had been out of date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evaluations.cadence.schedules import Refreshed
from evaluations.cadence.traces import Traced
from foreword.clock import DAY_MS


class Opened(NamedTuple):
    """One open, and what it found."""

    is_fresh: bool
    """Whether nothing material had changed since the profile was computed."""
    age_days: float
    """Since the first material change that the profile lacks; 0 when it is fresh."""


def opens(user: Traced, refreshed: Sequence[Refreshed]) -> Iterator[Opened]:
    """Yield the opens of a user before which there was something to know.

    Args:
        user: The user.
        refreshed: The user's refreshes, by time.
    """
    stored, place = -1, 0
    for number in user.counted_opens():
        start_ms = user.sessions[number].start_ms
        while place < len(refreshed) and refreshed[place].at_ms < start_ms:
            stored = refreshed[place].number
            place += 1
        if user.is_fresh(stored, number - 1):
            yield Opened(True, 0.0)
        else:
            yield Opened(False, (start_ms - _outdated_ms(user, stored, number - 1)) / DAY_MS)


def _outdated_ms(user: Traced, stored: int, number: int) -> int:
    """Return since when a profile has not been what it should be: the end of the first session of the last run."""
    while number - 1 > stored and not user.is_fresh(stored, number - 1):
        number -= 1
    return user.sessions[number].end_ms
