"""What the evaluation of texts found, for people and for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evaluations.foretelling import Interval, interval_text, named
from evaluations.next_file import ModelRow, lines

METRICS = ("ndcg_at_5", "hit_at_5", "named", "tell_apart", "rank")
OTHERS = 19
"""A user's own text among those of so many others: by chance it fits best once in twenty."""


@dataclass
class Texts:
    """What was counted of the product's texts.

    Attributes:
        users: Users who did anything.
        users_with_text: Of them, those with a text at the end.
        known_users: Users with at least `cold_start.events_min` events, at the end.
        known_users_with_text: Of them, those with a text at the end.
        written: Different texts of a user.
        lines: Lines in them, without the first.
        faults: Sentences that are `contradicted` by the raw counts, `useless`, or `unread` because no form fits them.
        refreshed_without_news: Texts written again a day later, without any event in between.
        changed_without_news: Of them, those with other bytes.
    """

    users: int = 0
    users_with_text: int = 0
    known_users: int = 0
    known_users_with_text: int = 0
    written: int = 0
    lines: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    refreshed_without_news: int = 0
    changed_without_news: int = 0

    def to_dict(self) -> dict[str, int]:
        """Return the counts as the JSON output names them."""
        faults = {f"{fault}_sentences": self.faults[fault] for fault in ("contradicted", "useless", "unread")}
        counts = {name: value for name, value in vars(self).items() if name != "faults"}
        return counts | faults


@dataclass(frozen=True)
class Row:
    """One method within one budget.

    Attributes:
        method: `foreword` or a baseline.
        tokens: The budget.
        metrics: Each metric's mean with its 95 % interval.
        differences: `foreword` minus this method, paired by point; empty in its own rows.
    """

    method: str
    tokens: int
    metrics: Mapping[str, Interval]
    differences: Mapping[str, Interval]

    def to_dict(self) -> dict[str, object]:
        """Return the row as the JSON output names it."""
        row: dict[str, object] = {"method": self.method, "tokens": self.tokens}
        for metric, values in self.metrics.items():
            row |= named(metric, values)
        for metric, values in self.differences.items():
            row |= named(f"{metric}_difference", values)
        return row


@dataclass(frozen=True)
class Report:
    """The outcome of the evaluation.

    Attributes:
        rows: The product's rows first, the largest budget before the others.
        users: Users with at least one point.
        points: Pairs of user and weekly cut.
        texts: What was counted of the product's texts.
        model_rows: What a small model made of them; empty without one.
        model_users: How many users it was asked about.
    """

    rows: Sequence[Row]
    users: int
    points: int
    texts: Texts
    model_rows: Sequence[ModelRow] = ()
    model_users: int = 0

    def to_json(self) -> str:
        """Return the report as one line of JSON."""
        found: dict[str, object] = {"rows": [row.to_dict() for row in self.rows]}
        found |= {"users": self.users, "points": self.points, "texts": self.texts.to_dict()}
        if self.model_rows:
            rows = [row.to_dict() for row in self.model_rows]
            found["small_model"] = {"rows": rows, "users": self.model_users}
        return json.dumps(found)

    def table(self) -> str:
        """Return the report as tables for a terminal."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.points} points of {self.users} users; 95 % intervals by user"
        yield f"{'method':<17} {'tokens':>6}  {'NDCG@5':<22} {'hit@5':>6} {'named':>6}  foreword - method (NDCG@5)"
        for row in self.rows:
            ndcg, hit, share = (row.metrics[metric] for metric in METRICS[:3])
            gap = interval_text(row.differences["ndcg_at_5"], "+") if row.differences else ""
            line = f"{row.method:<17} {row.tokens:>6}  {interval_text(ndcg):<22} {hit[0]:>6.3f} {share[0]:>6.3f}  {gap}"
            yield line.rstrip()
        told = [row for row in self.rows if "tell_apart" in row.metrics]
        if told:
            yield f"own text fits the user's next week best of {OTHERS + 1}; by chance 0.050, mean rank 10.5"
        for row in told:
            gap = interval_text(row.differences["tell_apart"], "+") if row.differences else ""
            best, rank = row.metrics["tell_apart"], row.metrics["rank"][0]
            yield f"{row.method:<17} {row.tokens:>6}  {interval_text(best):<22} rank {rank:>4.1f}  {gap}".rstrip()
        yield from (f"{name.replace('_', ' ')}: {count:,}" for name, count in self.texts.to_dict().items())
        if self.model_rows:
            yield from lines(self.model_rows, self.model_users)
