"""A file lock that says who holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from foreword.errors import StoreLockedError, StoreNotWritableError


class FileLock:
    """Holds a file so that no second process does; the kernel lets go when the holder dies.

    Raises:
        StoreLockedError: Another process holds it; the message names it.
    """

    def __init__(self, path: Path, purpose: str) -> None:
        self.path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise StoreNotWritableError(f"cannot open the lock {path}: {exc}") from exc
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            holder = os.read(self._descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise StoreLockedError(f"{purpose} (process {holder} holds {path})", hint="stop that one first") from exc
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let go; the file stays, because removing it would let two processes hold two files of one name."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> FileLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
