"""Sizes of a store, for its operator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreword.store.environment import Environment
from foreword.store.files import DATA_FILE
from foreword.store.pages import META_PAGES
from foreword.store.snapshot import Snapshot, open_snapshot, present
from foreword.store.translation import translated


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
    """Transactions between the oldest open reader and the newest; pages freed since are kept for it. 0 without
    an open reader."""
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
        readers=_readers(environment),
        readers_max=info["max_readers"],
        oldest_reader_lag=_oldest_lag(environment, snapshot.txn.id(), info["last_txnid"]),
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


def _slots(environment: Environment) -> list[list[str]]:
    """Return the lines of LMDB's reader table as `[pid, thread, transaction or -]`, without its heading."""
    lines = [line.split() for line in environment.lmdb.readers().splitlines()]
    return [line for line in lines if len(line) == 3 and line[0].isdigit()]


def _readers(environment: Environment) -> int:
    # This function's own view takes one.
    return max(0, len(_slots(environment)) - 1)


def _oldest_lag(environment: Environment, own: int, newest: int) -> int:
    held = [int(line[2]) for line in _slots(environment) if line[2].isdigit()]
    if own in held:
        held.remove(own)
    return max(0, newest - min(held, default=newest))
