"""Durations counted in fixed buckets."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

# From a read out of the map, some 10 microseconds, to a model's answer: each about 2.5 times the one before, so that a
# quantile is off by so much at most. A histogram of 20 numbers costs a microsecond where it is filled; one that adapts
# its buckets would have no sums over processes.
BOUNDS_SECONDS = (
    *(0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)


class Histogram:
    """Counts durations by bucket. Filled by one thread; whoever reads it in another may miss the newest.

    Attributes:
        bounds_seconds: Upper bounds of the buckets but the last, which has none.
        total_seconds: The sum of all durations.
    """

    __slots__ = ("_counts", "bounds_seconds", "total_seconds")

    def __init__(self, bounds_seconds: Sequence[float] = BOUNDS_SECONDS) -> None:
        self.bounds_seconds = bounds_seconds
        self.total_seconds = 0.0
        self._counts = [0] * (len(bounds_seconds) + 1)

    def add(self, seconds: float) -> None:
        """Count one duration; a duration that is a bound belongs below it."""
        self._counts[bisect_left(self.bounds_seconds, seconds)] += 1
        self.total_seconds += seconds

    def merge(self, seconds: float, counts: Sequence[int]) -> None:
        """Add durations that were counted elsewhere by the same bounds: their sum, and a count for each bucket."""
        self._counts = [mine + other for mine, other in zip(self._counts, counts, strict=True)]
        self.total_seconds += seconds

    def cumulative(self) -> list[int]:
        """Return for each bucket how many durations are in it or below; the last is the count of all."""
        return list(accumulate(self._counts))

    def bound_of(self, share: float) -> float | None:
        """Return the bound that this share of the durations is at most; None without any, and when it has no bound."""
        cumulative = self.cumulative()
        wanted = share * cumulative[-1]
        if not wanted:
            return None
        place = next(place for place, count in enumerate(cumulative) if count >= wanted)
        return self.bounds_seconds[place] if place < len(self.bounds_seconds) else None
