"""A sweep of many users through Message Batches, end to end: as many users as asked for, killed in the middle once.

python -m benchmarks model_batches                    # 2,000 users
python -m benchmarks.model_batches --users 100000     # its own table
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc

from benchmarks.daemons import cpu_seconds, resident_bytes, sidecar
from benchmarks.model_server import RunningModelServer, model_server
from benchmarks.population import user_id
from benchmarks.table import Table
from foreword import keys
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.errors import ForewordError
from foreword.latency import percentile
from foreword.store import ActivityReader, ActivityWriter, NewEvent, ProfileReader, ProfileWriter
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.event_pb2 import Event
from foreword.v1.model_work_pb2 import ModelMode, ModelState
from foreword.v1.profile_pb2 import Profile
from foreword.v1.profile_service_pb2 import GetProfileRequest
from foreword.v1.profile_service_pb2_grpc import ProfileServiceStub
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshReason, RefreshState
from scheduler.agent.population import PopulationView
from scheduler.agent.refresh import RefreshInput, refresh
from scheduler.segments import cadence, classify, validity

DEFAULT_USERS = 2_000
EVENTS_PER_USER = 6
# So many kinds of users; all others are copies of them with names of their own.
_KINDS = 100
_COMMIT_USERS = 2_000
_READ_PAUSE_SECONDS = 0.01
_IDLE_SECONDS = 10.0
_GIVE_UP_SECONDS = 7_200

_CONFIG = """
[store]
directory = "{store}"
ledger_entries_max = 1000000
[agent]
provider = "anthropic"
base_url = "{url}"
batch_wait_seconds = 1
batch_poll_seconds = 1
[budget]
day_micro_usd = 1000000000000
"""


def run(users: int = DEFAULT_USERS) -> Table:
    """Sweep, and measure.

    Raises:
        ForewordError: A library is missing.
    """
    for library in ("aiohttp", "anthropic"):
        if importlib.util.find_spec(library) is None:
            raise ForewordError(f"{library} is not installed", hint="make venv")
    is_default = users == DEFAULT_USERS
    table = Table(
        "model_batches" if is_default else f"model_batches_{users}",
        f"A sweep of {users:,} users through Message Batches",
        "python -m benchmarks model_batches"
        if is_default
        else f"python -m benchmarks.model_batches --users {users}",
        ("figure", "value"),
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        model_server("--latency", "0", "--batch-wait", "0") as server,
    ):
        store = Path(folder) / "store"
        _write_users(store, users)
        sweep = _Sweep(store, server, users)
        with sidecar(store) as (address, _), closing(_Reads(address, users)) as reads:
            idle = reads.during(lambda: time.sleep(_IDLE_SECONDS))
            busy = reads.during(sweep.run)
        for name, value in (
            *sweep.figures(),
            *_read_figures(idle, "idle"),
            *_read_figures(busy, "during the sweep"),
        ):
            table.add(name, value)
    table.notes += [
        f"Made users with {EVENTS_PER_USER} events and a profile by code; all are due for a batch when the scheduler "
        "starts. The sweep ends when the last user's answer is in the profile.",
        "The model server answers at once; it, the scheduler, the sidecar and the reads share the processors.",
        "When half of the users were done, the scheduler was killed with SIGKILL and started anew.",
        "A read is GetProfile over gRPC, one every 10 ms.",
    ]
    return table


class _Sweep:
    """The scheduler at work, killed once."""

    def __init__(self, store: Path, server: RunningModelServer, users: int) -> None:
        self._store, self._server, self._users = store, server, users
        self._config = store.parent / "foreword.toml"
        self._config.write_text(_CONFIG.format(store=store, url=server.url), encoding="utf-8")
        self._log = store.parent / "scheduler.log"
        self._profiles = ProfileReader(store)
        self._process: subprocess.Popen[bytes] | None = None
        self._rss_max = 0
        self._cpu_seconds = 0.0
        self._seconds = 0.0

    def run(self) -> None:
        """Run it to its end."""
        started = time.monotonic()
        self._start()
        try:
            self._wait_for(self._users // 2)
            self._kill()
            self._start()
            self._wait_for(self._users)
            self._seconds = time.monotonic() - started
        finally:
            self._kill()

    def figures(self) -> list[tuple[str, str]]:
        """Return what was measured."""
        count = self._server.count()
        spends = self._profiles.model.spend()
        spent = sum(row.cost_pico_usd for row in spends)
        # claude-haiku-4-5: 1 and 5 micro-USD a token, half of it in a batch.
        counted = sum((row["input_tokens"] + 5 * row["output_tokens"]) * 500_000 for row in count["tokens"])
        applied = sum(row.calls for row in spends if row.applied_count)
        log = self._log.read_text()
        return [
            ("seconds from start to the last answer applied", f"{self._seconds:,.0f}"),
            ("users a second", f"{self._users / self._seconds:.0f}"),
            ("users a second of the scheduler's processor time", f"{self._users / self._cpu_seconds:.0f}"),
            (
                "scheduler's resident memory without the mapped store, highest seen",
                f"{self._rss_max >> 20} MB",
            ),
            ("batches", str(count["batches"]["created"])),
            ("questions the server answered", f"{count['batches']['rows']['succeeded']:,}"),
            ("answers of which something was applied", f"{applied:,}"),
            ("cost by the ledger", f"{spent / 1e12:.6f} USD"),
            ("cost by the server's own count", f"{counted / 1e12:.6f} USD"),
            ("batches found again after the kill", str(log.count("was found again"))),
            ("lines of progress in the log", str(log.count("batches since the start"))),
        ]

    def _start(self) -> None:
        environment = {**os.environ, "FOREWORD_STORE__DIRECTORY": str(self._store)}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "foreword", "--config", str(self._config), "scheduler"],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def _kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._cpu_seconds += cpu_seconds(self._process.pid)
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def _wait_for(self, users: int) -> None:
        deadline = time.monotonic() + _GIVE_UP_SECONDS
        while (done := self._done()) < users or (users == self._users and self._profiles.model.batches()):
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ForewordError(f"{done} of {users} users were done; {self._log.read_text()[-500:]}")
            self._rss_max = max(self._rss_max, resident_bytes(self._process.pid))
            time.sleep(1)

    def _done(self) -> int:
        return sum(row.calls for row in self._profiles.model.spend())


class _Reads:
    """Reads profiles all the while."""

    def __init__(self, address: str, users: int) -> None:
        self._channel = grpc.insecure_channel(address)
        self._get = ProfileServiceStub(self._channel).GetProfile  # type: ignore[no-untyped-call]
        self._users = users

    def during(self, work: Any) -> list[float]:
        """Return the milliseconds of each read while `work` ran."""
        taken: list[float] = []
        over = threading.Event()

        def read() -> None:
            number = 0
            while not over.wait(_READ_PAUSE_SECONDS):
                number = (number + 7919) % self._users
                began = time.perf_counter()
                answer = self._get(GetProfileRequest(user_id=user_id(number)), timeout=10)
                taken.append((time.perf_counter() - began) * 1000)
                if not answer.profile.revision:
                    raise ForewordError(f"{user_id(number)} has no profile")

        thread = threading.Thread(target=read)
        thread.start()
        try:
            work()
        finally:
            over.set()
            thread.join()
        return taken

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()


def _read_figures(taken: list[float], when: str) -> list[tuple[str, str]]:
    p50, p99 = percentile(taken, 0.5), percentile(taken, 0.99)
    return [(f"reads {when}: p50 / p99", f"{p50:.2f} / {p99:.2f} ms ({len(taken):,} reads, none failed)")]


# -- made users -------------------------------------------------------------------------------------------------


def _write_users(store: Path, count: int) -> None:
    """Write users with events, a profile by code, and a place in the queue for a batch."""
    now_ms = time.time_ns() // 1_000_000
    activity = ActivityWriter(store, map_size_bytes=64 << 30)
    for start in range(0, count, _COMMIT_USERS):
        with activity.begin() as txn:
            for number in range(start, min(start + _COMMIT_USERS, count)):
                txn.record([_new_event(event) for event in _events(number, now_ms)], now_ms)
    activity.close()
    config = Config.model_validate({"store": {"directory": str(store)}})
    profiles = ProfileWriter(store, map_size_bytes=64 << 30)
    with closing(ActivityReader(store)) as events:
        kinds = [_kind(number, now_ms, events, config) for number in range(min(_KINDS, count))]
        for start in range(0, count, _COMMIT_USERS):
            with profiles.begin() as txn:
                for number in range(start, min(start + _COMMIT_USERS, count)):
                    _put(txn, number, kinds[number % _KINDS], _seen(number, events).last_seq, now_ms)
    profiles.close()


def _events(number: int, now_ms: int) -> list[Event]:
    """Return a user's events; those of users of one kind differ in their ids only."""
    kind, made = number % _KINDS, []
    for place in range(EVENTS_PER_USER):
        event = Event(
            event_id=f"{number}-{place}",
            user_id=user_id(number),
            type="read",
            item_id=f"article-{kind}-{place}",
            topics=[f"topic-{kind % 17}", f"topic-{(kind + place) % 23}"],
            text=f"How part {kind} of the system handles case {place} of topic {kind % 17}",
            attributes={"depth": "deep"},
        )
        event.time.FromMilliseconds(now_ms - (10 - place) * DAY_MS)
        made.append(event)
    return made


