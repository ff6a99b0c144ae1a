"""What each method foretold, chose and found: as a table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluations.foretelling import Interval, interval_text, named
from evaluations.ranking.measures import Floats, interval_of

PRODUCT = "foreword"
TITLE = "Predicted, then learned; 95 % intervals by user"
# What each measure is for people. Of the losses less is better.
_HEADINGS = {
    "auc": "AUC",
    "logloss": "logloss",
    "auc_second_half": "own 2nd half: AUC",
    "logloss_second_half": "own 2nd half: logloss",
    "reward": "bandit reward",
    "ndcg_at_10": "NDCG@10",
    "mrr": "MRR",
}
USERS_MIN = 50
"""An interval by user that is made of fewer is too narrow (Cameron and Miller 2015, of some 50 clusters)."""


@dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        method: `foreword`, a way to run it, or a rival.
        measures: By name, each with the bounds of its interval.
        differences: `foreword` minus this method, paired by user; empty in its own row, and without it.
    """

    method: str
    measures: Mapping[str, Interval]
    differences: Mapping[str, Interval] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """Return the row as the JSON output has it."""
        row: dict[str, object] = {"method": self.method}
        for name, interval in self.measures.items():
            row |= named(name, interval)
        for name, interval in self.differences.items():
            row |= named(f"{name}_difference", interval)
        return row


@dataclass(frozen=True)
class Report:
    """The outcome of an evaluation.

    Attributes:
        rows: The methods, the product first.
        users: Whose points there are.
        points: What was foretold.
        notes: What to know beside it, a sentence each.
    """

    rows: Sequence[Row]
    users: int
    points: int
    notes: Sequence[str] = ()

    def to_json(self) -> str:
        """Return the report as one line of JSON."""
        rows = [row.to_dict() for row in self.rows]
        report = {"rows": rows, "users": self.users, "points": self.points, "notes": list(self.notes)}
        return json.dumps(report, ensure_ascii=False)

    def table(self) -> str:
        """Return the report for a terminal: the measures, then how far `foreword` is ahead."""
        said = [
            f"{TITLE}: {self.points:,} points of {self.users:,} users",
            *_table("method", self._measures(), ""),
        ]
        if leads := {row.method: row.differences for row in self.rows if row.differences}:
            said += ["", *_table(f"{PRODUCT} - method", leads, "+")]
        return "\n".join([*said, *self.notes])

    def _measures(self) -> dict[str, Mapping[str, Interval]]:
        return {row.method: row.measures for row in self.rows}


def make_report(
    values: Mapping[str, Mapping[str, Floats]], users: int, points: int, notes: Sequence[str]
) -> Report:
    """Return the rows of all methods.

    Args:
        values: By method and measure, the value for all users, and then one for each resample of them.
        users: How many users there are.
        points: How many points.
        notes: What to know beside it.
    """
    ours = values.get(PRODUCT, {})
    rows = []
    for method, measures in values.items():
        leads = {
            name: ours[name] - own for name, own in measures.items() if name in ours and method != PRODUCT
        }
        rows.append(Row(method, _intervals(measures), _intervals(leads)))
    return Report(rows, users, points, [*notes, *_few(users)])


def _few(users: int) -> list[str]:
    if users >= USERS_MIN:
        return []
    return [
        f"{users} users: too few people to show a personal gain; intervals of fewer than {USERS_MIN} are too narrow."
    ]


def _intervals(values: Mapping[str, Floats]) -> dict[str, Interval]:
    found = {name: interval_of(own) for name, own in values.items()}
    return {name: interval for name, interval in found.items() if interval is not None}


def _table(title: str, rows: Mapping[str, Mapping[str, Interval]], sign: str) -> list[str]:
    names = [name for name in _HEADINGS if any(name in row for row in rows.values())]
    lines = [[title, *(_HEADINGS[name] for name in names)]]
    for method, row in rows.items():
        lines.append([method, *(interval_text(row[name], sign) if name in row else "" for name in names)])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
