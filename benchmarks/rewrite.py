"""Writing an environment anew: row by row, as `store compact` and `backup` do, beside LMDB's own copy of pages."""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.population import NOW_MS, made_events, user_id, write_profiles
from benchmarks.table import Table, ratio
from foreword import keys
from foreword.admission import admit
from foreword.store import ActivityTransaction, ActivityWriter, ProfileTransaction, ProfileWriter
from foreword.store.files import DATA_FILE
from foreword.store.snapshot import Snapshot, open_snapshot, present
from foreword.store.swap import sync_environment
from foreword.store.upkeep.rewrite import rewrite, row_counts

USERS = 20_000
EVENTS = 200_000
BATCH_EVENTS = 1_000
# Every tenth user is erased again, so that there is something to leave behind.
ERASED_STEP = 10
ROUNDS = 3
AIM_ROWS_PER_SECOND = 100_000


def run() -> Table:
    """Measure both ways on both environments, in turn, and look for erased users in what they made."""
    table = Table(
        "rewrite",
        "An environment written anew: row by row, and by LMDB's copy of pages",
        "python -m benchmarks rewrite",
        ("environment", "rows", "how", "rows/s", "beside the aim", "time", "file MB", "erased ids in it"),
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        _fill(store)
        for path in present(store):
            with open_snapshot(path) as snapshot:
                _measure(table, snapshot, Path(folder))
    table.notes += [
        f"{USERS:,} users with profile, foreword and revision, {EVENTS:,} events; every {ERASED_STEP}th user erased "
        f"before. Median of {ROUNDS} in turn, synced to disk. Erased ids: places in the file that still name one.",
        "Aim: 100,000 rows a second.",
    ]
    return table


def _measure(table: Table, snapshot: Snapshot, folder: Path) -> None:
    rows = sum(row_counts(snapshot).values())
    ways: dict[str, Callable[[Path], None]] = {
        "copy of pages": lambda path: _copy_pages(snapshot, path),
        "row by row": lambda path: rewrite(snapshot, path),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(ROUNDS):
        for way, write in ways.items():
            started = time.perf_counter()
            write(folder / f"{snapshot.part} {way} {number}")
            seconds[way].append(time.perf_counter() - started)
    pages = statistics.median(seconds["copy of pages"])
    for way, taken in seconds.items():
        median, data = statistics.median(taken), folder / f"{snapshot.part} {way} 0" / DATA_FILE
        table.add(
            snapshot.name,
            f"{rows:,}",
            way,
            f"{rows / median:,.0f}",
            ratio(rows / median, AIM_ROWS_PER_SECOND),
            ratio(median, pages),
            f"{data.stat().st_size / 1e6:.0f}",
            f"{_erased_ids(data):,}",
        )


def _copy_pages(snapshot: Snapshot, path: Path) -> None:
    path.mkdir()
    snapshot.environment.lmdb.copy(str(path), compact=True, txn=snapshot.txn)
    sync_environment(path)


def _erased_ids(data: Path) -> int:
    found = re.findall(rb"user-([0-9]{9})", data.read_bytes())
    return sum(int(number) % ERASED_STEP == 0 for number in found)


def _fill(store: Path) -> None:
    write_profiles(store, USERS)
    activity = ActivityWriter(store, map_size_bytes=4 << 30)
    for start in range(0, EVENTS, BATCH_EVENTS):
        events = made_events(BATCH_EVENTS, USERS, first=start, seed=start)
        with activity.begin() as transaction:
            transaction.record(admit(events, NOW_MS).kept, NOW_MS)
    profiles = ProfileWriter(store, map_size_bytes=4 << 30)
    for writer in (activity, profiles):
        for start in range(0, USERS, 100 * ERASED_STEP):
            with writer.begin() as transaction:
                for number in range(start, start + 100 * ERASED_STEP, ERASED_STEP):
                    _erase(transaction, user_id(number))
        writer.close()


def _erase(transaction: ActivityTransaction | ProfileTransaction, name: str) -> None:
    user = keys.user_key(name)
    if isinstance(transaction, ActivityTransaction):
        transaction.erase(user, NOW_MS)
        # As once the scheduler has done its part; until then the user's name is still needed.
        transaction.finish_erasure(user)
    else:
        transaction.erase(user)
