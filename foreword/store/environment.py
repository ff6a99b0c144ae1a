"""Opening LMDB environments, and the door at which its errors become ours."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import lmdb
from google.protobuf.message import DecodeError

from foreword import keys
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

_log = logging.getLogger("foreword.store")

PROFILES = "profiles.lmdb"
ACTIVITY = "activity.lmdb"
DATA_FILE = "data.mdb"
LOCK_FILE = "lock.mdb"
SCHEMA_VERSION = 1

META = b"meta"
_SCHEMA_KEY = b"schema_version"
_ID_KEY = b"environment_id"

# The engine whose data format bindings in every language read; the bundled 1.0 engine writes another.
_LIB_VERSION = 0
# Where the magic number stands in a file of LMDB 1.0: behind that format's longer page header.
_MAGIC = (0xBEEFC0DE).to_bytes(4, "little")
_MAGIC_OFFSET_1_0 = 24
_MAP_SETTING = {PROFILES: "store.profiles_map_size_bytes", ACTIVITY: "store.activity_map_size_bytes"}

_CORRUPT = (lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.InvalidError)
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


class Environment:
    """One open LMDB environment with its named databases.

    Open after fork, never before: a child's use of its parent's environment is refused. Several users in one
    process share the mapping (LMDB forbids a second one); the last `close` closes it.

    Attributes:
        name: `profiles.lmdb` or `activity.lmdb`.
        path: Its folder.
        id: 16 bytes made at creation; kept by backups and compactions.
        readonly: Whether it was opened for reading only.
        locked: Whether readers are known to the writer. False on a read-only mount or without permission: then a
            long read may see pages that a writer is reusing.
    """

    def __init__(self, path: Path, env: Any, databases: Sequence[bytes], *, readonly: bool) -> None:
        self.path = path
        self.name = path.name
        self.readonly = readonly
        self.locked = bool(env.flags()["lock"])
        self.lmdb = env
        self._databases = tuple(databases)
        with translated(self.name):
            # Before anything is created: a newer store must be left exactly as it is.
            self._refuse_newer()
            self.handles = self._open_databases()
            self.id = self._identity()
        self.inode = _inode(path / DATA_FILE)

    def _refuse_newer(self) -> None:
        try:
            meta = self.lmdb.open_db(META, create=False)
        except lmdb.NotFoundError:
            return
        with self.lmdb.begin(db=meta) as txn:
            version = txn.get(_SCHEMA_KEY)
        if version is not None and keys.read_u64(version) > SCHEMA_VERSION:
            raise StoreVersionError(
                f"{self.path} has schema {keys.read_u64(version)}; this Foreword reads up to {SCHEMA_VERSION}",
                hint="update Foreword, or restore a backup made by this version",
            )

    def _open_databases(self) -> dict[bytes, Any]:
        try:
            return {name: self.lmdb.open_db(name, create=not self.readonly) for name in self._databases}
        except lmdb.NotFoundError as exc:
            raise _unfinished(self.path) from exc

    def _identity(self) -> bytes:
        with self.lmdb.begin(db=self.handles[META]) as txn:
            found = txn.get(_ID_KEY)
        if found is None and self.readonly:
            raise _unfinished(self.path)
        return bytes(found) if found is not None else self._make_identity()

    def _make_identity(self) -> bytes:
        with self.lmdb.begin(db=self.handles[META], write=True) as txn:
            txn.put(_SCHEMA_KEY, keys.u64(SCHEMA_VERSION))
            # Another process may have come first.
            txn.put(_ID_KEY, uuid.uuid4().bytes, overwrite=False)
            return bytes(txn.get(_ID_KEY))

    def begin(self, *, write: bool = False) -> Any:
        """Return an LMDB transaction; values read in it are copies and stay valid after it."""
        return self.lmdb.begin(write=write)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Any]:
        """Run the block in a write transaction: synced to disk on success, undone on an exception.

        Raises:
            StoreFullError: The map or the disk is full.
            StoreNotWritableError: The disk fails.
        """
        try:
            with translated_rows(self.name), self.lmdb.begin(write=True) as txn:
                yield txn
        except lmdb.Error as exc:
            # LMDB calls a short write an I/O error, though a full disk is its usual cause.
            if exc.code == errno.EIO and _free_bytes(self.path) < _FREE_BYTES_MIN:
                raise _disk_full(self.name) from exc
            raise translate(self.name, exc) from exc

    @property
    def last_transaction(self) -> int:
        """Number of the newest commit, by any process; a microsecond to read.

        It starts anew in a restored or compacted environment: compare for difference, not for order. LMDB shows the
        number while the commit is still being synced, a moment before any reader sees its rows: whoever remembers
        what has been read must remember the `id()` of the transaction that read it, and not this number.
        """
        number: int = self.lmdb.info()["last_txnid"]
        return number

    def reader_check(self) -> int:
        """Free the slots of readers that died; return how many."""
        with translated(self.name):
            freed: int = self.lmdb.reader_check()
            return freed

    def adopt_map(self) -> None:
        """Map as much as another process has grown the environment to; ends this process's open transactions."""
        with translated(self.name):
            self.lmdb.set_mapsize(0)

    def was_replaced(self) -> bool:
        """Return whether another environment now stands in this one's place (a restore or compaction)."""
        try:
            return _inode(self.path / DATA_FILE) != self.inode
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Give up this user's share; the last one closes the mapping."""
        _release(self)


