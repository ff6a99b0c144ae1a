"""The door at which LMDB's errors become ours."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import TracebackType

import lmdb
from google.protobuf.message import DecodeError

from foreword.errors import (
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreMissingError,
    StoreNotWritableError,
    StoreRowError,
    StoreVersionError,
)
from foreword.store.files import ACTIVITY, PROFILES

MAP_SETTING = {PROFILES: "store.profiles_map_size_bytes", ACTIVITY: "store.activity_map_size_bytes"}

# A page that cannot be what it should makes LMDB give up its transaction, a tree record the database or the cursor.
_CORRUPT = (
    lmdb.CorruptedError,
    lmdb.PageNotFoundError,
    lmdb.InvalidError,
    lmdb.BadTxnError,
    lmdb.IncompatibleError,
    lmdb.CursorFullError,
    lmdb.PageFullError,
)
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
# A short write has taken what there was; some filesystems keep a little back.
_FREE_BYTES_MIN = 1 << 20
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)

_MEANINGS: tuple[tuple[type[lmdb.Error], type[StoreError], str, str], ...] = (
    (lmdb.MapResizedError, StoreError, "was grown by another process", "open it again"),
    (
        lmdb.VersionMismatchError,
        StoreVersionError,
        "is of another LMDB data format",
        "Foreword uses format 0.9",
    ),
    (lmdb.PanicError, StoreNotWritableError, "could not complete a write", "check the disk, then restart"),
    (
        lmdb.ReadersFullError,
        StoreError,
        "has no reader slot left",
        "raise store.readers_max, restart all readers",
    ),
    (
        lmdb.LockError,
        StoreLockedError,
        "is open in a process with this one's id, in another PID namespace",
        "let all containers that use the store share one PID namespace",
    ),
)


class translated_rows:
    """Turns a row that cannot be parsed into a StoreRowError; what is raised inside names the environment.

    A class, since it stands around every read: 0.45 µs, where two nested generators of contextlib took 1.8 or more.

    Args:
        name: The environment's.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exc is not None:
            self._translate(exc)

    def _translate(self, exc: BaseException) -> None:
        if isinstance(exc, DecodeError):
            raise StoreRowError(
                f"a stored row of {self._name} cannot be parsed",
                hint="run `foreword store check`, then restore a backup",
                store=self._name,
            ) from exc
        if isinstance(exc, StoreError):
            exc.store = exc.store or self._name


class translated(translated_rows):
    """Turns LMDB's errors, and rows that cannot be parsed, into StoreErrors about an environment."""

    __slots__ = ()

    def _translate(self, exc: BaseException) -> None:
        if isinstance(exc, lmdb.Error):
            raise translate(self._name, exc) from exc
        super()._translate(exc)


def translate(name: str, exc: Exception) -> StoreError:
    """Return the StoreError that says what `exc`, LMDB's or the system's, means for environment `name`."""
    error = _meaning(name, exc)
    error.store = name
    return error


def _meaning(name: str, exc: Exception) -> StoreError:
    if isinstance(exc, lmdb.Error):
        known = _translate_lmdb(name, exc)
        if known is not None:
            return known
    number = getattr(exc, "code", 0) or getattr(exc, "errno", 0) or 0
    if number in _DISK_FULL:
        return _disk_full(name)
    if number in _FORBIDDEN or isinstance(exc, lmdb.ReadonlyError):
        return StoreNotWritableError(
            f"{name} cannot be written: {exc}", hint="check permissions and the mount"
        )
    if number > 0:
        return StoreNotWritableError(f"{name} cannot be used: {exc}", hint="check the mount and the disk")
    return StoreError(f"{name} failed: {exc}")


def write_failure(path: Path, exc: lmdb.Error) -> StoreError:
    """Return the StoreError that says what a failed write transaction means for the environment at `path`."""
    # LMDB calls a short write an I/O error, though a full disk is its usual cause.
    if exc.code == errno.EIO and _free_bytes(path) < _FREE_BYTES_MIN:
        return _disk_full(path.name)
    return translate(path.name, exc)


def unfinished(path: Path) -> StoreMissingError:
    """Return the error about an environment that another process has not finished making."""
    return StoreMissingError(f"{path} holds no Foreword store yet", hint="start the daemons once")


def _disk_full(name: str) -> StoreFullError:
    return StoreFullError(
        f"the disk under {name} is full", hint="free space; reads go on meanwhile", store=name
    )


def _free_bytes(path: Path) -> int:
    stat = os.statvfs(path)
    return stat.f_bavail * stat.f_frsize


def _translate_lmdb(name: str, exc: lmdb.Error) -> StoreError | None:
    if isinstance(exc, lmdb.MapFullError):
        setting = MAP_SETTING.get(name, "the map size")
        return StoreFullError(f"{name} has reached its map size", hint=f"raise {setting} and restart")
    if isinstance(exc, _CORRUPT):
        return StoreCorruptError(
            f"{name} is damaged: {exc}", hint="run `foreword store check`, then restore a backup"
        )
    for kinds, made, message, hint in _MEANINGS:
        if isinstance(exc, kinds):
            return made(f"{name} {message}", hint=hint)
    return None
