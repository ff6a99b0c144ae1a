"""A log of items shown at places, with how probable each was, in the columns of the Open Bandit Dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foreword.errors import FieldError
from foreword.importers.byte_source import bytes_at
from foreword.importers.table import Table

Doubles: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.intp]

_COLUMNS = (("item_id",), ("position",), ("click", "reward"), ("propensity_score", "propensity"))
# Each row takes some 200 bytes while it is read, and is resampled a thousand times.
_ROWS_MAX = 5_000_000


class BanditLog(NamedTuple):
    """What one policy showed; an entry for each row.

    Attributes:
        items: Which item, a number.
        places: At which place, a number.
        rewards: What came of it: 1 for a click.
        propensities: How probable the item was at this place.
        shape: How many places and items there are, in all files read together.
    """

    items: Indexes
    places: Indexes
    rewards: Doubles
    propensities: Doubles
    shape: tuple[int, int]

    def rows(self, chosen: Indexes | NDArray[np.bool_]) -> BanditLog:
        """Return some of the rows, or one of them several times."""
        return BanditLog(
            self.items[chosen],
            self.places[chosen],
            self.rewards[chosen],
            self.propensities[chosen],
            self.shape,
        )

    def per_cell(self, weights: Doubles | None = None) -> Doubles:
        """Return how many rows there are for each place and item, or the sum of their weights. float64[shape]."""
        cells = self.places * self.shape[1] + self.items
        return np.bincount(cells, weights, minlength=math.prod(self.shape)).reshape(self.shape).astype(float)


def read_logs(files: Sequence[Path]) -> list[BanditLog]:
    """Return each CSV file's log, gzip by suffix; the same item and place have the same numbers in all.

    Raises:
        FieldError: A file cannot be read, or a row is none of a log; names file, line and field.
    """
    items: dict[str, int] = {}
    places: dict[str, int] = {}
    found = [list(zip(*_rows(file, items, places), strict=True)) for file in files]
    shape = len(places), len(items)
    return [_log(file, columns, shape) for file, columns in zip(files, found, strict=True)]


def _log(file: Path, columns: Sequence[Sequence[Any]], shape: tuple[int, int]) -> BanditLog:
    if not columns:
        raise FieldError(file.name, "no row", "at least one row after the header")
    items, places, rewards, propensities = columns
    return BanditLog(
        np.array(items, np.intp),
        np.array(places, np.intp),
        np.array(rewards, float),
        np.array(propensities, float),
        shape,
    )


def _rows(
    file: Path, items: dict[str, int], places: dict[str, int]
) -> Iterator[tuple[int, int, float, float]]:
    table = Table(bytes_at(file))
    names = table.header.names
    columns = [_column(file, names, wanted) for wanted in _COLUMNS]
    with table.open() as records:
        for number, record in enumerate(record for record in records if record.text.strip()):
            place = f"{file.name}:{record.line}"
            if number == _ROWS_MAX:
                raise FieldError(place, f"more than {_ROWS_MAX:,} rows", "fewer")
            if record.refusal or len(record.cells) != len(names):
                found = record.refusal or f"{len(record.cells)} columns"
                raise FieldError(place, found, f"{len(names)} columns, as in the header")
            item, position, reward, propensity = (record.cells[column].strip() for column in columns)
            yield (
                items.setdefault(item, len(items)),
                places.setdefault(position, len(places)),
                _number(f"{place}: reward", reward, "0 to 1"),
                _number(f"{place}: propensity", propensity, "more than 0, at most 1", above=0.0),
            )


def _column(file: Path, names: Sequence[str], wanted: Sequence[str]) -> int:
    for name in wanted:
        if name in names:
            return names.index(name)
    raise FieldError(f"{file.name}:1", f"columns {', '.join(names)}", f"one of {', '.join(wanted)}")


def _number(place: str, text: str, allowed: str, above: float = -1.0) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 <= value <= 1 and value > above):
        raise FieldError(place, repr(text[:80]), allowed)
    return value