class _Inherited:
    """Stands in for an environment in a forked child, where LMDB's locks and slots are the parent's."""

    def __init__(self, env: Any) -> None:
        # Kept alive for good: closing it here would free the parent's reader slots.
        self._env = env

    def __getattr__(self, name: str) -> Any:
        raise StoreError("the store was opened before this process was forked", hint="open it after the fork")


_open: dict[tuple[int, int], tuple[Environment, int]] = {}
_open_guard = threading.Lock()


def _disown() -> None:
    """In a forked child: make every environment of the parent's unusable."""
    global _open_guard  # noqa: PLW0603 - the parent's lock may have been held at the fork
    _open_guard = threading.Lock()
    for environment, _ in _open.values():
        environment.lmdb = _Inherited(environment.lmdb)


os.register_at_fork(after_in_child=_disown)


def open_environment(
    path: Path,
    databases: Sequence[bytes],
    *,
    readonly: bool,
    map_size_bytes: int = 0,
    readers_max: int = 2048,
) -> Environment:
    """Open an environment, creating it unless `readonly`.

    Args:
        path: Its folder.
        databases: Names of the databases in it.
        readonly: Whether it is only read.
        map_size_bytes: Most it may grow to; 0 takes the size the file was last written with. Raised to what is in
            use when that is more.
        readers_max: Reader slots; the first process to open the environment decides.

    Raises:
        StoreMissingError: Nothing is there and `readonly` was asked.
        StoreVersionError: It was written by a newer Foreword.
        StoreNotWritableError: Writing was asked and is not possible.
        StoreLockedError: A process of the same id in another PID namespace has it open.
    """
    with _open_guard:
        shared = _shared(path, readonly=readonly)
        if shared is not None:
            return shared
        env = _open_lmdb(path, readonly, map_size_bytes, readers_max, len(databases))
        try:
            environment = Environment(path, env, databases, readonly=readonly)
            environment.reader_check()
        except BaseException:
            # Left to the garbage collector it would still count as open, and bar the next attempt.
            env.close()
            raise
        _open[environment.inode] = (environment, 1)
        return environment


def _shared(path: Path, *, readonly: bool) -> Environment | None:
    try:
        found = _open.get(_inode(path / DATA_FILE))
    except OSError:
        return None
    if found is None:
        return None
    environment, users = found
    if isinstance(environment.lmdb, _Inherited):
        raise StoreError(f"{path} was opened before this process was forked", hint="open it after the fork")
    if environment.readonly and not readonly:
        raise StoreLockedError(f"{path} is open for reading in this process", hint="close the reader first")
    _open[environment.inode] = (environment, users + 1)
    return environment


def _release(environment: Environment) -> None:
    with _open_guard:
        held, users = _open.get(environment.inode, (None, 0))
        if held is not environment or isinstance(environment.lmdb, _Inherited):
            return
        if users > 1:
            _open[environment.inode] = (environment, users - 1)
        else:
            del _open[environment.inode]
            environment.lmdb.close()


def _open_lmdb(path: Path, readonly: bool, map_size_bytes: int, readers_max: int, database_count: int) -> Any:
    locked = not readonly or _may_lock(path)
    try:
        if readonly:
            _require_present(path)
        else:
            make_directory(path.parent)
            make_directory(path)
        if locked:
            _reserve_lock_file(path / LOCK_FILE, readers_max)
        return lmdb.open(
            str(path),
            map_size=map_size_bytes,
            max_dbs=database_count,
            max_readers=readers_max,
            readonly=readonly,
            create=False,
            lock=locked,
            # Random lookups; read-ahead would fill memory with neighbours nobody asked for.
            readahead=False,
            # No spare transactions: one halves the time of a read, but shares its reader slot with forked children.
            max_spare_txns=0,
            mode=0o600,
            lib_version=_LIB_VERSION,
        )
    except lmdb.InvalidError as exc:
        raise _not_ours(path, exc) from exc
    except (lmdb.Error, OSError) as exc:
        raise translate(path.name, exc) from exc


