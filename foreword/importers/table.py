"""A table in a text file: delimiter and typed headers recognised, lines counted, rows kept as they stand."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple

from foreword.errors import FieldError
from foreword.importers.byte_file import HEAD_BYTES_MAX
from foreword.importers.byte_source import ByteSource
from foreword.importers.delimiter import delimiter_of

# An event at all its limits takes about 20 kB; a quotation mark that is never closed must not take the rest of a file.
ROW_CHARACTERS_MAX = 1 << 20
# RecBole writes `name:type` into headers; values of these types are lists separated by spaces.
_TYPES = frozenset({"token", "token_seq", "float", "float_seq"})
_LIST_TYPES = frozenset({"token_seq", "float_seq"})


class Header(NamedTuple):
    """The first row of a table."""

    names: list[str]
    """Column names, without types."""
    lists: frozenset[str]
    """Columns whose type says that their values are separated by spaces."""


class Record(NamedTuple):
    """One row of a table."""

    line: int
    """The first line it stands on, from one, as an editor counts."""
    cells: list[str]
    """Empty when the row cannot be read, or nothing stands on the line."""
    refusal: str
    """Why it cannot be read; empty when it can."""
    text: str
    """The row as it stands, quotation marks and all."""


class Table:
    """A table, separated by what its first lines say or by what is given.

    Args:
        source: Where it stands.
        delimiter: One character; None looks at the first lines.

    Attributes:
        header: Its first row.

    Raises:
        FieldError: It cannot be read, or has no header.
    """

    def __init__(self, source: ByteSource, delimiter: str | None = None) -> None:
        self._source = source
        head = source.head()
        sample = _text(io.BytesIO(head)).read()
        self._delimiter = delimiter or delimiter_of(sample)
        first = _first(_records(_text(io.BytesIO(head)), self._delimiter))
        if len(head) == HEAD_BYTES_MAX and len(first.text) >= len(sample.strip()):
            raise FieldError(source.place, f"a header over {HEAD_BYTES_MAX} bytes", "a shorter first row")
        self.header = _header(first, source.place)

    @contextmanager
    def open(self) -> Iterator[Iterator[Record]]:
        """Open it for reading the rows after the header."""
        with self._source.open() as content:
            text = _text(content)
            try:
                records = _records(text, self._delimiter)
                _first(records)
                yield records
            finally:
                text.detach()


class _Lines:
    """The lines of a text, counted, and held until the row they make up is taken."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._number = 1
        self._held: list[str] = []
        self._held_characters = 0
        self._returned: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._returned.pop() if self._returned else self._read()
        if not line:
            raise StopIteration
        self._held.append(line)
        self._held_characters += len(line)
        if self._held_characters >= ROW_CHARACTERS_MAX:
            raise FieldError("row", f"{ROW_CHARACTERS_MAX:,} characters or more", "fewer")
        return line

    @property
    def count(self) -> int:
        """How many are held."""
        return len(self._held)

    def keep_first(self) -> str:
        """Hold the first line alone, and return it; the others come again."""
        self._returned += reversed(self._held[1:])
        del self._held[1:]
        return self._held[0]

    def held(self) -> str:
        """Return what is held."""
        return "".join(self._held)

    def take(self) -> tuple[int, str]:
        """Return the number of the first line held and the lines' text, and let them go."""
        number, text = self._number, self.held().rstrip("\r\n")
        self._number += len(self._held)
        self._held.clear()
        self._held_characters = 0
        return number, text if text.isascii() else text.encode("utf-8", "surrogateescape").decode(
            "utf-8", "replace"
        )

    def _read(self) -> str:
        """Return the next line; one over the limit is cut there, and its rest skipped."""
        line = part = self._text.readline(ROW_CHARACTERS_MAX)
        while len(part) == ROW_CHARACTERS_MAX and part[-1] not in "\r\n":
            part = self._text.readline(ROW_CHARACTERS_MAX)
        return line


def _text(content: IO[bytes]) -> io.TextIOWrapper:
    # A row that is not UTF-8 is refused by itself, so decoding must not end the file.
    return io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _records(text: io.TextIOWrapper, delimiter: str) -> Iterator[Record]:
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        cells, refusal = [], ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            refusal = f"row: found {exc}; allowed: a row of a table"
        except FieldError as exc:
            refusal = exc.message
        if lines.count > 1 and (refusal or not _is_sound(lines.held(), delimiter)):
            # A quotation mark that nothing closes as it should is a part of the text: an inch, not the rows after it.
            cells, refusal = next(csv.reader([lines.keep_first()], delimiter=delimiter)), ""
        line, raw = lines.take()
        yield Record(line, cells, refusal, raw)


def _is_sound(text: str, delimiter: str) -> bool:
    """Return whether each quotation mark that opens a cell is closed at the cell's end."""
    try:
        list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return True


def _first(records: Iterator[Record]) -> Record:
    """Return the first row on which something stands."""
    return next((record for record in records if record.text.strip()), Record(1, [], "", ""))


def _header(row: Record, place: str) -> Header:
    names, lists = [], set()
    for cell in row.cells:
        name, colon, kind = cell.strip().rpartition(":")
        is_typed = bool(colon) and kind in _TYPES
        names.append(name if is_typed else cell.strip())
        if is_typed and kind in _LIST_TYPES:
            lists.add(name)
    if not any(names):
        raise FieldError(place, row.refusal or "no header", "a first row with the names of the columns")
    if not "".join(names).isascii() and any("\udc80" <= mark <= "\udcff" for mark in "".join(names)):
        raise FieldError(place, "a header that is not UTF-8", "a table in UTF-8")
    return Header(names, frozenset(lists))


def wrong_width(record: Record, width: int) -> FieldError:
    """Return the error that a row has not as many cells as the header."""
    return FieldError("row", f"{len(record.cells)} columns", f"{width}, as in the header")
