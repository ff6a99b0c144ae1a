"""Sizes of a store, for its operator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreword.store.files import DATA_FILE
from foreword.store.pages import META_PAGES
from foreword.store.snapshot import Snapshot, open_snapshot, present
from foreword.store.translation import translated
from foreword.store.views import oldest_view, slots


@dataclass(frozen=True)
class DatabaseStats:
    """Sizes of one database."""

    name: str
    """The database, such as `profiles.due`."""
    entries: int
    """Rows."""
    depth: int
    """Pages from root to leaf."""
    bytes: int
    """Bytes of its pages."""


@dataclass(frozen=True)
class EnvironmentStats:
    """Sizes of one environment."""

    name: str
    """`profiles.lmdb` or `activity.lmdb`."""
    file_bytes: int
    """Length of the data file."""
    disk_bytes: int
    """What it takes on disk; less when the file has holes."""
    map_bytes: int
    """Most it may grow to."""
    used_share: float
    """Share of the map that the file's pages take, 0 to 1; free pages included."""
    free_pages: int
    """Pages in the file that hold nothing and will be written again; a compaction removes them. About: LMDB's own
    list of them is counted with them."""
    page_bytes: int
    """Bytes of a page."""
    transaction: int
    """Newest transaction."""
    readers: int
    """Reader slots in use."""
    readers_max: int
    """Reader slots."""
    oldest_reader_lag: int
    """Transactions between the oldest view that is held and the newest. 0 without one."""
    oldest_reader_pages: int
    """Pages freed since, which are not used again while it is held."""
    oldest_reader_pid: int
    """The process that holds it; 0 without one."""
    databases: tuple[DatabaseStats, ...]
    """In the order of the store format."""


def store_stats(directory: Path) -> list[EnvironmentStats]:
    """Return the sizes of each environment that is there.

    Raises:
        StoreError: One cannot be read.
    """
    found = []
    for path in present(directory):
        with open_snapshot(path) as snapshot, translated(path.name):
            found.append(_environment(snapshot))
    return found


def _environment(snapshot: Snapshot) -> EnvironmentStats:
    environment = snapshot.environment
    info, page_bytes = environment.lmdb.info(), environment.lmdb.stat()["psize"]
    file = (environment.path / DATA_FILE).stat()
    databases = tuple(
        _database(snapshot, name, snapshot.txn.stat(handle)) for name, handle in environment.handles.items()
    )
    oldest = oldest_view(environment.lmdb, beside=snapshot.txn.id())
    pages = info["last_pgno"] + 1
    used = sum(database.bytes for database in databases) // page_bytes + _pages(environment.lmdb.stat())
    return EnvironmentStats(
        name=environment.name,
        file_bytes=file.st_size,
        disk_bytes=file.st_blocks * 512,
        map_bytes=info["map_size"],
        used_share=pages * page_bytes / info["map_size"],
        free_pages=max(0, pages - META_PAGES - used),
        page_bytes=page_bytes,
        transaction=info["last_txnid"],
        # Looking takes one.
        readers=max(0, len(slots(environment.lmdb)) - 1),
        readers_max=info["max_readers"],
        oldest_reader_lag=oldest.transactions_behind if oldest is not None else 0,
        oldest_reader_pages=oldest.pages_kept if oldest is not None else 0,
        oldest_reader_pid=oldest.pid if oldest is not None else 0,
        databases=databases,
    )


def _database(snapshot: Snapshot, name: bytes, stat: dict[str, int]) -> DatabaseStats:
    return DatabaseStats(
        name=f"{snapshot.part}.{name.decode()}",
        entries=stat["entries"],
        depth=stat["depth"],
        bytes=_pages(stat) * stat["psize"],
    )


def _pages(stat: Any) -> int:
    pages: int = stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
    return pages
