"""A folder in which something is made, that appears under its own name only once it is complete."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foreword.errors import StoreError, StoreFullError, StoreNotWritableError
from foreword.store.lock import FileLock

PARTIAL = ".partial"
"""Ends the name of such a folder."""
LOCK_FILE = "backup.lock"
"""Held by whoever makes it: in a folder whose lock is free, a process died."""


@contextmanager
def partial_folder(target: Path, what: str) -> Iterator[Path]:
    """Make a folder beside `target` for the block; removed when the block fails.

    Args:
        target: What is to be made, which must not be there.
        what: What it is, such as `a backup`.

    Raises:
        StoreLockedError: Another process makes the same.
        StoreFullError: The disk is full.
        StoreNotWritableError: It refuses otherwise.
        StoreError: `target` is there, or something is in the way.
    """
    # First: `.` and `/` are there, and have no name to put another beside.
    refuse_existing(target)
    partial = target.with_name(target.name + PARTIAL)
    with _own(partial, target, what), _cleared_on_failure(partial):
        yield partial


def refuse_existing(path: Path) -> None:
    """Refuse to make what is there.

    Raises:
        StoreError: It is.
    """
    if path.exists() or path.is_symlink():
        raise StoreError(f"{path} exists already", hint="name one that does not, or remove this one")


def disk_error(folder: Path, exc: OSError) -> StoreError:
    """Return the error that says why a folder could not be written."""
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFullError(f"the disk under {folder} is full", hint="free space")
    return StoreNotWritableError(f"{folder} cannot be written: {exc}", hint="check permissions")


@contextmanager
def _own(partial: Path, target: Path, what: str) -> Iterator[None]:
    """Hold the folder something is made in, cleared of what a dead process left there."""
    if partial.is_dir() and any(partial.iterdir()) and not (partial / LOCK_FILE).exists():
        raise StoreError(
            f"{partial} is in the way, and nothing in it says that {what} left it",
            hint="remove it, or name another folder",
        )
    with FileLock(partial / LOCK_FILE, f"{what} into {target} is under way"):
        # Another one may have come to its end between the first look and the lock.
        refuse_existing(target)
        for child in partial.iterdir():
            if child.name != LOCK_FILE:
                shutil.rmtree(child) if child.is_dir() else child.unlink()
        yield


@contextmanager
def _cleared_on_failure(partial: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        shutil.rmtree(partial, ignore_errors=True)
        raise disk_error(partial.parent, exc) from exc
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
