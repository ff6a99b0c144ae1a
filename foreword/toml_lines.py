"""Where in a TOML file a key stands: tomllib keeps no positions, so the heads of tables are followed here."""

from __future__ import annotations

import re
import tomllib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from foreword.errors import FieldError

T = TypeVar("T")

# The head of a table, with bare and quoted keys, and the keys in it.
_HEADER = re.compile(r"""\s*\[\s*((?:[A-Za-z0-9_.\-\s]|"[^"]*"|'[^']*')+?)\s*\]""")
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
