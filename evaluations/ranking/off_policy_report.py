"""Estimates of a policy beside what it earned: as a table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ranking.off_policy import Estimated, Interval

_HEADINGS = ("method", "reward", "minus its own log's", "error, simulated", "intervals that hold, simulated")


@dataclass(frozen=True)
class Row:
    """A method; intervals are of 95 %.

    Attributes:
        method: `ips`, `snips`, `clipped` or `dr`.
        reward: What it estimates the policy to earn by each row.
        difference: The same minus what the policy's own log says, over resamples of both logs.
        simulated_error: Its mean error on made-up logs, in which the truth is known.
        simulated_held: The share of its intervals that hold the truth there.
    """

    method: str
    reward: Interval
    difference: Interval
    simulated_error: float
    simulated_held: float

    def to_dict(self) -> dict[str, object]:
        """Return the row as the JSON output names it."""
        return {
            "method": self.method,
            **_named("reward", self.reward),
            **_named("difference", self.difference),
            "simulated_error": round(self.simulated_error, 6),
            "simulated_held": round(self.simulated_held, 4),
        }

    def cells(self) -> list[str]:
        """Return the row's cells for a terminal."""
        return [
            self.method,
            _text(self.reward),
            _text(self.difference, "+"),
            f"{self.simulated_error:+.5f}",
            f"{self.simulated_held:.1%}",
        ]


@dataclass(frozen=True)
class Report:
    """The outcome.

    Attributes:
        rows: By method.
        found: The estimate itself.
        own: What the policy earned in its own log.
        own_records: Rows of that.
        draws: How many made-up logs there were.
    """

    rows: Sequence[Row]
    found: Estimated
    own: Interval
    own_records: int
    draws: int

    def to_json(self) -> str:
        """Return the report as one line of JSON."""
        return json.dumps(
            {
                "rows": [
                    {"method": "logged", **_named("reward", self.found.logged)},
                    {"method": "policy", **_named("reward", self.own)},
                    *(row.to_dict() for row in self.rows),
                ],
                "users": self.found.users,
                "points": self.found.records,
                "policy_points": self.own_records,
                "effective_sample_size": round(self.found.effective, 1),
                **_named("weight", self.found.weight),
                "floored": self.found.floored,
                "clipped": self.found.clipped,
                "clip": round(self.found.clip, 2),
                "verdict": str(self.found.verdict),
                "simulated_logs": self.draws,
            },
            ensure_ascii=False,
        )

    def table(self) -> str:
        """Return the report as a table for a terminal."""
        found = self.found
        lines = [
            list(_HEADINGS),
            ["as logged", _text(found.logged), "", "", ""],
            ["policy's own log", _text(self.own), "", "", ""],
            *(row.cells() for row in self.rows),
        ]
        widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
        said = (
            f"{found.records:,} rows logged, {self.own_records:,} of the policy; effective sample size "
            f"{found.effective:,.0f}; mean weight {_text(found.weight)}; {found.floored:,} below the floor, "
            f"{found.clipped:,} clipped at {found.clip:.0f}; {self.draws:,} made-up logs"
        )
        body = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        return "\n".join([said, *body, f"{str(found.verdict)[0].upper()}{str(found.verdict)[1:]}."])


def _named(metric: str, values: Interval) -> dict[str, float]:
    value, low, high = (round(each, 6) for each in values)
    return {metric: value, f"{metric}_low": low, f"{metric}_high": high}


def _text(values: Interval, sign: str = "") -> str:
    # Rates of clicks are some thousandths.
    return "{:{s}.4f} ({:{s}.4f} to {:{s}.4f})".format(*values, s=sign)
