"""One unchanging view of an environment, for looking through all of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foreword import keys
from foreword.errors import StoreCorruptError
from foreword.store import databases as db
from foreword.store.environment import Environment
from foreword.store.files import ACTIVITY, DATA_FILE, PROFILES
from foreword.store.pages import META_PAGES
from foreword.store.reader import prefixed
from foreword.store.sharing import open_environment
from foreword.store.translation import translated

# Behind the page header: magic, version, address, map size, two trees of 48 bytes, last page. Format 0.9, 64 bit.
_TXNID_OFFSET = 16 + 24 + 2 * 48 + 8
# Each attempt takes microseconds, two commits take a millisecond: more than a few mean a damaged file.
_ATTEMPTS_MAX = 100

DATABASES = {PROFILES: db.PROFILE_DATABASES, ACTIVITY: db.ACTIVITY_DATABASES}


class Snapshot:
    """An environment as it was at one moment; writers go on meanwhile, and their freed pages wait for it.

    Attributes:
        name: `profiles.lmdb` or `activity.lmdb`.
        part: `profiles` or `activity`, as in `profiles.due`.
        head: The file's two meta pages as they belong to this view.
    """

    def __init__(self, environment: Environment, txn: Any, head: bytes = b"") -> None:
        self.environment = environment
        self.head = head
        self.txn = txn
        self.name = environment.name
        self.part = environment.name.removesuffix(".lmdb")

    def get(self, database: bytes, key: bytes) -> bytes | None:
        """Return a row, or None."""
        handle = self.environment.handles.get(database)
        row: bytes | None = None if handle is None else self.txn.get(key, db=handle)
        return row

    def rows(self, database: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield all rows of a database in key order."""
        handle = self.environment.handles.get(database)
        if handle is not None:
            yield from self.txn.cursor(db=handle)

    def prefixed(self, database: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield the rows whose key begins with `prefix`, in key order."""
        yield from prefixed(self.txn.cursor(db=self.environment.handles[database]), prefix)

    def every_database(self) -> dict[bytes, Any]:
        """Return the handles of all databases, by name; also of those that this version does not know."""
        # They are the rows of the environment's own unnamed database.
        names = [bytes(name) for name in self.txn.cursor().iternext(values=False)]
        return {name: self.environment.lmdb.open_db(name, txn=self.txn, create=False) for name in names}

    def counter(self, name: bytes) -> int:
        """Return a number kept in `meta`; 0 when it is not there."""
        return keys.read_u64(self.get(db.META, name) or bytes(8))


@contextmanager
def open_snapshot(path: Path) -> Iterator[Snapshot]:
    """Open the environment at `path` for reading and hold one view of it for the block.

    Raises:
        StoreError: It cannot be opened or read.
    """
    environment = open_environment(path, DATABASES[path.name], readonly=True)
    try:
        with translated(path.name):
            txn, head = _begin_with_head(environment)
            with txn:
                yield Snapshot(environment, txn, head)
    finally:
        environment.close()


def _begin_with_head(environment: Environment) -> tuple[Any, bytes]:
    """Begin a transaction and read the meta page it goes by before a second commit replaces that page."""
    page_bytes = environment.lmdb.stat()["psize"]
    for _ in range(_ATTEMPTS_MAX):
        txn = environment.begin()
        with (environment.path / DATA_FILE).open("rb") as file:
            head = _as_of(file.read(META_PAGES * page_bytes), page_bytes, txn.id())
        if head is not None:
            return txn, head
        txn.abort()
    raise StoreCorruptError(f"{environment.name} has no meta page of its newest transaction")


def _as_of(head: bytes, page_bytes: int, transaction: int) -> bytes | None:
    """Return the meta pages with a later one shown as never used; None when the transaction's own is gone."""
    shown = bytearray(head)
    found = False
    for page in range(META_PAGES):
        place = slice(page * page_bytes + _TXNID_OFFSET, page * page_bytes + _TXNID_OFFSET + 8)
        number = int.from_bytes(shown[place], sys.byteorder)
        found = found or number == transaction
        if number > transaction:
            shown[place] = bytes(8)
    return bytes(shown) if found else None


def present(directory: Path) -> list[Path]:
    """Return the environments that a store has, the profiles first.

    Views taken in this order agree: what the scheduler has consumed is then also in the view of the activity.
    """
    return [directory / name for name in (PROFILES, ACTIVITY) if (directory / name / DATA_FILE).exists()]
