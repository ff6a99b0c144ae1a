"""A table in a text file: delimiter and typed headers recognised, rows counted."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from foreword.errors import FieldError
from foreword.importers.byte_file import ByteFile

# RecBole writes `name:type` into headers; values of these types are lists separated by spaces.
_TYPES = frozenset({"token", "token_seq", "float", "float_seq"})
_LIST_TYPES = frozenset({"token_seq", "float_seq"})


class Header(NamedTuple):
    """The first row of a table."""

    names: list[str]
    """Column names, without types."""
    lists: frozenset[str]
    """Columns whose type says that their values are separated by spaces."""


class Records(NamedTuple):
    """An open table."""

    header: Header
    rows: Iterator[list[str] | str]
    """Cells of each row after the header; a text says why a row cannot be read."""


@contextmanager
def open_table(file: ByteFile) -> Iterator[Records]:
    """Open a table separated by tabs or commas, whichever its header has.

    Raises:
        FieldError: The file cannot be read, or has no header.
    """
    with file.open() as content:
        # A row that is not UTF-8 is refused by itself, so decoding must not end the file.
        text = io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline="")
        try:
            first = text.readline()
            delimiter = "\t" if "\t" in first else ","
            header = _header(next(csv.reader([first], delimiter=delimiter), []), file.path)
            yield Records(header, _rows(text, delimiter))
        finally:
            text.detach()


def _header(cells: list[str], path: Path) -> Header:
    names, lists = [], set()
    for cell in cells:
        name, colon, kind = cell.strip().rpartition(":")
        is_typed = bool(colon) and kind in _TYPES
        names.append(name if is_typed else cell.strip())
        if is_typed and kind in _LIST_TYPES:
            lists.add(name)
    if not any(names):
        raise FieldError(str(path), "no header", "a first row with the names of the columns")
    return Header(names, frozenset(lists))


def _rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[list[str] | str]:
    reader = csv.reader(text, delimiter=delimiter)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            yield f"not a row of a table: {exc}"
