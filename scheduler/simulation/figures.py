"""What a simulation counted, by segment and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from foreword.clock import DAY_MS, HOUR_MS
from foreword.v1.freshness_pb2 import Freshness

_MINUTE_MS = 60_000
PERCENTILES = (50, 95, 99)


@dataclass
class SegmentFigures:
    """Sums over the users of one segment.

    Attributes:
        user_count: Users in it at the end.
        outcomes: Refresh attempts by number of RefreshOutcome.
        calls: Calls to a model by whether they were rows of a batch.
        cost_micro_usd: What these cost.
        opens: Opens by number of Freshness.
        ages_ms: Of the profiles that were opened, the time since they were computed or confirmed.
        breach_count: Profiles that went beyond `expired_after_hours`.
    """

    user_count: int = 0
    outcomes: Counter[int] = field(default_factory=Counter)
    calls: Counter[bool] = field(default_factory=Counter)
    cost_micro_usd: Fraction = Fraction()
    opens: Counter[int] = field(default_factory=Counter)
    ages_ms: list[int] = field(default_factory=list)
    breach_count: int = 0

    @property
    def refresh_count(self) -> int:
        """Refresh attempts."""
        return self.outcomes.total()

    @property
    def open_count(self) -> int:
        """Opens."""
        return self.opens.total()

    def share(self, freshness: Freshness) -> float:
        """Return the share of opens that were answered so; 0 without any."""
        return self.opens[freshness] / self.open_count if self.open_count else 0.0

    def age_hours(self, percentile: int) -> float | None:
        """Return a percentile of the ages at open in hours; None when no profile of a user's own was opened."""
        if not self.ages_ms:
            return None
        ordered = sorted(self.ages_ms)
        return ordered[min(len(ordered) - 1, len(ordered) * percentile // 100)] / HOUR_MS

    def add(self, other: SegmentFigures) -> None:
        """Add another segment's sums."""
        self.user_count += other.user_count
        self.outcomes += other.outcomes
        self.calls += other.calls
        self.cost_micro_usd += other.cost_micro_usd
        self.opens += other.opens
        self.ages_ms += other.ages_ms
        self.breach_count += other.breach_count


@dataclass
class Figures:
    """What a configuration did to a trace."""

    start_ms: int
    end_ms: int
    segments: dict[str, SegmentFigures] = field(default_factory=dict)
    """By name, in the order in which they are tried."""
    by_minute: Counter[int] = field(default_factory=Counter)
    """Refreshes by minute since 1970."""

    @property
    def days(self) -> float:
        """How long the trace is; a minute at least."""
        return max(self.end_ms - self.start_ms, _MINUTE_MS) / DAY_MS

    @property
    def peak_per_minute(self) -> int:
        """Most refreshes that began in one minute."""
        return max(self.by_minute.values(), default=0)

    def total(self) -> SegmentFigures:
        """Return the sums over all segments."""
        return added(self.segments.values())


def added(figures: Iterable[SegmentFigures]) -> SegmentFigures:
    """Return the sums of several."""
    total = SegmentFigures()
    for one in figures:
        total.add(one)
    return total
