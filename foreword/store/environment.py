"""One open LMDB environment."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import lmdb

from foreword.store.databases import META
from foreword.store.files import DATA_FILE, inode
from foreword.store.identity import find_identity, open_databases, write_identity
from foreword.store.pages import refuse_cut
from foreword.store.translation import translate, translated, translated_rows, unfinished, write_failure


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

    def __init__(
        self,
        path: Path,
        env: Any,
        databases: Sequence[bytes],
        *,
        readonly: bool,
        release: Callable[[Environment], None],
    ) -> None:
        self.path = path
        self.name = path.name
        self.readonly = readonly
        self.locked = bool(env.flags()["lock"])
        self.lmdb = env
        self._release = release
        with translated(self.name):
            # Before anything is created: a newer or damaged store must be left exactly as it is.
            identity = find_identity(path, env)
            self.handles = open_databases(path, env, databases, identity, create=not readonly)
            if not readonly:
                identity = write_identity(env, self.handles[META], databases, identity)
            if identity is None:
                raise unfinished(path)
            self.id = identity.id
        try:
            self.inode = inode(path / DATA_FILE)
        except OSError as exc:
            raise translate(self.name, exc) from exc

    def has(self, database: bytes) -> bool:
        """Return whether a database is there; one that its writer has made meanwhile is opened."""
        if database not in self.handles:
            with contextlib.suppress(lmdb.NotFoundError), translated_rows(self.name):
                self.handles[database] = self.lmdb.open_db(database, create=False)
        return database in self.handles

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
            raise write_failure(self.path, exc) from exc

    @property
    def last_transaction(self) -> int:
        """Number of the newest commit, by any process; a microsecond to read.

        It starts anew in a restored or compacted environment: compare for difference, not for order.
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
            return inode(self.path / DATA_FILE) != self.inode
        except FileNotFoundError:
            return False

    def refuse_cut(self) -> None:
        """Refuse to go on with a data file that was cut short since it was opened; some 20 microseconds.

        Raises:
            StoreCorruptError: It was. Nothing of the environment may be touched any more: the first page that is
                missing ends the process.
        """
        if not self.was_replaced():
            refuse_cut(self.path)

    def close(self) -> None:
        """Give up this user's share; the last one closes the mapping."""
        self._release(self)
