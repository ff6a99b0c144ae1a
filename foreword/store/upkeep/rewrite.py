"""Writing an environment anew, row by row."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import lmdb

from foreword.errors import StoreCorruptError, StoreError, StoreFullError
from foreword.store.engine import create_lmdb
from foreword.store.files import make_directory
from foreword.store.snapshot import Snapshot
from foreword.store.swap import sync_environment
from foreword.store.translation import translate, write_failure

Progress = Callable[[str, int, int], None]
"""Takes an environment's name, what is done of it, and how much there is."""

# Of the largest rows, 20 KiB, these are 80 MB in memory; of usual ones enough that a commit costs nothing beside them.
_BATCH_ROWS = 4_000
# Each batch copies the tree's right edge, a few pages, before it frees the former: room beyond a map that was full.
_SLACK_BYTES = 1 << 26


def rewrite(snapshot: Snapshot, path: Path, progress: Progress | None = None) -> None:
    """Write every row that a snapshot sees into a new environment at `path`, synced to disk.

    LMDB's own copy takes over whole pages, and with them whatever rows were removed from those: it leaves out free
    pages only. Here nothing but rows is written, into pages that begin as zeros, so no byte of a removed row is in
    the new file. Databases that this version does not know come along.

    Args:
        snapshot: What is written.
        path: The new environment's folder; made.
        progress: Called after each batch with the environment's name, the rows written and the rows to write.

    Raises:
        StoreFullError: The disk under `path` is full.
        StoreNotWritableError: It cannot be written.
        StoreCorruptError: The snapshot's rows cannot be read, or are not in order.
    """
    make_directory(path)
    try:
        _write(snapshot, path, progress or _ignore)
    except lmdb.Error as exc:
        raise _failure(snapshot.name, path, exc) from exc
    sync_environment(path)


def row_counts(snapshot: Snapshot) -> dict[bytes, int]:
    """Return the number of rows of every database in a snapshot, by name."""
    return {name: snapshot.txn.stat(handle)["entries"] for name, handle in snapshot.every_database().items()}


def _write(snapshot: Snapshot, path: Path, progress: Progress) -> None:
    counts = row_counts(snapshot)
    map_bytes = snapshot.environment.lmdb.info()["map_size"] + _SLACK_BYTES
    with closing(create_lmdb(path, map_bytes, len(counts))) as target:
        done = 0
        for batch_rows in _append(snapshot, target):
            done += batch_rows
            progress(snapshot.name, done, sum(counts.values()))
        target.sync(True)
        written = {name: _entries(target, name) for name in counts}
    if written != counts:
        raise StoreCorruptError(
            f"the rows of {snapshot.name} are not in order, or not as many as it counts",
            hint="run `foreword store check`, then restore a backup",
            store=snapshot.name,
        )


def _append(snapshot: Snapshot, target: Any) -> Iterator[int]:
    """Write all rows in key order, and yield how many each transaction took.

    A transaction goes on from one database to the next: small stores are written in one, which leaves no former page.
    """
    sources = deque(
        (target.open_db(name), snapshot.txn.cursor(db=handle).iternext())
        for name, handle in snapshot.every_database().items()
    )
    while sources:
        room = _BATCH_ROWS
        with target.begin(write=True) as txn:
            while sources and room:
                handle, rows = sources[0]
                # One that does not come after the row before it is left out, and missed in the count.
                offered, _ = txn.cursor(db=handle).putmulti(islice(rows, room), append=True)
                room -= offered
                if room:
                    sources.popleft()
        yield _BATCH_ROWS - room


def _entries(target: Any, name: bytes) -> int:
    handle = target.open_db(name, create=False)
    with target.begin() as txn:
        entries: int = txn.stat(handle)["entries"]
        return entries


def _failure(name: str, path: Path, exc: lmdb.Error) -> StoreError:
    error = write_failure(path, exc) if exc.code == errno.EIO else translate(name, exc)
    if isinstance(error, StoreFullError):
        return StoreFullError(f"the disk under {path} is full", hint="free space; the store is as it was")
    return error


def _ignore(_name: str, _done: int, _total: int) -> None:
    """Tell nobody."""
