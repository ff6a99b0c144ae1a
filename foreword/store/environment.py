"""Opening LMDB environments, and the door at which its errors become ours."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import lmdb

from foreword import keys
from foreword.errors import (
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreMissingError,
    StoreNotWritableError,
    StoreVersionError,
)

PROFILES = "profiles.lmdb"
ACTIVITY = "activity.lmdb"
SCHEMA_VERSION = 1

META = b"meta"
_SCHEMA_KEY = b"schema_version"
_ID_KEY = b"environment_id"

# The engine whose data format bindings in every language read; the bundled 1.0 engine writes another.
_LIB_VERSION = 0
_MAP_SETTING = {PROFILES: "store.profiles_map_size_bytes", ACTIVITY: "store.activity_map_size_bytes"}

_CORRUPT = (lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.InvalidError, lmdb.BadTxnError, lmdb.PanicError)


class Environment:
    """One open LMDB environment with its named databases.

    Open after fork, never before. Several users in one process share the mapping (LMDB forbids a second one);
    the last `close` closes it.

    Attributes:
        name: `profiles.lmdb` or `activity.lmdb`.
        path: Its folder.
        id: 16 bytes made at creation; tells a replaced environment from the former one.
    """

    def __init__(self, path: Path, env: Any, databases: Sequence[bytes], *, readonly: bool) -> None:
        self.path = path
        self.name = path.name
        self.readonly = readonly
        self.lmdb = env
        self._databases = tuple(databases)
        self.handles = self._open_databases()
        self.id = self._identity()
        stat = (path / "data.mdb").stat()
        self.inode = (stat.st_dev, stat.st_ino)

    def _open_databases(self) -> dict[bytes, Any]:
        with translated(self.name):
            try:
                return {name: self.lmdb.open_db(name, create=not self.readonly) for name in self._databases}
            except lmdb.NotFoundError as exc:
                raise StoreMissingError(
                    f"{self.path} holds no Foreword store yet", hint="start the daemons once"
                ) from exc

    def _identity(self) -> bytes:
        with translated(self.name), self.lmdb.begin(db=self.handles[META], write=not self.readonly) as txn:
            version = txn.get(_SCHEMA_KEY)
            if version is None and not self.readonly:
                txn.put(_SCHEMA_KEY, keys.u64(SCHEMA_VERSION))
                txn.put(_ID_KEY, uuid.uuid4().bytes)
                version = keys.u64(SCHEMA_VERSION)
            if version is None:
                raise StoreMissingError(f"{self.path} holds no Foreword store yet", hint="start the daemons once")
            if keys.read_u64(version) > SCHEMA_VERSION:
                raise StoreVersionError(
                    f"{self.path} has schema {keys.read_u64(version)}; this Foreword reads up to {SCHEMA_VERSION}",
                    hint="update Foreword, or restore a backup made by this version",
                )
            return bytes(txn.get(_ID_KEY))

    def begin(self, *, write: bool = False) -> Any:
        """Return an LMDB transaction; values read in it are copies and stay valid after it."""
        return self.lmdb.begin(write=write)

    @property
    def last_transaction(self) -> int:
        """Number of the newest commit, by any process; a microsecond to read."""
        number: int = self.lmdb.info()["last_txnid"]
        return number

    def reader_check(self) -> int:
        """Free the slots of readers that died; return how many."""
        with translated(self.name):
            freed: int = self.lmdb.reader_check()
            return freed

    def was_replaced(self) -> bool:
        """Return whether another environment now stands in this one's place (a restore or compaction)."""
        try:
            stat = (self.path / "data.mdb").stat()
        except FileNotFoundError:
            return False
        return (stat.st_dev, stat.st_ino) != self.inode

    def close(self) -> None:
        """Give up this user's share; the last one closes the mapping."""
        _release(self)


_open: dict[tuple[int, int], tuple[Environment, int]] = {}
_open_guard = threading.Lock()


def open_environment(
    path: Path,
    databases: Sequence[bytes],
    *,
    readonly: bool,
    map_size_bytes: int = 0,
    readers_max: int = 2048,
) -> Environment:
    """Open an environment, creating it unless `readonly`.

    `map_size_bytes` 0 takes the size the file was made with.

    Raises:
        StoreMissingError: Nothing is there and `readonly` was asked.
        StoreVersionError: It was written by a newer Foreword.
        StoreNotWritableError: Writing was asked and is not possible.
    """
    with _open_guard:
        shared = _shared(path, readonly=readonly)
        if shared is not None:
            return shared
        environment = Environment(
            path, _open_lmdb(path, readonly, map_size_bytes, readers_max, len(databases)), databases, readonly=readonly
        )
        environment.reader_check()
        _open[environment.inode] = (environment, 1)
        return environment


def _shared(path: Path, *, readonly: bool) -> Environment | None:
    try:
        stat = (path / "data.mdb").stat()
    except FileNotFoundError:
        return None
    found = _open.get((stat.st_dev, stat.st_ino))
    if found is None:
        return None
    environment, users = found
    if environment.readonly and not readonly:
        raise StoreLockedError(f"{path} is open for reading in this process", hint="close the reader first")
    _open[environment.inode] = (environment, users + 1)
    return environment


def _release(environment: Environment) -> None:
    with _open_guard:
        _, users = _open.get(environment.inode, (environment, 0))
        if users > 1:
            _open[environment.inode] = (environment, users - 1)
        elif users == 1:
            del _open[environment.inode]
            environment.lmdb.close()


def _open_lmdb(path: Path, readonly: bool, map_size_bytes: int, readers_max: int, database_count: int) -> Any:
    if readonly and not (path / "data.mdb").exists():
        raise StoreMissingError(f"no store at {path}", hint="start the daemons once, or check store.directory")
    with translated(path.name):
        if not readonly:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return lmdb.open(
            str(path),
            map_size=map_size_bytes,
            max_dbs=database_count,
            max_readers=readers_max,
            readonly=readonly,
            create=not readonly,
            # A reader on a read-only volume has no lock file to take part in.
            lock=not readonly or os.access(path, os.W_OK),
            # Random lookups; read-ahead would fill memory with neighbours nobody asked for.
            readahead=False,
            mode=0o600,
            lib_version=_LIB_VERSION,
        )


@contextlib.contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn LMDB's and the system's errors inside the block into StoreErrors about environment `name`."""
    try:
        yield
    except (lmdb.Error, OSError) as exc:
        raise translate(name, exc) from exc


def translate(name: str, exc: Exception) -> StoreError:
    """Return the StoreError that says what `exc` means for environment `name`."""
    if isinstance(exc, lmdb.MapFullError):
        setting = _MAP_SETTING.get(name, "the map size")
        return StoreFullError(f"{name} has reached its map size", hint=f"raise {setting} and restart")
    if isinstance(exc, lmdb.VersionMismatchError):
        return StoreVersionError(f"{name} is of another LMDB data format", hint="Foreword uses format 0.9")
    if isinstance(exc, _CORRUPT):
        return StoreCorruptError(f"{name} is damaged: {exc}", hint="run `foreword store check`, then restore a backup")
    if isinstance(exc, (lmdb.ReadersFullError,)):
        return StoreError(f"{name} has no reader slot left", hint="raise store.readers_max")
    if getattr(exc, "errno", None) == errno.ENOSPC or os.strerror(errno.ENOSPC) in str(exc):
        return StoreFullError(f"the disk under {name} is full", hint="free space; reads go on meanwhile")
    return StoreNotWritableError(f"{name} cannot be used: {exc}", hint="check permissions, the mount and the disk")