def make_directory(path: Path) -> None:
    """Make a folder that only its owner may enter, so that it survives a power cut; an existing one stays as it is.

    Raises:
        OSError: It cannot be made.
    """
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Bring a folder's entries to disk: a rename or a new file is durable only after it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_present(path: Path) -> None:
    try:
        size = (path / DATA_FILE).stat().st_size
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise StoreMissingError(
            f"no store at {path}", hint="start the daemons once, or check store.directory"
        ) from exc
    if size == 0:
        # LMDB has made the file and not yet written its first pages.
        raise _unfinished(path)


def _may_lock(path: Path) -> bool:
    """Return whether a reader can register with the writer, and warn when not."""
    lock = path / LOCK_FILE
    if os.access(lock if lock.exists() else path, os.W_OK):
        return True
    if path.exists():
        _log.warning(
            "%s is read without a lock, because its folder cannot be written; a daemon that writes it meanwhile may "
            "disturb long reads. Mount it writable.",
            path,
        )
    return False


def _reserve_lock_file(lock: Path, readers_max: int) -> None:
    """Make the lock file with its blocks on disk: LMDB makes it sparse, and a full disk would then kill the process.

    Only when it is missing. Opening and closing an existing one would drop the locks this process may hold on it.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    try:
        # A slot has 64 bytes; the rest of a page holds LMDB's mutexes.
        os.posix_fallocate(descriptor, 0, (readers_max * 64 // 4096 + 1) * 4096)
    except OSError:
        lock.unlink()
        raise
    finally:
        os.close(descriptor)


def _inode(file: Path) -> tuple[int, int]:
    stat = file.stat()
    return stat.st_dev, stat.st_ino


def _unfinished(path: Path) -> StoreMissingError:
    return StoreMissingError(f"{path} holds no Foreword store yet", hint="start the daemons once")


def _not_ours(path: Path, exc: Exception) -> StoreError:
    with contextlib.suppress(OSError), (path / DATA_FILE).open("rb") as file:
        head = file.read(_MAGIC_OFFSET_1_0 + len(_MAGIC))
        if head[_MAGIC_OFFSET_1_0:] == _MAGIC:
            return StoreVersionError(
                f"{path} is of LMDB's 1.0 data format; Foreword uses 0.9",
                hint="copy it with a tool of the 0.9 engine, or restore a backup",
            )
    return translate(path.name, exc)


@contextlib.contextmanager
def translated_rows(name: str) -> Iterator[None]:
    """Turn a row that cannot be parsed into a StoreRowError about environment `name`."""
    try:
        yield
    except DecodeError as exc:
        raise StoreRowError(
            f"a stored row of {name} cannot be parsed",
            hint="run `foreword store check`, then restore a backup",
        ) from exc


@contextlib.contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn LMDB's errors, and rows that cannot be parsed, into StoreErrors about environment `name`."""
    try:
        with translated_rows(name):
            yield
    except lmdb.Error as exc:
        raise translate(name, exc) from exc


def translate(name: str, exc: Exception) -> StoreError:
    """Return the StoreError that says what `exc`, LMDB's or the system's, means for environment `name`."""
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


def _disk_full(name: str) -> StoreFullError:
    return StoreFullError(f"the disk under {name} is full", hint="free space; reads go on meanwhile")


def _free_bytes(path: Path) -> int:
    stat = os.statvfs(path)
    return stat.f_bavail * stat.f_frsize


def _translate_lmdb(name: str, exc: lmdb.Error) -> StoreError | None:
    if isinstance(exc, lmdb.MapFullError):
        setting = _MAP_SETTING.get(name, "the map size")
        return StoreFullError(f"{name} has reached its map size", hint=f"raise {setting} and restart")
    if isinstance(exc, _CORRUPT):
        return StoreCorruptError(
            f"{name} is damaged: {exc}", hint="run `foreword store check`, then restore a backup"
        )
    for kinds, made, message, hint in _MEANINGS:
        if isinstance(exc, kinds):
            return made(f"{name} {message}", hint=hint)
    return None
