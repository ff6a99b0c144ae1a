"""Pairs of questions of which somebody has said whether the answer to one is right for the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from foreword.errors import FieldError
from foreword.importers.byte_source import bytes_at
from tiering.question import check_question

_ALLOWED = (
    'a JSON object a line: "asked" and "stored" (or "b" and "a"), "same" (or "same_answer"), "category"'
)
# Each is embedded and compared in a millisecond, and asked about where a model judges.
_PAIRS_MAX = 1_000_000
_LINE_BYTES_MAX = 64_000


class Pair(NamedTuple):
    """Two questions.

    Attributes:
        asked: The one that is put.
        stored: The one whose answer is at hand.
        is_same: Whether that answer is right for both: a should-hit, else a trap.
        category: What kind of pair it is; may be empty.
    """

    asked: str
    stored: str
    is_same: bool
    category: str


def read_pairs(files: Sequence[Path]) -> list[Pair]:
    """Return the pairs of files of JSON lines, gzip by suffix.

    Raises:
        FieldError: A file cannot be read, a line is no pair, or there is none; names file, line and field.
    """
    pairs = [pair for file in files for pair in _pairs(file)]
    if not pairs:
        raise FieldError("--pairs", "no pair", _ALLOWED)
    if len(pairs) > _PAIRS_MAX:
        raise FieldError("--pairs", f"{len(pairs):,} pairs", f"at most {_PAIRS_MAX:,}")
    return pairs


def _pairs(file: Path) -> Iterator[Pair]:
    with bytes_at(file).open() as lines:
        number = 0
        while line := lines.readline(_LINE_BYTES_MAX + 1):
            number += 1
            if line.strip():
                yield _pair(f"{file.name}:{number}", line)


def _pair(place: str, line: bytes) -> Pair:
    if len(line) > _LINE_BYTES_MAX:
        raise FieldError(place, f"more than {_LINE_BYTES_MAX:,} bytes", _ALLOWED)
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise FieldError(place, "no JSON", _ALLOWED) from exc
    if not isinstance(row, dict):
        raise FieldError(place, f"JSON that is no object ({type(row).__name__})", _ALLOWED)
    pair = Pair(
        _field(place, row, ("asked", "b"), str),
        _field(place, row, ("stored", "a"), str),
        _field(place, row, ("same", "same_answer"), bool),
        _field(place, row | {"category": row.get("category", "")}, ("category",), str),
    )
    check_question(f"{place}: asked", pair.asked)
    check_question(f"{place}: stored", pair.stored)
    return pair


def _field(place: str, row: Mapping[str, Any], names: Sequence[str], kind: type) -> Any:
    name = next((name for name in names if name in row), "")
    if not name:
        raise FieldError(f"{place}: {names[0]}", "nothing", _ALLOWED)
    # A bool is an int to Python, and 1 is no verdict: only the type itself counts.
    if type(row[name]) is not kind:
        raise FieldError(
            f"{place}: {name}", type(row[name]).__name__, "text" if kind is str else "true or false"
        )
    return row[name]
