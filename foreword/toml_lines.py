"""Where in a TOML file a key stands: tomllib keeps no positions, so the heads of tables are followed here."""

from __future__ import annotations

import re

# The head of a table, with bare and quoted keys, and the keys in it.
_HEADER = re.compile(r"""\s*\[\s*((?:[A-Za-z0-9_.\-\s]|"[^"]*"|'[^']*')+?)\s*\]""")
_HEADER_KEY = re.compile(r"""(?:"[^"]*"|'[^']*'|[^.])+""")
_ASSIGNMENT = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_.\-]+)\s*=""")


def line_of(text: str, key: str) -> int | None:
    """Return the line of `table.key`, from 1, or of the head of its table; None where neither stands in the file."""
    table: tuple[str, ...] = ()
    best: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = tuple(part.strip().strip("\"'") for part in _HEADER_KEY.findall(header[1]))
            if _is_above(table, key) or (best is None and _is_above(tuple(key.split(".")), ".".join(table))):
                best = number
            continue
        assignment = _ASSIGNMENT.match(line)
        if assignment and _is_above((*table, assignment[1].strip("\"'")), key):
            return number
    return best


def _is_above(path: tuple[str, ...], key: str) -> bool:
    return f"{key}.".startswith(f"{'.'.join(path)}.")
