"""Where in a TOML file a key stands: tomllib keeps no positions, so the heads of tables are followed here."""

from __future__ import annotations

import re
import tomllib
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from foreword.errors import FieldError

T = TypeVar("T")

# The head of a table, or of one in an array of them, with bare and quoted keys, and the keys in it.
_HEADER = re.compile(r"""\s*\[(\[?)\s*((?:[A-Za-z0-9_.\-\s]|"[^"]*"|'[^']*')+?)\s*\]""")
_HEADER_KEY = re.compile(r"""(?:"[^"]*"|'[^']*'|[^.])+""")
_ASSIGNMENT = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_.\-]+)\s*=""")


def read_toml(path: Path, parse: Callable[[str, str], T], *, bytes_max: int) -> T:
    """Return what a TOML file beside the configuration holds.

    Args:
        path: The file.
        parse: Makes it of the file's text and its digest, 8 hexadecimal digits; raises a FieldError that names the key.
        bytes_max: The most the file may have.

    Raises:
        FieldError: The file cannot be read, or breaks the form; names file, line, key, what was found and what is
            allowed.
    """
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise FieldError(str(path), exc.strerror or str(exc), "a file that can be read") from exc
    if len(raw) > bytes_max:
        raise FieldError(str(path), f"{len(raw):,} bytes", f"at most {bytes_max:,} bytes")
    try:
        return parse(raw.decode(), f"{zlib.crc32(raw):08x}")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise FieldError(str(path), str(exc), "TOML in UTF-8") from exc
    except FieldError as exc:
        line = line_of(raw.decode(), re.sub(r"\[\d+\]$", "", exc.field))
        place = str(path) if line is None else f"{path}:{line}"
        raise FieldError(f"{place}: {exc.field}", exc.found, exc.allowed) from exc


def line_of(text: str, key: str) -> int | None:
    """Return the line of `table.key`, from 1, or of the head of its table; None where neither stands in the file.

    The tables of an array are `array[0].key` and so on.
    """
    table: tuple[str, ...] = ()
    best: int | None = None
    counts: Counter[tuple[str, ...]] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = tuple(part.strip().strip("\"'") for part in _HEADER_KEY.findall(header[2]))
            if header[1]:
                number_of, counts[table] = counts[table], counts[table] + 1
                table = (*table[:-1], f"{table[-1]}[{number_of}]")
            if _is_above(table, key) or (best is None and _is_above(tuple(key.split(".")), ".".join(table))):
                best = number
            continue
        assignment = _ASSIGNMENT.match(line)
        if assignment and _is_above((*table, assignment[1].strip("\"'")), key):
            return number
    return best


def _is_above(path: tuple[str, ...], key: str) -> bool:
    return f"{key}.".startswith(f"{'.'.join(path)}.")
