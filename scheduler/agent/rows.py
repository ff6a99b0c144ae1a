"""Rows of a message's list: some dropped, or all replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Row = TypeVar("Row", bound=Any)


def drop(rows: Any, is_dropped: Callable[[Any], bool]) -> None:
    """Remove the rows of which something is true; the others stay where they are, byte for byte."""
    for place in reversed(range(len(rows))):
        if is_dropped(rows[place]):
            del rows[place]


def replace_rows(rows: Any, kept: Sequence[Row]) -> None:
    """Put other rows in the place of all; copied first, since some of them live in `rows`."""
    copies = []
    for row in kept:
        copy = type(row)()
        copy.CopyFrom(row)
        copies.append(copy)
    del rows[:]
    rows.extend(copies)
