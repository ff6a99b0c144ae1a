"""Where rows are read from: a file, or a pipe."""

from __future__ import annotations

import stat
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, Protocol

from foreword.importers.byte_file import ByteFile, translated
from foreword.importers.byte_pipe import BytePipe

STDIN = Path("-")


class ByteSource(Protocol):
    """Bytes to be read from their start, a file's or a pipe's.

    Attributes:
        name: What a person calls it.
        place: What tells it from others.
        size_bytes: Its size; zero when not known.
    """

    name: str
    place: str
    size_bytes: int

    def head(self) -> bytes:
        """Return the content's first 64 KiB, or all of a shorter one."""
        ...

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Open the content for reading; failures inside the block become FieldErrors."""
        ...

    def done_bytes(self) -> int:
        """Return how much is read."""
        ...

    def fingerprint(self) -> dict[str, Any] | None:
        """Return, as JSON, what `is_same` recognises it by; None when it can be read only once."""
        ...

    def is_same(self, fingerprint: dict[str, Any]) -> bool:
        """Return whether it is what had this fingerprint, perhaps with more at its end."""
        ...


def bytes_at(path: Path) -> ByteSource:
    """Return the file at a path, or the pipe: `-` is stdin, and what a shell makes of `<(…)` is a pipe with a path.

    Raises:
        FieldError: It cannot be read.
    """
    if path == STDIN:
        return BytePipe("stdin", sys.stdin.buffer)
    with translated(str(path)):
        return ByteFile(path) if stat.S_ISREG(path.stat().st_mode) else BytePipe(path.name, path.open("rb"))
