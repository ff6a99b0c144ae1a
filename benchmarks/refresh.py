"""Refreshing: users a second on real activity, and the scheduler's memory at 100,000 users."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.daemons import cpu_seconds, resident_bytes, scheduler
from benchmarks.population import NOW_MS, made_events
from benchmarks.table import Table, ratio
from foreword import keys
from foreword.clock import format_time_ms
from foreword.errors import ForewordError
from foreword.store import ActivityReader, ActivityWriter, NewEvent, ProfileReader
from foreword.store.profile_reader import open_when_present
from foreword.v1.refresh_pb2 import RefreshOutcome

MANY_USERS = 100_000
DEFAULT_BATCH_USERS = 64
EVENTS_PER_USER = 5
GIVE_UP_SECONDS = 1_800


def run() -> Table:
    """Measure the git-activity files (FOREWORD_DATA) and a made population."""
    table = Table(
        "refresh",
        "Extractive refresh by `foreword scheduler`",
        "python -m benchmarks refresh",
        (
            "activity",
            "users a commit",
            "users",
            "with a profile of their own",
            "users a second",
            "users a second of processor time",
            "of these",
            "resident MB",
        ),
    )
    for batch_users in (DEFAULT_BATCH_USERS, 1):
        with tempfile.TemporaryDirectory() as folder:
            store = Path(folder)
            as_of = _import_git_activity(store)
            _measure(table, "git-activity files", store, as_of=as_of, batch_users=batch_users)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        _write_population(store)
        as_of = format_time_ms(NOW_MS + 86_400_000)
        _measure(table, "made population", store, as_of=as_of, batch_users=DEFAULT_BATCH_USERS)
    table.notes += [
        "From the scheduler's start until every user has a profile: its own start-up, reading, aggregating, rendering "
        "and synced writes.",
        "Who has fewer events than the cold-start limit gets the default profile; `of these` are users a second of "
        "processor time as if only the others had been refreshed.",
        "Resident memory leaves out the mapped store. Aim: 300 users a second a core; under 300 MB at 100,000 users.",
    ]
    return table


def git_activity_files() -> list[Path]:
    """Return the files of commits as events, of eight repositories."""
    folder = Path(os.environ.get("FOREWORD_DATA", "../shared/data")) / "git-activity"
    files = sorted(folder.glob("*.jsonl.gz"))
    if not files:
        raise ForewordError(
            f"no git-activity files in {folder}", hint="set FOREWORD_DATA to the folder of the data"
        )
    return files


def _import_git_activity(store: Path) -> str:
    files = git_activity_files()
    environment = {**os.environ, "FOREWORD_STORE__DIRECTORY": str(store)}
    command = [sys.executable, "-m", "foreword", "--json", "import", "events", *map(str, files)]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    reader = ActivityReader(store)
    newest = max(activity.last_seen_ms for _, activity in reader.users(limit=1_000_000))
    reader.close()
    return format_time_ms(newest + 86_400_000)


def _write_population(store: Path) -> None:
    writer = ActivityWriter(store, map_size_bytes=64 << 30)
    for first in range(0, MANY_USERS * EVENTS_PER_USER, 10_000):
        # Every user in turn, so that each has the same small number of events.
        events = made_events(10_000, MANY_USERS, first=first, seed=first)
        rows = []
        for number, event in enumerate(events):
            event.user_id = f"user-{(first + number) % MANY_USERS:09d}"
            body = event.SerializeToString()
            rows.append(
                NewEvent(
                    keys.user_key(event.user_id), event.event_id, event.time.ToMilliseconds(), body, False
                )
            )
        with writer.begin() as txn:
            txn.record(rows, NOW_MS)
    writer.close()


def _measure(table: Table, activity: str, store: Path, *, as_of: str, batch_users: int) -> None:
    reader = ActivityReader(store)
    users = reader.count(b"users")
    reader.close()
    os.environ["FOREWORD_SCHEDULER__BATCH_USERS"] = str(batch_users)
    started = time.perf_counter()
    with scheduler(store, as_of=as_of) as pid:
        resident, own = _wait_until_done(store, users, pid)
        wall, used = time.perf_counter() - started, cpu_seconds(pid)
    del os.environ["FOREWORD_SCHEDULER__BATCH_USERS"]
    table.add(
        activity,
        str(batch_users),
        f"{users:,}",
        f"{own:,}",
        f"{users / wall:,.0f} ({ratio(users / wall, 300)} of 300)",
        f"{users / used:,.0f}",
        f"{own / used:,.0f}",
        f"{resident / 1e6:.0f}",
    )


def _wait_until_done(store: Path, users: int, pid: int) -> tuple[int, int]:
    """Return the largest resident memory seen until every user was attempted, and who has a profile of their own."""
    largest = 0
    deadline = time.monotonic() + GIVE_UP_SECONDS
    reader: ProfileReader | None = None
    while time.monotonic() < deadline:
        reader = reader or open_when_present(store)
        largest = max(largest, resident_bytes(pid))
        if reader is not None and reader.count(b"profiles") >= users:
            written = RefreshOutcome.REFRESH_OUTCOME_WRITTEN
            own = len({entry.user_key for entry in reader.every_attempt() if entry.outcome == written})
            reader.close()
            return largest, own
        time.sleep(0.25)
    raise TimeoutError(f"not done after {GIVE_UP_SECONDS} s")
