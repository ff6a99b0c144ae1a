"""The due index of millions: how soon a restart is ready, what a claim takes, and what planning a night takes."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from benchmarks.daemons import cpu_seconds
from benchmarks.due_store import NOON_MS, write_store
from benchmarks.table import Table
from benchmarks.waiting import GIVE_UP_SECONDS, until
from foreword.clock import DAY_MS, HOUR_MS, ManualClock, format_time_ms
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.store import ActivityReader, ProfileReader, ProfileWriter
from foreword.store.files import ACTIVITY, DATA_FILE, PROFILES
from foreword.store.upkeep import store_stats
from foreword.v1.refresh_pb2 import RefreshOutcome
from scheduler.agent.refresh import RefreshInput, RefreshResult
from scheduler.attempt import Attempt, Refresher
from scheduler.attempt_writer import AttemptWriter
from scheduler.due import by_cadence
from scheduler.health import Health
from scheduler.mapped_pages import release_pages
from scheduler.pauses import Pauses
from scheduler.populations import Populations
from scheduler.review import Reviewer
from scheduler.runner import Runner
from scheduler.shaping import Shaping

USERS = 1_000_000
BOUND_USERS = 10_000_000
CLAIMED = 10_000
_STARTS = 3
_RELEASE_SECONDS = 5.0
_MAP_BYTES = 64 << 30
_NIGHT_MS = NOON_MS - 12 * HOUR_MS + DAY_MS + 4 * HOUR_MS


def run(users: int = USERS) -> Table:
    """Make a store of so many users, and measure."""
    table = Table(
        "due_scale" if users == USERS else f"due_scale_{users}",
        f"The due index with {users:,} users",
        "python -m benchmarks due_scale"
        if users == USERS
        else f"python -m benchmarks.due_scale --users {users}",
        ("what", "value", "bound at 10,000,000", "note"),
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        config = _config(store)
        began = time.perf_counter()
        write_store(store, users, config)
        table.notes.append(f"Made in {time.perf_counter() - began:,.0f} s.")
        _add_sizes(table, store)
        _add_starts(table, store)
        _add_due_count(table, store)
        _add_claim(table, store, config)
        _add_review(table, store, config, users)
    table.notes += [
        "A fifth of the users is refreshed nightly, three tenths every 3 days, half when read; each has a row of "
        "activity with up to 56 days, a refresh state, and a profile of 40 bytes: the header, which is what a review "
        "reads. Real ones of 8 KB are on pages of their own, one more to read a user.",
        "`page cache emptied` has the kernel drop the pages of both files before the start; python and the libraries "
        "stay in it.",
    ]
    return table


def _config(store: Path) -> Config:
    return Config.model_validate({"store": {"directory": str(store)}})


# -- sizes and starts -------------------------------------------------------------------------------------------


def _add_sizes(table: Table, store: Path) -> None:
    for environment in store_stats(store):
        rows = ", ".join(
            f"{each.name.split('.')[1]} {each.bytes / each.entries:,.0f} B a row"
            for each in environment.databases
            if each.entries > 1000
        )
        table.add(f"{environment.name} on disk", f"{environment.disk_bytes / 1e9:.2f} GB", "", rows)


def _add_starts(table: Table, store: Path) -> None:
    for title, empties in (("page cache emptied", True), ("page cache warm", False)):
        sidecar = [_sidecar_seconds(store, empties=empties) for _ in range(_STARTS)]
        table.add(
            f"sidecar: started until SERVING, {title}",
            _seconds(sidecar),
            "< 5 s",
            f"median of {_STARTS}, in brackets the slowest",
        )
        scheduler = [_scheduler_seconds(store, empties=empties) for _ in range(_STARTS)]
        table.add(
            f"scheduler: started until the first due refreshes are written, {title}",
            _seconds(scheduler),
            "< 5 s",
            f"the night is due, review under way; median of {_STARTS}",
        )


class _Start(NamedTuple):
    """What a start took, in seconds."""

    wall: float
    cpu: float


def _seconds(taken: list[_Start]) -> str:
    wall, cpu = (sorted(each)[len(taken) // 2] for each in zip(*taken, strict=True))
    return f"{wall:.2f} s ({max(taken).wall:.2f}), {cpu:.2f} s of processor time"


def empty_cache(store: Path) -> None:
    """Have the kernel drop the pages of a store that nobody has mapped."""
    for name in (PROFILES, ACTIVITY):
        descriptor = os.open(store / name / DATA_FILE, os.O_RDONLY)
        try:
            os.fdatasync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _sidecar_seconds(store: Path, *, empties: bool) -> _Start:
    address = f"unix:{store}/s"
    if empties:
        empty_cache(store)
    began = time.perf_counter()
    process = _start(store, "sidecar", address)
    try:
        with grpc.insecure_channel(address) as channel:
            grpc.channel_ready_future(channel).result(timeout=GIVE_UP_SECONDS)
            stub: Any = health_pb2_grpc.HealthStub(channel)
            serving = health_pb2.HealthCheckResponse.SERVING
            until(lambda: stub.Check(health_pb2.HealthCheckRequest()).status == serving, process)
        return _Start(time.perf_counter() - began, cpu_seconds(process.pid))
    finally:
        _end(process)


def _scheduler_seconds(store: Path, *, empties: bool) -> _Start:
    """Return the times from the start of the process to the first commit of refreshes."""
    with closing(ProfileReader(store)) as reader:
        before = reader.ledger_totals().attempts
    if empties:
        empty_cache(store)
    began = time.perf_counter()
    process = _start(store, "scheduler", f"unix:{store}/s")
    try:
        with closing(ProfileReader(store)) as reader:
            until(lambda: reader.ledger_totals().attempts > before, process)
            return _Start(time.perf_counter() - began, cpu_seconds(process.pid))
    finally:
        _end(process)


def _start(store: Path, daemon: str, address: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "FOREWORD_STORE__DIRECTORY": str(store),
        "FOREWORD_SIDECAR__LISTEN": f'["{address}"]',
        "FOREWORD_SCHEDULER__DRAIN_SECONDS": "5",
    }
    command = [sys.executable, "-m", "foreword", daemon, "--as-of", format_time_ms(_NIGHT_MS)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=GIVE_UP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# -- in this process --------------------------------------------------------------------------------------------


class _Parts:
    """The scheduler's parts that are measured, put together as the daemon does, without its life."""

    def __init__(self, store: Path, config: Config, now_ms: int) -> None:
        self.clock = ManualClock(now_ms)
        self.writer = ProfileWriter(store, map_size_bytes=_MAP_BYTES)
        self.profiles = ProfileReader(store)
        self.activity = ActivityReader(store)
        health = Health(self.clock)
        live = FollowedConfig(config, None, health.problems, component="benchmark", at_start={})
        shaping = Shaping(live)
        populations = Populations(self.profiles, lambda: config.window.half_life_days)
        self.refresher = Refresher(
            self.profiles,
            populations,
            self.clock,
            live,
            shaping,
            compute=_never,
            prompt_version="",
        )
        self.attempts = AttemptWriter(self.writer, populations, self.clock, live)
        pauses = Pauses(live)
        runner = Runner(
            self.profiles,
            self.refresher,
            self.attempts,
            clock=self.clock,
            live=live,
            health=health,
            pauses=pauses,
        )
        self.reviewer = Reviewer(
            self.writer, self.profiles, runner, clock=self.clock, live=live, shaping=shaping, pauses=pauses
        )

    def close(self) -> None:
        self.activity.close()
        self.profiles.close()
        self.writer.close()


