"""Reading in process: from lookup to response bytes, against SQLite on the same rows, from 1,000 users to 1,000,000."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.population import NOW_MS, PROFILE_BYTES, user_id, write_profiles
from benchmarks.table import Table, ratio
from foreword import keys
from foreword.clock import ManualClock
from foreword.latency import call_times_us, percentile
from foreword.local import LocalReader
from foreword.store import ProfileReader

USER_COUNTS = (1_000, 100_000, 1_000_000)
READS = 100_000
WARM_UP = 20_000


def run(user_counts: tuple[int, ...] = USER_COUNTS) -> Table:
    """Measure both sides at each size."""
    table = Table(
        "read_path",
        "Read path in process: lookup to response bytes",
        "python -m benchmarks read_path",
        ("users", "side", "p50 µs", "p99 µs", "to Foreword p50"),
    )
    for count in user_counts:
        with tempfile.TemporaryDirectory() as folder:
            _measure(table, Path(folder), count)
    table.notes += [
        f"{PROFILE_BYTES}-byte profiles, {READS:,} reads of random users, one at a time, store in the page cache.",
        "Foreword: checksum verified, freshness decided, GetProfileResponse bytes ready to send.",
        "SQLite: WAL, 1 GiB mmap, one prepared statement by primary key, the row's bytes and nothing else.",
        "LMDB: a lookup alone, the floor.",
        "Aim: p50 ≤ 5 µs, p99 ≤ 25 µs at 100,000 users; p50 within ±25 % over all sizes.",
    ]
    return table


def _measure(table: Table, folder: Path, count: int) -> None:
    write_profiles(folder, count)
    dice = random.Random(count)
    users = [user_id(dice.randrange(count)) for _ in range(READS)]
    foreword = LocalReader(folder, clock=ManualClock(NOW_MS))
    rows = ProfileReader(folder)
    database = _copy_to_sqlite(folder, rows, count)
    query = "SELECT body FROM profiles WHERE user = ?"
    begin, handle = rows.environment.lmdb.begin, rows.environment.handles[b"profiles"]

    def lookup(user: str) -> bytes:
        with begin(db=handle) as txn:
            body: bytes = txn.get(keys.user_key(user))
            return body

    sides: dict[str, Callable[[str], bytes]] = {
        "Foreword": foreword.profile_response,
        "SQLite": lambda user: database.execute(query, (user,)).fetchone()[0],
        "LMDB": lookup,
    }
    timings = {name: _time(read, users) for name, read in sides.items()}
    ours = percentile(timings["Foreword"], 0.5)
    for name, values in timings.items():
        p50, p99 = percentile(values, 0.5), percentile(values, 0.99)
        table.add(f"{count:,}", name, f"{p50:.2f}", f"{p99:.2f}", ratio(p50, ours))
    foreword.close()
    rows.close()
    database.close()


def _copy_to_sqlite(folder: Path, reader: ProfileReader, count: int) -> sqlite3.Connection:
    database = sqlite3.connect(folder / "rival.sqlite")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute(f"PRAGMA mmap_size={1 << 30}")
    database.execute("CREATE TABLE profiles (user TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID")
    rows = ((user_id(n), reader.profile_row(keys.user_key(user_id(n)))) for n in range(count))
    with database:
        database.executemany("INSERT INTO profiles VALUES (?, ?)", rows)
    return database


def _time(read: Callable[[str], bytes], users: list[str]) -> list[float]:
    call_times_us(read, users[:WARM_UP])
    return call_times_us(read, users)
