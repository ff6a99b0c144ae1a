"""What separates the cells of a table."""

from __future__ import annotations

import csv
import io

from foreword.errors import FieldError

# Of equals the first one wins.
_USUAL = ("\t", ",", ";", "|")
_BY_NAME = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_NEVER = '"\r\n'


def parse_delimiter(text: str) -> str:
    """Return a delimiter given as itself or by its name, such as `tab`.

    Raises:
        FieldError: It is no single character that can be one.
    """
    delimiter = _BY_NAME.get(text.lower(), text)
    if len(delimiter) != 1 or delimiter in _NEVER:
        raise FieldError("--delimiter", repr(text), f"one character, or {', '.join(sorted(_BY_NAME))}")
    return delimiter


def delimiter_of(sample: str) -> str:
    """Return the delimiter of a table by its first lines: tab, comma, semicolon or bar.

    It is the one with which most rows have as many cells as the header; of several such, the one with most cells. Not
    csv.Sniffer, which also guesses letters of words that recur. A comma where nothing fits: the table has one column.
    """
    fits = {delimiter: _fit(sample, delimiter) for delimiter in _USUAL}
    best = max(_USUAL, key=lambda delimiter: fits[delimiter])
    return best if fits[best] > (0, 0) else ","


def _fit(sample: str, delimiter: str) -> tuple[float, int]:
    """Return the share of rows as wide as the header, and its width; nothing when the header is a single cell."""
    rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row]
    width = len(rows[0]) if rows else 0
    return (sum(len(row) == width for row in rows) / len(rows), width) if width > 1 else (0, 0)
