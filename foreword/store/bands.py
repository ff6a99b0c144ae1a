"""What is kept of a user's old events: counts over bands of days that double in length as they age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from foreword.clock import DAY_MS
from foreword.topics import topic_key
from foreword.v1.event_band_pb2 import EventBand
from foreword.v1.event_pb2 import Event

# A band is at most a fourth as long as it is old: seen from today, any span is known to a quarter, and a user has some
# five bands for each doubling of the time, 20 for ten years beyond the default retention.
_AGE_PER_LENGTH = 4
# 2^17 days are 359 years: beyond 1970 by far, so that the search for a length ends.
_LEVEL_MAX = 17
# The commonest of a band. Names are of 64 and 128 bytes at most, so a band has 10 KB at most; about one as a rule.
TYPES_MAX = 16
TOPICS_MAX = 64


class Days(NamedTuple):
    """Days that a band covers: `length`, a power of two, from a multiple of it on. Days are since 1970, UTC."""

    first: int
    length: int

    @property
    def end(self) -> int:
        """The day behind the last one."""
        return self.first + self.length


def days_of(day: int, as_of_day: int, *, length_min: int = 1) -> Days:
    """Return the band of a day: the longest whose youngest day is four times as old as the band is long.

    Whatever day of a band is asked for, the answer is that band, so the bands as of a day cover each day once. As the
    day passes a band only grows into the double band it is a half of.

    Args:
        day: A day, in days since 1970, UTC.
        as_of_day: Today; a day that is not past yet is a band of its own.
        length_min: Length that it has already, as it was when the clock showed a later day.
    """
    found = Days(day - day % length_min, length_min)
    for level in range(length_min.bit_length(), _LEVEL_MAX):
        longer = Days(day - day % (1 << level), 1 << level)
        if as_of_day - longer.end < _AGE_PER_LENGTH * longer.length:
            break
        found = longer
    return found


def fold(
    held: Iterable[EventBand], events: Iterable[tuple[int, Event]], as_of_day: int
) -> dict[int, EventBand]:
    """Return a user's bands with events added, by first day, each as long as it is to be.

    Folding in parts equals folding at once, in whatever order, as long as no band has more types or topics than it
    keeps; what it leaves out is in its sums of others.

    Args:
        held: The user's bands; not changed.
        events: `(time in ms, event)`.
        as_of_day: Today, in days since 1970, UTC.
    """
    counts = _Bands()
    for band in held:
        counts.take(band, days_of(band.first_day, as_of_day, length_min=band.day_count))
    for time_ms, event in events:
        counts.add(time_ms, event, as_of_day)
    return {days.first: _message(days, tally) for days, tally in counts.tallies.items()}


class _Tally:
    """Counts of one band, without a bound."""

    __slots__ = ("event_count", "first_ms", "last_ms", "other_topics", "other_types", "topics", "types")

    def __init__(self) -> None:
        self.event_count = self.other_types = self.other_topics = self.last_ms = 0
        self.first_ms = 1 << 62
        self.types: Counter[str] = Counter()
        self.topics: Counter[str] = Counter()


class _Bands:
    def __init__(self) -> None:
        self.tallies: dict[Days, _Tally] = {}
        # By day, so that a thousand events of a day look for their band once.
        self._by_day: dict[int, _Tally] = {}

    def take(self, band: EventBand, days: Days) -> None:
        tally = self.tallies.setdefault(days, _Tally())
        tally.event_count += band.event_count
        tally.first_ms = min(tally.first_ms, band.first_ms)
        tally.last_ms = max(tally.last_ms, band.last_ms)
        tally.types.update({row.name: row.event_count for row in band.types})
        tally.topics.update({row.name: row.event_count for row in band.topics})
        tally.other_types += band.other_types_count
        tally.other_topics += band.other_topics_count

    def add(self, time_ms: int, event: Event, as_of_day: int) -> None:
        day = time_ms // DAY_MS
        tally = self._by_day.get(day)
        if tally is None:
            tally = self._by_day[day] = self._tally(day, as_of_day)
        tally.event_count += 1
        tally.first_ms = min(tally.first_ms, time_ms)
        tally.last_ms = max(tally.last_ms, time_ms)
        tally.types[event.type] += 1
        tally.topics.update({topic_key(topic) for topic in event.topics})

    def _tally(self, day: int, as_of_day: int) -> _Tally:
        # One that was made when the clock showed a later day may be longer than it would be made today.
        for days, tally in self.tallies.items():
            if days.first <= day < days.end:
                return tally
        tally = self.tallies[days_of(day, as_of_day)] = _Tally()
        return tally


def _message(days: Days, tally: _Tally) -> EventBand:
    band = EventBand(
        first_day=days.first,
        day_count=days.length,
        event_count=tally.event_count,
        first_ms=tally.first_ms,
        last_ms=tally.last_ms,
    )
    band.other_types_count = tally.other_types + _keep(band.types, tally.types, TYPES_MAX)
    band.other_topics_count = tally.other_topics + _keep(band.topics, tally.topics, TOPICS_MAX)
    return band


def _keep(rows: Any, counts: Mapping[str, int], count_max: int) -> int:
    """Write the commonest names, among equals by the name, and return the sum of the others."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    for name, count in ordered[:count_max]:
        rows.add(name=name, event_count=count)
    return sum(count for _, count in ordered[count_max:])