def _new_event(event: Event) -> NewEvent:
    user = keys.user_key(event.user_id)
    return NewEvent(user, event.event_id, event.time.ToMilliseconds(), event.SerializeToString(), False)


def _kind(number: int, now_ms: int, events: ActivityReader, config: Config) -> Profile:
    """Return what code makes of a user."""
    seen = _seen(number, events)
    made = _events(number, now_ms)
    segment = classify(seen, now_ms, config)
    given = RefreshInput(
        user_id=user_id(number),
        namespace="",
        now_ms=now_ms,
        segment=segment,
        cadence=cadence(segment, config),
        activity=seen,
        new_events=made,
        window_events=made,
        previous=None,
        population=PopulationView(config.window.half_life_days),
    )
    return refresh(given, config).profile


def _put(txn: Any, number: int, kind: Profile, consumed_seq: int, now_ms: int) -> None:
    profile = Profile()
    profile.CopyFrom(kind)
    profile.user_id = user_id(number)
    user, valid = keys.user_key(profile.user_id), validity(kind.segment, now_ms, Config())
    revision = txn.put_profile(
        user,
        profile,
        profile.foreword,
        computed_at_ms=now_ms,
        stale_after_ms=valid.stale_after_ms,
        expired_after_ms=valid.expired_after_ms,
        refresh_on_open=valid.refresh_on_open,
    )
    state = RefreshState(
        consumed_seq=consumed_seq,
        segment=profile.segment,
        attempted_ms=now_ms,
        revision=revision,
        outcome=RefreshOutcome.REFRESH_OUTCOME_WRITTEN,
        reason=RefreshReason.REFRESH_REASON_CADENCE,
        due_ms=now_ms + DAY_MS,
    )
    txn.schedule(user, state)
    queued = ModelState(
        mode=ModelMode.MODEL_MODE_BATCH, due_ms=now_ms, reason=RefreshReason.REFRESH_REASON_CADENCE
    )
    txn.model.schedule(user, queued)


def _seen(number: int, events: ActivityReader) -> UserActivity:
    seen = events.user(keys.user_key(user_id(number)))
    assert seen is not None
    return seen


def main() -> int:
    """Run from the command line, and keep the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=DEFAULT_USERS)
    table = run(parser.parse_args().users)
    table.keep()
    print(table.markdown())
    return 0


if __name__ == "__main__":
    sys.exit(main())
