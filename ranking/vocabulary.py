"""Values of one field, such as the ids of actions or the names of topics, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from foreword.clock import DAY_MS
from ranking.files import in_turns

UNKNOWN = 0
"""The row of every value that has none of its own: rare, expired, or never seen in training."""


class Seen(NamedTuple):
    """How often a value came, and when last."""

    times: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class VocabularyRules:
    """Which values get a row of their own.

    Attributes:
        count_min: Seen fewer times, a value shares the unknown row. 2, so that what comes once costs no memory
            for ever; what is known of it from its content stays.
        expiry_days: Not seen for so long, a value leaves at the next training. A season and a half: what comes
            back every quarter stays.
        values_max: At most so many, the most frequent; a row takes some 100 bytes, and its neighbours a kilobyte more,
            so that a field takes 100 MB at the most.
    """

    count_min: int = 2
    expiry_days: int = 140
    values_max: int = 100_000


class Vocabulary:
    """Rows of the values of one field; row 0 is for all others. Immutable.

    Args:
        values: In the order of their rows, from row 1 on; all different.
    """

    __slots__ = ("_rows", "values")

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.values = tuple(values)
        self._rows = {value: row for row, value in enumerate(in_turns(self.values), start=1)}

    def __len__(self) -> int:
        """Return the number of rows, with the unknown one."""
        return len(self.values) + 1

    def row(self, value: str) -> int:
        """Return the row of a value; 0 when it has none."""
        return self._rows.get(value, UNKNOWN)

    def value(self, row: int) -> str:
        """Return the value of a row; an empty one for row 0."""
        return self.values[row - 1] if row else ""


def build_vocabulary(seen: Mapping[str, Seen], rules: VocabularyRules, now_ms: int) -> Vocabulary:
    """Return the values that earn a row, the most frequent first, equal ones in their own order."""
    oldest_ms = now_ms - rules.expiry_days * DAY_MS
    kept = [
        (-found.times, value)
        for value, found in seen.items()
        if found.times >= rules.count_min and found.last_ms >= oldest_ms
    ]
    return Vocabulary(value for _, value in sorted(kept)[: rules.values_max])
