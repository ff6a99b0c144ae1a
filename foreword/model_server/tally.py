"""The server's own count of what it answered: exact, whoever got to hear it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from foreword.model_server.usage import Tier, Usage

Outcome: TypeAlias = Literal["answered", "unheard", "refused", "failed"]
"""answered: the whole answer went out. unheard: it was made and is counted, but was cut off or lost on its way.
refused: a 4xx, 429 among them. failed: a 5xx. The last two cost nothing."""

MINUTE_MS = 60_000
# What the report of a day at a time can ask for; older minutes are in the totals only.
_MINUTES_MAX = 31 * 24 * 60


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    usage: Usage = field(default_factory=Usage)

    def add(self, usage: Usage) -> None:
        self.calls += 1
        self.usage += usage


class Tally:
    """Tokens by model and tier, in all and by minute; outcomes of calls; faults that were put in; batches.

    Attributes:
        outcomes: Calls by what became of them.
        faults: How often each fault was put in.
        batches_created: Batches taken, also those whose creation was answered with an error.
        batch_rows: Rows of batches by their result.
    """

    def __init__(self) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.faults: Counter[str] = Counter()
        self.batches_created = 0
        self.batch_rows: Counter[str] = Counter()
        self._totals: defaultdict[tuple[str, Tier], _Sum] = defaultdict(_Sum)
        self._minutes: dict[int, defaultdict[tuple[str, Tier], _Sum]] = {}

    def add(self, model: str, tier: Tier, usage: Usage, now_ms: int) -> None:
        """Count an answer that was made."""
        self._totals[model, tier].add(usage)
        minute = now_ms // MINUTE_MS
        if minute not in self._minutes:
            self._minutes[minute] = defaultdict(_Sum)
            if len(self._minutes) > _MINUTES_MAX:
                del self._minutes[next(iter(self._minutes))]
        self._minutes[minute][model, tier].add(usage)

    def between(self, start_ms: int, end_ms: int) -> Iterator[tuple[int, str, Tier, Usage]]:
        """Yield the start of a minute in ms, model, tier and usage of all minutes that begin in a span."""
        for minute, sums in self._minutes.items():
            if start_ms <= minute * MINUTE_MS < end_ms:
                for (model, tier), total in sums.items():
                    yield minute * MINUTE_MS, model, tier, total.usage

    def as_json(self) -> dict[str, Any]:
        """Return all of it, as `GET /count` answers."""
        return {
            "tokens": [_row(model, tier, total) for (model, tier), total in sorted(self._totals.items())],
            "outcomes": dict(sorted(self.outcomes.items())),
            "faults": dict(sorted(self.faults.items())),
            "batches": {"created": self.batches_created, "rows": dict(sorted(self.batch_rows.items()))},
        }


def _row(model: str, tier: Tier, total: _Sum) -> dict[str, Any]:
    return {
        "model": model,
        "tier": tier,
        "calls": total.calls,
        "input_tokens": total.usage.input_tokens,
        "cache_write_tokens": total.usage.cache_write_tokens,
        "cache_read_tokens": total.usage.cache_read_tokens,
        "output_tokens": total.usage.output_tokens,
    }