async def _never(_given: RefreshInput, _config: Config) -> RefreshResult:
    raise AssertionError("nothing is computed here")


def _add_review(table: Table, store: Path, config: Config, users: int) -> None:
    """Look through all users, of whom hardly anybody changes; then with another hour of the night."""
    later = Config.model_validate({"store": {"directory": str(store)}, "scheduler": {"night": "01:00-02:00"}})
    cases = [
        ("one in a hundred changes", config),
        ("another hour of the night: a fifth is scheduled anew", later),
    ]
    # The second writes; with ten million users one of them is as much as anybody waits for.
    for title, each in cases[: 1 if users >= BOUND_USERS else 2]:
        with closing(_Parts(store, each, NOON_MS)) as parts:
            gc.collect()
            changed, seconds, cpu, peak, peak_file = asyncio.run(_reviewed(parts, store.resolve()))
        table.add(
            f"classify and plan a night, {title}",
            f"{users / seconds:,.0f} users a second; {1e6 * cpu / users:.1f} µs of processor time a user",
            "",
            f"{changed:,} changed",
        )
        table.add(
            f"the same for {BOUND_USERS:,}",
            f"{cpu / users * BOUND_USERS / 60:.1f} min of one core",
            "< 10 min",
            "measured" if users == BOUND_USERS else f"extrapolated from {users:,}",
        )
        table.add(
            "resident at most",
            f"{peak / 1e6:,.0f} MB, of it {peak_file / 1e6:,.0f} MB mapped pages of files",
            "< 1 GB",
            f"pages are let go every {_RELEASE_SECONDS:g} s, as by the daemon",
        )


