"""Days on which something was done, each by the root of how much, faded: what topics are ordered by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from foreword.clock import DAY_MS

SHORT_HALF_LIFE_DAYS = 7.0
LONG_HALF_LIFE_DAYS = 120.0


class DaySumsRow(Protocol):
    """The fields of a stored row that hold such sums."""

    short_day_sum: float
    long_day_sum: float
    last_day: int
    last_day_weight: float


@dataclass(slots=True)
class DaySums:
    """Sums over days of the root of a day's weight, so that twenty commits of one afternoon are no twenty interests.

    Events that come later of the newest day join it. Those of an earlier day count as a day of their own, since how
    much that day held is not kept: the sums are exact in any order as long as each earlier day arrives at once, and
    where one arrives in n parts its root is taken of each, which is at most √n times as much.

    Attributes:
        short: Faded with a half-life of 7 days.
        long: Faded with a half-life of 120 days.
        last_day: The newest day, in days since 1970-01-01; 0 before the first.
        last_day_weight: The weight of its events.
    """

    short: float = 0.0
    long: float = 0.0
    last_day: int = 0
    last_day_weight: float = 0.0

    def take(self, row: DaySumsRow, age_ms: int) -> None:
        """Take over a stored row's sums, which have aged; more than one row is of several spellings."""
        short_fade, long_fade = fades(age_ms)
        self.short += row.short_day_sum * short_fade
        self.long += row.long_day_sum * long_fade
        if row.last_day == self.last_day:
            self.last_day_weight += row.last_day_weight
        elif row.last_day > self.last_day:
            self.last_day, self.last_day_weight = row.last_day, row.last_day_weight

    def assume(self, weight: float, half_life_ms: float, last_seen_ms: int) -> None:
        """Start from a faded count of events, as rows have it that were written before there were sums.

        At an even pace of one event a day a count is its half-life long, which gives the short sum; the long one is
        the count itself, so that topics stand to each other as they did.
        """
        self.long += weight
        self.short += weight * min(1.0, SHORT_HALF_LIFE_DAYS * DAY_MS / half_life_ms)
        self.last_day, self.last_day_weight = max(self.last_day, last_seen_ms // DAY_MS), 1.0

    def add(self, weights: Mapping[int, float], as_of_ms: int) -> None:
        """Add what new events weigh by day; the sums are of `as_of_ms`, and so is what is added."""
        for day, weight in sorted(weights.items()):
            root = math.sqrt(weight)
            if day == self.last_day:
                root = math.sqrt(self.last_day_weight + weight) - math.sqrt(self.last_day_weight)
                self.last_day_weight += weight
            elif day > self.last_day:
                self.last_day, self.last_day_weight = day, weight
            short_fade, long_fade = fades(as_of_ms - day * DAY_MS)
            self.short += root * short_fade
            self.long += root * long_fade

    def write(self, row: DaySumsRow) -> None:
        """Set a stored row's sums."""
        row.short_day_sum, row.long_day_sum = self.short, self.long
        row.last_day, row.last_day_weight = self.last_day, self.last_day_weight


def fades(age_ms: float) -> tuple[float, float]:
    """Return what is left of a short and of a long sum after a time."""
    age_days = age_ms / DAY_MS
    return 2.0 ** (-age_days / SHORT_HALF_LIFE_DAYS), 2.0 ** (-age_days / LONG_HALF_LIFE_DAYS)
