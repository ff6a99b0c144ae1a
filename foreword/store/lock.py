"""File locks that say who holds them: one writing daemon per environment."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from foreword.errors import StoreLockedError, StoreNotWritableError
from foreword.store.files import ACTIVITY, PROFILES, make_directory
from foreword.store.swap import recover, refuse_interrupted_restore

SIDECAR_LOCK = "sidecar.lock"
SCHEDULER_LOCK = "scheduler.lock"


class FileLock:
    """Holds a file so that no second process does; the kernel lets go when the holder dies.

    Raises:
        StoreLockedError: Another process holds it; the message names it.
    """

    def __init__(self, path: Path, purpose: str) -> None:
        self.path = path
        try:
            make_directory(path.parent)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise StoreNotWritableError(f"cannot open the lock {path}: {exc}") from exc
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            holder = os.read(self._descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise StoreLockedError(
                f"{purpose}: process {holder} holds {path}", hint="stop that one first"
            ) from exc
        # For whoever is refused to read. The lock holds without it, and on a full disk reads are served all the same.
        with suppress(OSError):
            os.ftruncate(self._descriptor, os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0))

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


def hold_activity(directory: Path) -> FileLock:
    """Take `sidecar.lock` without looking at the store behind it; for maintenance."""
    return FileLock(directory / SIDECAR_LOCK, f"a sidecar runs on the store {directory}")


def hold_profiles(directory: Path) -> FileLock:
    """Take `scheduler.lock` without looking at the store behind it; for maintenance."""
    return FileLock(directory / SCHEDULER_LOCK, f"a scheduler runs on the store {directory}")


def lock_activity(directory: Path) -> FileLock:
    """Become the one writer of activity.lmdb; ActivityWriter does, and whatever replaces the environment.

    Raises:
        StoreLockedError: A sidecar, or a restore or compaction, holds it.
        StoreError: A restore was interrupted.
    """
    return _prepared(hold_activity(directory), directory, ACTIVITY)


def lock_profiles(directory: Path) -> FileLock:
    """Become the one writer of profiles.lmdb; ProfileWriter does, and whatever replaces the environment.

    Raises:
        StoreLockedError: A scheduler, or a restore or compaction, holds it.
        StoreError: A restore was interrupted.
    """
    return _prepared(hold_profiles(directory), directory, PROFILES)


def _prepared(lock: FileLock, directory: Path, name: str) -> FileLock:
    try:
        refuse_interrupted_restore(directory)
        recover(directory / name)
    except BaseException:
        lock.release()
        raise
    return lock