async def _reviewed(parts: _Parts, store: Path) -> tuple[int, float, float, int, int]:
    peak = [0, 0]
    environments = [store / name for name in (PROFILES, ACTIVITY)]

    async def watch() -> None:
        released = time.monotonic()
        while True:
            total, file = _resident_bytes()
            if total > peak[0]:
                peak[:] = total, file
            if time.monotonic() - released > _RELEASE_SECONDS:
                release_pages(environments)
                released = time.monotonic()
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    began, cpu = time.perf_counter(), time.process_time()
    changed = await parts.reviewer.run(parts.activity)
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return changed, seconds, used, peak[0], peak[1]


def _resident_bytes() -> tuple[int, int]:
    """Return this process's resident memory, and how much of it is pages of files."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    page = os.sysconf("SC_PAGE_SIZE")
    return int(fields[1]) * page, int(fields[2]) * page


def _add_claim(table: Table, store: Path, config: Config) -> None:
    """Claim the users who have been due longest, and put off what was claimed."""
    with closing(_Parts(store, config, _NIGHT_MS)) as parts:
        for title, empties in (
            ("page cache emptied", True),
            ("page cache warm", False),
            ("once more", False),
        ):
            if empties:
                empty_cache(store)
            began, cpu = time.perf_counter(), time.process_time()
            rows = parts.profiles.due(parts.clock.now_ms() + 1, CLAIMED)
            listed = time.perf_counter() - began
            claimed = [attempt for _, user in rows if (attempt := parts.refresher.claim(user)) is not None]
            seconds, used = time.perf_counter() - began, time.process_time() - cpu
            table.add(
                f"claim of {len(claimed):,} due users, {title}",
                f"{1e3 * seconds:.0f} ms, {1e3 * used:.0f} ms of processor time",
                "≤ 100 ms",
                f"of it {1e3 * listed:.0f} ms to list them",
            )
        for attempt in claimed:
            attempt.outcome = RefreshOutcome.REFRESH_OUTCOME_UNCHANGED
            attempt.segment = attempt.state.segment
        half = len(claimed) // 2
        _add_schedule(table, parts, config, claimed[:half])
        size = config.scheduler.batch_users
        began, cpu = time.perf_counter(), time.process_time()
        for first in range(half, len(claimed), size):
            parts.attempts.write(claimed[first : first + size])
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        table.add(
            f"the end of {len(claimed) - half:,} refreshes written, {size} a synced commit",
            f"{1e3 * seconds:.0f} ms, {1e3 * used / (len(claimed) - half):.3f} ms of processor time each",
            "",
            "found nothing new: state, due time, ledger, hours of the profile",
        )


def _add_schedule(table: Table, parts: _Parts, config: Config, claimed: list[Attempt]) -> None:
    now_ms = parts.clock.now_ms()
    began, cpu = time.perf_counter(), time.process_time()
    with parts.writer.begin() as txn:
        for attempt in claimed:
            due = by_cadence(attempt.state.segment, attempt.user, now_ms, now_ms, config)
            due.put(attempt.state)
            txn.schedule(attempt.user, attempt.state)
        put = time.perf_counter()
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    table.add(
        f"{len(claimed):,} users rescheduled in one synced transaction",
        f"{1e3 * seconds:.0f} ms, {1e3 * used:.0f} ms of processor time",
        "",
        f"of it {1e3 * (began + seconds - put):.0f} ms for the commit",
    )


def _add_due_count(table: Table, store: Path) -> None:
    with closing(ProfileReader(store)) as reader:
        began = time.perf_counter()
        due = reader.due_count(_NIGHT_MS)
        table.add(
            "counting who is due",
            f"{1e3 * (time.perf_counter() - began):.0f} ms",
            "",
            f"{due:,} users, for status",
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--keep", action="store_true", help="write the table to benchmarks/results")
    given = parser.parse_args()
    made = run(given.users)
    if given.keep:
        made.keep()
    print(made.markdown())
