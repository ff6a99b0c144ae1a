"""What cadences serve at equal cost: as a table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from evaluations.foretelling import Interval, interval_text, named

_HEADINGS = (
    *("cost", "cadence", "refreshes a day", "fresh at open", "cadence - segments"),
    *("mean age, days", "p50", "p95"),
)


@dataclass(frozen=True)
class Row:
    """A cadence at a cost; intervals are of 95 %, by user.

    Attributes:
        method: The cadence.
        share: Its refreshes as a share of the segments', as it was set.
        refreshes_per_day: Of all users, over the days from the first session to the last.
        fresh_at_open: Share of opens that find a profile without a material change since.
        lead: The same minus that of the segments, paired by open; None where they do not cost the same.
        mean_age_days: Since the first material change that the profile lacks; 0 for a fresh one.
        age_days_p50: Its median.
        age_days_p95: What 95 % of opens do not exceed.
    """

    method: str
    share: float
    refreshes_per_day: float
    fresh_at_open: Interval
    lead: Interval | None
    mean_age_days: Interval
    age_days_p50: float
    age_days_p95: float

    def to_dict(self) -> dict[str, object]:
        """Return the row as the JSON output names it."""
        row: dict[str, object] = {
            "method": self.method,
            "cost_share": round(self.share, 3),
            "refreshes_per_day": round(self.refreshes_per_day, 4),
        }
        row |= named("fresh_at_open", self.fresh_at_open) | named("mean_age_days", self.mean_age_days)
        if self.lead is not None:
            row |= named("fresh_at_open_difference", self.lead)
        return row | {
            "age_days_p50": round(self.age_days_p50, 4),
            "age_days_p95": round(self.age_days_p95, 4),
        }

    def cells(self) -> list[str]:
        """Return the row's cells for a terminal."""
        return [
            f"{self.share:.0%}",
            self.method,
            f"{self.refreshes_per_day:.3f}",
            interval_text(self.fresh_at_open),
            "" if self.lead is None else interval_text(self.lead, "+"),
            "{:.2f} ({:.2f} to {:.2f})".format(*self.mean_age_days),
            f"{self.age_days_p50:.2f}",
            f"{self.age_days_p95:.1f}",
        ]


@dataclass(frozen=True)
class Report:
    """The outcome.

    Attributes:
        rows: By cost.
        users: Who came again.
        points: Opens.
        days: From the first session to the last.
        material: Distance from which on a change is material.
    """

    rows: Sequence[Row]
    users: int
    points: int
    days: int
    material: float

    def to_json(self) -> str:
        """Return the report as one line of JSON."""
        return json.dumps(
            {
                "rows": [row.to_dict() for row in self.rows],
                "users": self.users,
                "points": self.points,
                "days": self.days,
                "material_distance": self.material,
            },
            ensure_ascii=False,
        )

    def table(self) -> str:
        """Return the report as a table for a terminal."""
        lines = [list(_HEADINGS), *(row.cells() for row in self.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
        said = f"{self.points:,} opens of {self.users:,} users in {self.days:,} days; 95 % intervals by user"
        return "\n".join([said, *("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)])
