"""API keys: from a file that others cannot read, or from the environment, and never shown."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from foreword.errors import FieldError

# Ten times the longest key any provider gives out: a larger file is not one.
_KEY_BYTES_MAX = 4096
_ALLOWED = "a file that holds the key alone, in one line of visible ASCII"


def read_key(field: str, file: Path | None, variable: str, environ: Mapping[str, str]) -> str:
    """Return a key; empty when there is none.

    Args:
        field: The setting that names the file.
        file: Where the key is; None: in the environment.
        variable: The environment's variable with the key.
        environ: The environment.

    Raises:
        FieldError: The file cannot be read, is open to others, or holds no key.
    """
    if file is None:
        raw, where = environ.get(variable, "").strip(), variable
        return _checked(where, raw, "a key in one line of visible ASCII") if raw else ""
    return _checked(field, _content(field, file).strip(), _ALLOWED)


def _content(field: str, file: Path) -> str:
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            # A group may read it: that is how a key is handed to a service.
            if os.name == "posix" and mode & stat.S_IRWXO:
                raise FieldError(
                    field,
                    f"{file}, which every user of this machine can use (mode {stat.S_IMODE(mode):04o})",
                    "a file that others cannot read",
                    hint=f"chmod o= {file}",
                )
            raw = opened.read(_KEY_BYTES_MAX + 1)
    except OSError as exc:
        raise FieldError(field, f"{file}: {exc.strerror or type(exc).__name__}", _ALLOWED) from exc
    if len(raw) > _KEY_BYTES_MAX:
        raise FieldError(field, f"{file}, of more than {_KEY_BYTES_MAX} bytes", _ALLOWED)
    return raw.decode("ascii", "replace")


def _checked(field: str, key: str, allowed: str) -> str:
    # A line end or a space within would break the header it is sent in, and the library that notices shows it whole.
    if not key or not all("!" <= sign <= "~" for sign in key):
        raise FieldError(field, "nothing" if not key else "what is no key", allowed)
    return key
