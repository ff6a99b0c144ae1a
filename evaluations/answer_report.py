"""What each way to find a stored answer served rightly and wrongly, by kind of pair: as a table, and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluations.foretelling import Interval, named
from evaluations.question_pairs import Pair

# Of the normal distribution: 95 % lie within so many deviations.
_DEVIATIONS = 1.959964
_METRICS = {"should_hits": "served", "traps": "traps_wrong"}


@dataclass(frozen=True)
class Count:
    """Pairs of one kind, and how many of them were served.

    Attributes:
        served: Served with the stored answer.
        pairs: All of them; at least one.
    """

    served: int
    pairs: int

    def interval(self) -> Interval:
        """Return the share that was served, and the bounds of its 95 % interval (Wilson 1927, without correction)."""
        share, square = self.served / self.pairs, _DEVIATIONS**2
        middle = (share + square / (2 * self.pairs)) / (1 + square / self.pairs)
        spread = share * (1 - share) / self.pairs + square / (4 * self.pairs**2)
        half = _DEVIATIONS * math.sqrt(spread) / (1 + square / self.pairs)
        # At both ends rounding puts the bound beside the share.
        return share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))

    def to_dict(self) -> dict[str, object]:
        """Return the count as the JSON output has it."""
        return {"served": self.served, "pairs": self.pairs, **named("share", self.interval())}

    def text(self) -> str:
        """Return the count for people."""
        share, low, high = (100 * value for value in self.interval())
        return f"{share:.1f}% ({low:.0f} to {high:.0f})"


@dataclass(frozen=True)
class AnswerReport:
    """The outcome of an evaluation.

    Attributes:
        rows: By method, then by kind of pair: the `should_hits` and `traps` as wholes first, then each category as
            `same: …` or `other: …`.
        notes: What to know beside it, a sentence each.
    """

    rows: Mapping[str, Mapping[str, Count]]
    notes: Sequence[str]

    def to_json(self) -> str:
        """Return the report as one line of JSON: shares, their bounds, and the counts of each category."""
        rows = [_row(method, counts) for method, counts in self.rows.items()]
        whole = next(iter(self.rows.values()))
        points = sum(count.pairs for kind, count in whole.items() if kind in _METRICS)
        return json.dumps(
            {"rows": rows, "users": 0, "points": points, "notes": list(self.notes)}, ensure_ascii=False
        )

    def table(self) -> str:
        """Return the report as a table for a terminal: a method a line, a kind of pair a column."""
        counts = next(iter(self.rows.values()))
        heading = ["method", *(_heading(kind, count) for kind, count in counts.items())]
        lines = [
            heading,
            *([method, *(each.text() for each in own.values())] for method, own in self.rows.items()),
        ]
        widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
        texts = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        return "\n".join(["Served with the stored answer; 95 % intervals (Wilson)", *texts, *self.notes])


def make_report(
    pairs: Sequence[Pair], served: Mapping[str, Sequence[bool]], notes: Sequence[str]
) -> AnswerReport:
    """Count what was served.

    Args:
        pairs: The pairs.
        served: By method, for each of the pairs whether it was served.
        notes: What to know beside it.
    """
    kinds = {"should_hits": (True, None), "traps": (False, None)} | {
        f"{'same' if pair.is_same else 'other'}: {pair.category}": (pair.is_same, pair.category)
        for pair in sorted(pairs, key=lambda pair: (not pair.is_same, pair.category))
        if pair.category
    }
    rows: dict[str, dict[str, Count]] = {}
    for method, verdicts in served.items():
        for kind, (is_same, category) in kinds.items():
            own = [
                verdict
                for pair, verdict in zip(pairs, verdicts, strict=True)
                if pair.is_same == is_same and category in (None, pair.category)
            ]
            if own:
                rows.setdefault(method, {})[kind] = Count(sum(own), len(own))
    return AnswerReport(rows, notes)


def _row(method: str, counts: Mapping[str, Count]) -> dict[str, object]:
    row: dict[str, object] = {"method": method}
    for kind, metric in _METRICS.items():
        if kind in counts:
            row |= named(metric, counts[kind].interval())
    kinds = {kind: count.to_dict() for kind, count in counts.items() if kind not in _METRICS}
    return row | {"categories": kinds}


def _heading(kind: str, count: Count) -> str:
    name = {"should_hits": "should-hits", "traps": "traps, wrongly"}.get(kind, kind.partition(": ")[2])
    return f"{name} ({count.pairs:,})"
