"""Refused rows, written aside with the reason."""

from __future__ import annotations

import json
import os
from pathlib import Path

from foreword.errors import StoreNotWritableError


class Refusals:
    """A JSON lines file, one refused row a line: `line`, `reason`, `row`.

    It is made with the first refused row. Rows may hold private text, so only the owner can read it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes_written = 0
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise StoreNotWritableError(f"{path.parent} cannot be made: {exc}") from exc

    def keep(self, size_bytes: int) -> None:
        """Keep what an earlier run wrote up to a size, and drop the rest."""
        try:
            with self.path.open("r+b") as file:
                # Shorter than it was when a user was erased from it meanwhile.
                size_bytes = min(size_bytes, file.seek(0, os.SEEK_END))
                file.truncate(size_bytes)
            self.bytes_written = size_bytes
            if not size_bytes:
                self.path.unlink()
        except FileNotFoundError:
            self.bytes_written = 0
        except OSError as exc:
            raise StoreNotWritableError(f"{self.path} cannot be written: {exc}") from exc

    def add(self, number: int, reason: str, raw: str) -> None:
        """Write a row aside, as it stands in the source."""
        entry = {"line": number, "reason": reason, "row": raw}
        line = json.dumps(entry).encode() + b"\n"
        try:
            # Opened for each row: refusals are rare, and a file that is never open needs no care in a crash.
            with self.path.open("ab") as file:
                self.path.chmod(0o600)
                file.write(line)
        except OSError as exc:
            raise StoreNotWritableError(f"{self.path} cannot be written: {exc}") from exc
        self.bytes_written += len(line)
