"""What the readers of both environments share: following a replaced store, and plain lookups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, takewhile
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import lmdb

from foreword.keys import EnvironmentId
from foreword.store.databases import META
from foreword.store.environment import Environment
from foreword.store.files import DATA_FILE
from foreword.store.sharing import open_environment
from foreword.store.translation import translate, translated
from foreword.store.views import View, oldest_view, slots

T = TypeVar("T")
_BATCH_ROWS = 1000


class Reader:
    """Reads one environment while another process writes it. One reader serves all threads of a process.

    Raises:
        StoreMissingError: Nobody has made the environment yet.
    """

    def __init__(self, path: Path, databases: Sequence[bytes], *, readers_max: int) -> None:
        self._path = path
        self._databases = tuple(databases)
        self._readers_max = readers_max
        # One reference holds transactions and handles alike, so that a swap in another thread never mixes two.
        self._environment = self._open()
        self._former: Environment | None = None
        self._closed = False

    def _open(self) -> Environment:
        return open_environment(self._path, self._databases, readonly=True, readers_max=self._readers_max)

    @property
    def environment(self) -> Environment:
        """The environment behind the reader."""
        return self._environment

    @property
    def environment_id(self) -> EnvironmentId:
        """16 bytes that tell this environment from one made in its place; kept by backups and compactions."""
        return self._environment.id

    @property
    def last_transaction(self) -> int:
        """Number of the newest commit; changes exactly when something was written.

        LMDB shows the number while the commit is still being synced, a moment before any reader sees its rows:
        whoever remembers what has been read must remember `visible_transaction()`, asked for before reading.
        """
        return self._environment.last_transaction

    def visible_transaction(self) -> int:
        """Return the number of the newest commit whose rows a reader sees."""
        environment = self._environment
        with translated(environment.name), begin(environment, environment.handles[META]) as txn:
            number: int = txn.id()
            return number

    @property
    def file_number(self) -> tuple[int, int]:
        """Device and inode of the data file that is mapped: others once `upkeep` has followed one in its place.

        The id does not tell: what came of one store has it in common, such as two of its datasets.
        """
        return self._environment.inode

    def was_replaced(self) -> bool:
        """Return whether another environment now stands in this one's place; `upkeep` follows it."""
        return self._environment.was_replaced()

    def refuse_cut(self) -> None:
        """Refuse to go on with a data file that was cut short since it was opened; some 20 microseconds.

        Raises:
            StoreCorruptError: It was. Give the reader up without closing it: another thread may be reading.
        """
        self._environment.refuse_cut()

    def file_bytes(self) -> int:
        """Return the size of the data file.

        Raises:
            StoreError: It is not there.
        """
        try:
            return (self._path / DATA_FILE).stat().st_size
        except OSError as exc:
            raise translate(self._environment.name, exc) from exc

    def map_bytes(self) -> int:
        """Return the size that the data file may grow to, as the file was last written with."""
        with translated(self._environment.name):
            size: int = self._environment.lmdb.info()["map_size"]
            return size

    def readers_count(self) -> int:
        """Return how many reader slots are in use, by all processes."""
        with translated(self._environment.name):
            return len(slots(self._environment.lmdb))

    def oldest_view(self) -> View | None:
        """Return the oldest view that any process holds of the environment; None when none is held.

        Milliseconds when many pages wait for it.
        """
        with translated(self._environment.name):
            return oldest_view(self._environment.lmdb)

    def count(self, database: bytes) -> int:
        """Return the number of rows of a database (a name from `foreword.store.databases`)."""
        environment = self._environment
        with translated(environment.name), begin(environment, environment.handles[database]) as txn:
            entries: int = txn.stat(environment.handles[database])["entries"]
            return entries

    def upkeep(self) -> None:
        """Free dead readers' slots, and follow a restored or compacted store that took this one's place."""
        former, self._former = self._former, None
        if former is not None:
            former.close()
        if self._environment.was_replaced():
            # Closed at the next upkeep only: other threads may be reading from it.
            self._former, self._environment = self._environment, self._open()
        else:
            self._environment.reader_check()

    def close(self) -> None:
        """Release the environment."""
        if self._closed:
            return
        self._closed = True
        if self._former is not None:
            self._former.close()
        self._environment.close()

    def get(self, database: bytes, key: bytes) -> bytes | None:
        """Return a row of a database, or None; for a database that is not made yet, None."""
        return self._get(database, key) if self._environment.has(database) else None

    def range(
        self, database: bytes, prefix: bytes = b"", start: bytes = b""
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the rows whose key begins with `prefix`, in key order, from the key `start` on.

        Each thousand rows come from a view of their own; for a database that is not made yet, none come.
        """
        if self._environment.has(database):
            for batch in self._batches(database, prefix, start):
                yield from batch

    def newest_first(self, database: bytes, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Yield the rows whose key begins with `prefix` against their order, the last one first; as `range` does."""
        before = _beyond(prefix)
        while self._environment.has(database):
            with self._reading(database) as txn:
                cursor = txn.cursor()
                is_behind = bool(before) and cursor.set_range(before)
                is_placed = cursor.prev() if is_behind else cursor.last()
                rows = islice(cursor.iterprev(), _BATCH_ROWS) if is_placed else ()
                batch = list(takewhile(lambda row: row[0].startswith(prefix), rows))
            if not batch:
                return
            yield from batch
            before = batch[-1][0]

    def _reading(self, database: bytes) -> _Reading:
        return _Reading(self._environment, database)

    def _batches(
        self, database: bytes, prefix: bytes = b"", start: bytes = b""
    ) -> Iterator[list[tuple[bytes, bytes]]]:
        """Yield rows whose key begins with `prefix`, each batch from a view of its own.

        A view held while the caller streams to a slow reader would keep freed pages, and the file would grow.
        """
        start = start or prefix
        while True:
            with self._reading(database) as txn:
                batch = list(islice(prefixed(txn.cursor(), prefix, start), _BATCH_ROWS))
            if not batch:
                return
            yield batch
            start = batch[-1][0] + b"\0"

    def _get(self, database: bytes, key: bytes) -> bytes | None:
        with self._reading(database) as txn:
            row: bytes | None = txn.get(key)
            return row

    def _again(self, exc: lmdb.Error, environment: Environment, read: Callable[[], T]) -> T:
        """Read once more if that may help; raise `exc` in our words otherwise.

        It does after another process has grown the map, and when `environment` was given up for its successor, and
        closed, between the call's first line and its second.
        """
        if isinstance(exc, lmdb.MapResizedError):
            environment.adopt_map()
        elif environment is self._environment:
            raise translate(environment.name, exc) from exc
        with translated(environment.name):
            return read()


class _Reading(translated):
    """A transaction that reads one database; a class for the reason that `translated` is one."""

    __slots__ = ("_database", "_environment", "_txn")

    def __init__(self, environment: Environment, database: bytes) -> None:
        super().__init__(environment.name)
        self._environment = environment
        self._database = database

    def __enter__(self) -> Any:
        try:
            # Never with `buffers`: a view into the map is a crash once another thread maps it anew.
            self._txn = begin(self._environment, self._environment.handles[self._database])
        except lmdb.Error as exc:
            raise translate(self._name, exc) from exc
        return self._txn

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._txn.abort()
        super().__exit__(kind, exc, trace)


def begin(environment: Environment, handle: Any) -> Any:
    """Return a transaction that reads, with the map as large as another process has made it."""
    try:
        return environment.lmdb.begin(db=handle)
    except lmdb.MapResizedError:
        environment.adopt_map()
        return environment.lmdb.begin(db=handle)


def _beyond(prefix: bytes) -> bytes:
    """Return where the keys end that begin with `prefix`; empty where no key is behind them."""
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else b""


def prefixed(cursor: Any, prefix: bytes, start: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
    """Yield the rows whose key begins with `prefix`, in key order, from the key `start` on.

    A start before the prefix means the prefix: else it would be seen whether anything lies between them.
    """
    if cursor.set_range(max(start, prefix)):
        for key, row in cursor:
            if not key.startswith(prefix):
                return
            yield key, row
