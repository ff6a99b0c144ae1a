"""Reading in process: by py-lmdb, by foreword-native, and a GET by redis-py, in turns over the same users."""

from __future__ import annotations

import contextlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.population import NOW_MS, PROFILE_BYTES, user_id, write_profiles
from benchmarks.table import Table, ratio
from foreword.clock import Clock, ManualClock
from foreword.defaults import default_foreword, default_profile
from foreword.errors import MissingExtraError
from foreword.latency import call_times_us, percentile
from foreword.local import LocalReader
from foreword.store import ActivityWriter, ProfileReader, ProfileWriter

USERS = 100_000
ROUNDS = 7
READS = 10_000
_REDIS = "redis-py GET, unix socket"
_CALLS: dict[str, Callable[[LocalReader], Callable[[str], object]]] = {
    "profile as bytes": lambda reader: reader.profile_response,
    "foreword as bytes": lambda reader: reader.foreword_response,
    "text": lambda reader: reader.text,
    "text in 60 tokens": lambda reader: lambda user: reader.text(user, 60),
    "default, as bytes": lambda reader: lambda user: reader.profile_response(user[5:]),
}

Times = dict[tuple[str, str], list[tuple[float, float]]]


def run(user_count: int = USERS, rounds: int = ROUNDS) -> Table:
    """Measure all of them; redis where its server and redis-py are installed.

    Raises:
        MissingExtraError: foreword-native is not installed.
    """
    times: Times = {}
    with tempfile.TemporaryDirectory(prefix="fw") as folder:
        store = Path(folder) / "store"
        write_profiles(store, user_count)
        # A store that is in use has both files: each read looks for a pending erasure.
        ActivityWriter(store, map_size_bytes=1 << 26).close()
        _write_default(store)
        dice = random.Random(user_count)
        with _redis(Path(folder), store, user_count) as redis:
            for _ in range(rounds):
                users = [user_id(dice.randrange(user_count)) for _ in range(READS)]
                for native in (False, True):
                    _read(times, store, users, native=native)
                if redis is not None:
                    _note(times, ("profile as bytes", _REDIS), redis.get, users[: READS // 5])
    return _table(times, user_count, rounds)


def _write_default(store: Path) -> None:
    writer = ProfileWriter(store, map_size_bytes=64 << 30)
    with writer.begin() as txn:
        txn.put_defaults(default_profile(), default_foreword())
    writer.close()


def _read(times: Times, store: Path, users: list[str], *, native: bool) -> None:
    clock: Clock = ManualClock(NOW_MS)
    with LocalReader(store, clock=clock, native=native) as reader:
        if reader.native is not native:
            raise MissingExtraError("reading natively (make native)", "native")
        for name, call in _CALLS.items():
            _note(times, (name, "native" if native else "python"), call(reader), users)


def _note(times: Times, key: tuple[str, str], call: Callable[[str], object], users: list[str]) -> None:
    call_times_us(call, users[: len(users) // 5])
    taken = call_times_us(call, users)
    times.setdefault(key, []).append((percentile(taken, 0.5), percentile(taken, 0.99)))


@contextlib.contextmanager
def _redis(folder: Path, store: Path, user_count: int) -> Iterator[Any]:
    """Yield a client of a redis-server that holds the same profiles; None where there is none."""
    try:
        import redis
    except ImportError:
        yield None
        return
    if shutil.which("redis-server") is None:
        yield None
        return
    path = folder / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            client = redis.Redis(unix_socket_path=str(path))
            while process.poll() is None and not path.is_socket():
                time.sleep(0.01)
            _fill(client, store, user_count)
            yield client
        finally:
            process.terminate()


def _fill(client: Any, store: Path, user_count: int) -> None:
    reader = ProfileReader(store)
    pipeline = client.pipeline(transaction=False)
    for key, row in (pair for start in _pages(reader) for pair in start):
        pipeline.set(key[2:], row[40:])
        if len(pipeline) == 1000:
            pipeline.execute()
    pipeline.execute()
    reader.close()
    assert client.dbsize() == user_count


def _pages(reader: ProfileReader) -> Iterator[list[tuple[bytes, bytes]]]:
    after = b""
    while page := reader.rows_beyond(after, b"", 5000):
        yield [(bytes(user), row) for user, row in page]
        after = page[-1][0]


def _table(times: Times, user_count: int, rounds: int) -> Table:
    table = Table(
        "local_read",
        "Reading in process, by py-lmdb and by foreword-native",
        "python -m benchmarks local_read",
        ("read", "by", "p50 µs", "p99 µs", "to python p50"),
    )
    medians = {
        key: tuple(statistics.median(each) for each in zip(*values, strict=True))
        for key, values in times.items()
    }
    for (name, by), (p50, p99) in sorted(medians.items(), key=lambda item: list(_CALLS).index(item[0][0])):
        table.add(name, by, f"{p50:.2f}", f"{p99:.2f}", ratio(p50, medians[name, "python"][0]))
    table.notes += [
        f"{user_count:,} profiles of {PROFILE_BYTES} bytes, store in the page cache; medians of {rounds} rounds in "
        f"which they take turns, {READS:,} reads of random users in each, one at a time.",
        "Each read looks for a pending erasure, finds the row, verifies its checksum and decides freshness.",
        "Aim: native ≤ 0.5 ×.",
    ]
    if ("profile as bytes", _REDIS) not in times:
        table.notes.append("redis-server or redis-py is not installed, so neither was measured.")
    return table


if __name__ == "__main__":
    # In seconds, and kept nowhere: for a look while working on it.
    print(run(1_000, 3).markdown() if "--quick" in sys.argv else run().markdown())
