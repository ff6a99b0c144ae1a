"""Data in a prompt: JSON, one object a line, that can neither open nor close a tag."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

_TAG_MARKS = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def json_line(row: Mapping[str, Any]) -> str:
    """Return a row as one line of JSON that reads back as the same row.

    Letters of any script stay as they are, since an escape costs six tokens. What ends a line, or is there without
    being seen, is escaped: nothing in the data looks like a line or a tag of ours.
    """
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).translate(_TAG_MARKS)
    return line if line.isprintable() else "".join(map(_escaped, line))


def block(tag: str, lines: Iterable[str]) -> str:
    """Return lines within a tag of their own; nothing for no lines."""
    body = "".join(f"{line}\n" for line in lines)
    return f"<{tag}>\n{body}</{tag}>\n" if body else ""


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]
