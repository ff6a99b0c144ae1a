"""What came of foretelling with profiles, for each data set and for all: as a table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from evaluations.bootstrap import draw, mean_interval
from evaluations.foretelling import Interval, Points, Scores, User, differences, interval_text, named

TITLE = "Cuts on every weekday; 95 % intervals by user"
_HEADINGS = ("method", "NDCG@5", "recall@3", "hit@3", "foreword - method: NDCG@5", "recall@3")


@dataclass(frozen=True)
class Row:
    """One method's measures, each with the bounds of its 95 % interval.

    Attributes:
        method: `foreword` or a baseline.
        ndcg_at_5: Mean gain of the first 5 topics in their order, as a share of the best order's.
        recall_at_3: Mean share of the next week's topics that are among the first 3.
        hit_at_3: Share of points where any of the first 3 topics occurs in the next week.
        ndcg_difference: `foreword` minus this method in ndcg_at_5, paired by point; None in foreword's own row.
        recall_difference: Likewise in recall_at_3.
    """

    method: str
    ndcg_at_5: Interval
    recall_at_3: Interval
    hit_at_3: Interval
    ndcg_difference: Interval | None
    recall_difference: Interval | None

    def to_dict(self) -> dict[str, object]:
        """Return the row as the JSON output names it."""
        row: dict[str, object] = {"method": self.method}
        row |= named("ndcg_at_5", self.ndcg_at_5) | named("recall_at_3", self.recall_at_3)
        row |= named("hit_at_3", self.hit_at_3)
        if self.ndcg_difference is not None and self.recall_difference is not None:
            row |= named("ndcg_at_5_difference", self.ndcg_difference)
            row |= named("recall_at_3_difference", self.recall_difference)
        return row

    def cells(self) -> list[str]:
        """Return the row's cells for a terminal."""
        leads = [interval_text(lead, "+") for lead in (self.ndcg_difference, self.recall_difference) if lead]
        measures = (self.ndcg_at_5, self.recall_at_3, self.hit_at_3)
        return [self.method, *map(interval_text, measures), *(leads or ["", ""])]


@dataclass(frozen=True)
class Part:
    """One data set, or all.

    Attributes:
        name: Of the data set.
        rows: The product's row first, then the baselines.
        users: Users with at least one point.
        points: Pairs of user and cut.
    """

    name: str
    rows: Sequence[Row]
    users: int
    points: int

    def to_dict(self) -> dict[str, object]:
        """Return the part as the JSON output has it."""
        return {"rows": [row.to_dict() for row in self.rows], "users": self.users, "points": self.points}


@dataclass(frozen=True)
class Report:
    """The outcome of an evaluation.

    Attributes:
        whole: Over all data sets.
        parts: Each data set.
        title: What was measured.
    """

    whole: Part
    parts: Sequence[Part]
    title: str = TITLE

    def to_json(self) -> str:
        """Return the report as one line of JSON: what holds of all, and `data_sets` with the same of each."""
        parts = [{"name": part.name} | part.to_dict() for part in self.parts]
        return json.dumps(self.whole.to_dict() | {"data_sets": parts}, ensure_ascii=False)

    def table(self) -> str:
        """Return the report as one table for a terminal."""
        shown = [*self.parts, *([self.whole] if len(self.parts) > 1 else [])]
        lines = [list(_HEADINGS), *(row.cells() for part in shown for row in part.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
        texts = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        said = [self.title, texts.pop(0)]
        for part in shown:
            said.append(f"{part.name}: {part.points:,} points of {part.users:,} users")
            said += [texts.pop(0) for _ in part.rows]
        return "\n".join(said)


def make_report(
    scores: Scores,
    methods: Sequence[str],
    data_sets: Mapping[str, Collection[int]],
    *,
    seed: int,
    bootstrap: int,
    title: str = TITLE,
) -> Report:
    """Return the rows of every data set and of all.

    Args:
        scores: How well each method foretold.
        methods: The product first.
        data_sets: The numbers of each one's files.
        seed: Of the resampling.
        bootstrap: How many resamples.
        title: What was measured.
    """
    users = list(scores.recalls[methods[0]])
    parts = []
    for name, files in data_sets.items():
        own = [user for user in users if user[0] in files]
        if own:
            parts.append(_part(name, scores, methods, own, draw(len(own), bootstrap, seed)))
    whole = _part("all", scores, methods, users, draw(len(users), bootstrap, seed))
    return Report(whole, parts, title)


def _part(
    name: str,
    scores: Scores,
    methods: Sequence[str],
    users: Sequence[User],
    resamples: Sequence[Sequence[int]],
) -> Part:
    def measured(points: Points, method: str) -> Interval:
        return mean_interval({user: points[method][user] for user in users}, resamples)

    def lead(points: Points, method: str) -> Interval | None:
        if method == methods[0]:
            return None
        ours = {user: points[methods[0]][user] for user in users}
        return mean_interval(differences(ours, points[method]), resamples)

    rows = [
        Row(
            method,
            measured(scores.ndcgs, method),
            measured(scores.recalls, method),
            measured(scores.hits, method),
            lead(scores.ndcgs, method),
            lead(scores.recalls, method),
        )
        for method in methods
    ]
    points = sum(len(scores.recalls[methods[0]][user]) for user in users)
    return Part(name, rows, len(users), points)
