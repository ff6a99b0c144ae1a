"""What tells whether a file has changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Signature(NamedTuple):
    """What changes whenever a file is written or replaced, or who may read it."""

    mtime_ns: int
    size: int
    inode: int
    mode: int


def signature_of(file: Path | str) -> Signature | None:
    """Return what to compare to see a change; None while there is no file. Takes a microsecond."""
    try:
        found = os.stat(file)  # noqa: PTH116 - pathlib is a part of the time that importing the client takes
    except OSError:
        return None
    return Signature(found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode)
