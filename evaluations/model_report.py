"""Candidates side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluations.agreement import agreement
from evaluations.bootstrap import draw, mean_interval
from evaluations.foretelling import Interval, Scores, User, differences, interval_text, named
from evaluations.tally import Tally

Sayings = Mapping[User, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class ModelRow:
    """One candidate's measures.

    Attributes:
        method: The candidate's name.
        tally: What came of its questions.
        sayings: Beliefs and goals that hold of a user at the end, a mean.
        agreement: Mean over users of |A ∩ B| / |A ∪ B| of its and the first candidate's beliefs, by subject, and
            goals; None in the first row, and where nobody says anything.
        hit_at_3: Share of points where any of the profile's 3 likeliest topics occurs in the next week.
        recall_at_3: Mean share of the next week's topics that are among these.
        difference: This candidate minus the first in recall_at_3, paired by point; None in the first row.
    """

    method: str
    tally: Tally
    sayings: float
    agreement: Interval | None
    hit_at_3: Interval
    recall_at_3: Interval
    difference: Interval | None

    def to_dict(self) -> dict[str, object]:
        """Return the row as the JSON output names it."""
        row: dict[str, object] = {"method": self.method, **self.tally.to_dict()}
        row["beliefs_and_goals"] = round(self.sayings, 2)
        if self.agreement is not None:
            row |= named("agreement", self.agreement)
        row |= named("hit_at_3", self.hit_at_3) | named("recall_at_3", self.recall_at_3)
        if self.difference is not None:
            row |= named("recall_at_3_difference", self.difference)
        return row


@dataclass(frozen=True)
class ModelReport:
    """The outcome of a comparison.

    Attributes:
        rows: One for each candidate, in their order.
        users: Users of whom profiles were written.
        points: Pairs of user and weekly cut at which something was foretold.
    """

    rows: Sequence[ModelRow]
    users: int
    points: int

    def to_json(self) -> str:
        """Return the report as one line of JSON."""
        rows = [row.to_dict() for row in self.rows]
        return json.dumps({"rows": rows, "users": self.users, "points": self.points}, ensure_ascii=False)

    def table(self) -> str:
        """Return the report as a table for a terminal: a measure a line, a candidate a column."""
        first = self.rows[0].method
        heading = f"{self.users} users, {self.points} points; 95 % intervals by user; compared with {first}"
        lines = [["", *(row.method for row in self.rows)], *_lines(self.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        cells = (
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
        return "\n".join([heading, *cells])


def make_report(
    names: Sequence[str],
    tallies: Mapping[str, Tally],
    scores: Scores,
    said: Mapping[str, Sayings],
    *,
    seed: int,
    bootstrap: int,
) -> ModelReport:
    """Return the candidates' rows; the others are compared with the first.

    Args:
        names: The candidates, in order.
        tallies: What came of their questions.
        scores: How well their profiles foretold.
        said: What their last profiles say of each user.
        seed: Of the resampling.
        bootstrap: How many resamples.
    """
    first = names[0]
    # In one order of users for all, since resamples are of places, and answers come in any order.
    users = sorted(scores.recalls[first])
    resamples = draw(len(users), bootstrap, seed)
    rows = []
    for name in names:
        hits = {user: scores.hits[name][user] for user in users}
        recalls = {user: scores.recalls[name][user] for user in users}
        rows.append(
            ModelRow(
                name,
                tallies[name],
                sum(map(len, said[name].values())) / len(said[name]),
                _agreement(said[name], said[first], bootstrap, seed) if name != first else None,
                mean_interval(hits, resamples),
                mean_interval(recalls, resamples),
                mean_interval(differences(recalls, scores.recalls[first]), resamples)
                if name != first
                else None,
            )
        )
    points = sum(map(len, scores.recalls[first].values()))
    return ModelReport(rows, users=len(said[first]), points=points)


def _agreement(own: Sayings, first: Sayings, bootstrap: int, seed: int) -> Interval | None:
    shares = {user: agreement(own[user], first[user]) for user in sorted(first)}
    known = {user: [share] for user, share in shares.items() if share is not None}
    return mean_interval(known, draw(len(known), bootstrap, seed)) if known else None


def _lines(rows: Sequence[ModelRow]) -> list[list[str]]:
    """Return the measures as lines of cells, the first of each its name."""

    def line(name: str, cells: Sequence[str]) -> list[str]:
        return [name, *cells]

    tallies = [row.tally for row in rows]
    kinds = sorted({kind for tally in tallies for kind in tally.refused_operations})
    return [
        line("refreshes with a model", [f"{tally.refreshes}" for tally in tallies]),
        line("answer usable at first", [_share(tally, tally.usable_first) for tally in tallies]),
        line("  … or when mended", [_share(tally, tally.usable) for tally in tallies]),
        line("declined by the model", [_share(tally, tally.refused) for tally in tallies]),
        line("cut off", [_share(tally, tally.truncated) for tally in tallies]),
        line("no answer", [_share(tally, tally.failed) for tally in tallies]),
        line("operations a refresh", [_mean(tally, tally.proposed) for tally in tallies]),
        line("  applied", [_mean(tally, tally.applied) for tally in tallies]),
        *(
            line(f"  refused: {kind}", [_mean(tally, tally.refused_operations[kind]) for tally in tallies])
            for kind in kinds
        ),
        line("tokens read a refresh", [_mean(tally, tally.read_tokens, 0) for tally in tallies]),
        line("  from the prompt cache", [f"{tally.cache_share:.0%}" for tally in tallies]),
        line("tokens written", [_mean(tally, tally.usage.output_tokens, 0) for tally in tallies]),
        line("micro-USD a refresh", [_mean(tally, tally.cost_pico_usd / 1e6) for tally in tallies]),
        line("beliefs and goals", [f"{row.sayings:.1f}" for row in rows]),
        line("  agreement", [interval_text(row.agreement) if row.agreement else "" for row in rows]),
        line("hit@3", [interval_text(row.hit_at_3) for row in rows]),
        line("recall@3", [interval_text(row.recall_at_3) for row in rows]),
        line("  difference", [interval_text(row.difference, "+") if row.difference else "" for row in rows]),
    ]


def _share(tally: Tally, count: int) -> str:
    return f"{tally.share(count):.1%}" if tally.refreshes else "-"


def _mean(tally: Tally, total: float, digits: int = 2) -> str:
    return f"{total / tally.refreshes:,.{digits}f}" if tally.refreshes else "-"
