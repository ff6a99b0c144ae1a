"""Streams beside the calls that they spare: lookups, feeds of events, and what watchers are told, in turns."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path

import grpc

from benchmarks.daemons import cpu_seconds, sidecar
from benchmarks.population import made_events, made_profile, user_id, write_profiles
from benchmarks.table import Table, ratio
from foreword import keys
from foreword.client import AsyncForeword, Foreword
from foreword.latency import percentile
from foreword.store import ProfileTransaction, ProfileWriter
from foreword.v1.profile_service_pb2 import (
    LookupProfilesRequest,
    LookupProfilesResponse,
    WatchPhase,
)

USERS = 10_000
LOOKUPS = 3_000
EVENTS = 30_000
ROUNDS = 5
IN_FLIGHT = 32
COMMITS = 300
# As many users as the scheduler's batches have.
COMMIT_USERS = 64
WATCHERS = 8
LIVE = WatchPhase.WATCH_PHASE_LIVE


def run() -> Table:
    """Measure each stream beside the calls, in one run."""
    table = Table(
        "streams",
        "Streams beside single calls, through the Python clients, unix socket",
        "python -m benchmarks streams",
        ("what", "a second", "ratio", "server µs each", "p50 µs", "p99 µs"),
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        write_profiles(store, USERS)
        with sidecar(store, native="off") as (address, pid):
            _lookups(table, address, pid)
            _events(table, address, pid)
            _watches(table, store, address, pid)
    table.notes += [
        f"Lookups: {ROUNDS} rounds of {LOOKUPS:,} a side in turns, profiles of 2 KB. Ratios are to GetProfile one in "
        "flight of the same client; p50 and p99 are of one in flight.",
        f"Events: {ROUNDS} rounds of {EVENTS:,} a side in turns, each on disk before the answer.",
        f"Watches: a snapshot of {USERS:,} profiles of 2 KB; then {COMMITS} commits of {COMMIT_USERS} revisions each, "
        "until the slowest of the watchers has all: no faster than the writer. p50 and p99 are from a commit's end to "
        "its arrival at the last watcher, one commit at a time; the sidecar looks every 20 ms.",
        "Without the native front: lookups through that are in native.md.",
        "Client, writer and server share two cores. Server µs: processor time of the sidecar.",
    ]
    return table


class _Side:
    """One way to do the same, measured in turns with the others."""

    def __init__(self, name: str, count: int, work: Callable[[], None]) -> None:
        self.name = name
        self.count = count
        self._work = work
        self.seconds = self.cpu = 0.0

    def turn(self, pid: int) -> None:
        began, used = time.perf_counter(), cpu_seconds(pid)
        self._work()
        self.seconds += time.perf_counter() - began
        self.cpu += cpu_seconds(pid) - used

    @property
    def rate(self) -> float:
        return ROUNDS * self.count / self.seconds

    def row(self, base: _Side, times_us: list[float]) -> tuple[str, ...]:
        tails = [f"{percentile(times_us, share):.0f}" for share in (0.5, 0.99)] if times_us else ["", ""]
        each = f"{1e6 * self.cpu / (ROUNDS * self.count):.0f}"
        return (self.name, f"{self.rate:,.0f}", ratio(self.rate, base.rate), each, *tails)


def _in_turns(pid: int, sides: list[_Side]) -> None:
    for _ in range(ROUNDS):
        for side in sides:
            side.turn(pid)


# -- lookups ------------------------------------------------------------------------------------------------------


def _lookups(table: Table, address: str, pid: int) -> None:
    users = [user_id(number * 37 % USERS) for number in range(LOOKUPS)]
    times_us: dict[str, list[float]] = {"get": [], "lookup": []}
    with Foreword(address, raises=True) as client, asyncio.Runner() as runner:
        asynchronous = AsyncForeword(address, raises=True)

        def get_each() -> None:
            for user in users:
                began = time.perf_counter()
                client.profile(user)
                times_us["get"].append(1e6 * (time.perf_counter() - began))

        def look_up_each() -> None:
            times_us["lookup"] += _one_at_a_time(address, users)

        sides = [
            _Side("GetProfile, threads, one in flight", LOOKUPS, get_each),
            _Side("LookupProfiles, threads, one in flight", LOOKUPS, look_up_each),
            _Side("client.lookup, threads", LOOKUPS, lambda: _exhaust(client.lookup(users))),
            _Side(
                "GetProfile, asyncio, one in flight",
                LOOKUPS,
                lambda: runner.run(_get(asynchronous, users, 1)),
            ),
            _Side(
                f"GetProfile, asyncio, {IN_FLIGHT} in flight",
                LOOKUPS,
                lambda: runner.run(_get(asynchronous, users, IN_FLIGHT)),
            ),
            _Side("client.lookup, asyncio", LOOKUPS, lambda: runner.run(_look_up(asynchronous, users))),
        ]
        _in_turns(pid, sides)
        runner.run(asynchronous.close())
    for place, side in enumerate(sides):
        tails = times_us["get"] if place == 0 else times_us["lookup"] if place == 1 else []
        table.add(*side.row(sides[0] if place < 3 else sides[3], tails))


def _one_at_a_time(address: str, users: list[str]) -> list[float]:
    times_us: list[float] = []
    turn = threading.Semaphore(0)

    def requests() -> Iterator[LookupProfilesRequest]:
        for user in users:
            turn.acquire()
            yield LookupProfilesRequest(user_id=user)

    with grpc.insecure_channel(address) as channel:
        call = channel.stream_stream(
            "/foreword.v1.ProfileService/LookupProfiles",
            request_serializer=LookupProfilesRequest.SerializeToString,
            response_deserializer=LookupProfilesResponse.FromString,
        )(requests())
        for _ in users:
            began = time.perf_counter()
            turn.release()
            next(call)
            times_us.append(1e6 * (time.perf_counter() - began))
    return times_us


def _exhaust(answers: Iterator[LookupProfilesResponse]) -> None:
    assert sum(1 for _ in answers) == LOOKUPS


async def _get(client: AsyncForeword, users: list[str], in_flight: int) -> None:
    async def some(part: list[str]) -> None:
        for user in part:
            await client.profile(user)

    await asyncio.gather(*(some(users[start::in_flight]) for start in range(in_flight)))


async def _look_up(client: AsyncForeword, users: list[str]) -> None:
    answers: AsyncIterator[LookupProfilesResponse] = client.lookup(users)
    assert len([answer async for answer in answers]) == LOOKUPS


# -- events -------------------------------------------------------------------------------------------------------


def _events(table: Table, address: str, pid: int) -> None:
    parts = iter([made_events(EVENTS, USERS, first=number * EVENTS) for number in range(2 * ROUNDS)])
    with Foreword(address, raises=True, timeout_seconds=30) as client:

        def record() -> None:
            assert client.record(next(parts)).accepted_count == EVENTS

        def feed() -> None:
            assert client.stream_events(next(parts)).accepted_count == EVENTS

        sides = [
            _Side("RecordEvents, 1,000 a call", EVENTS, record),
            _Side("client.stream_events", EVENTS, feed),
        ]
        _in_turns(pid, sides)
    for side in sides:
        table.add(*side.row(sides[0], []))


# -- watches ------------------------------------------------------------------------------------------------------


class _Watcher(threading.Thread):
    """Follows all changes, and notes how many came and when the newest did."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.count = 0
        self.arrived = 0.0
        self.is_live = threading.Event()
        self.news = threading.Condition()
        self._address = address
        self._ended = threading.Event()

    def run(self) -> None:
        with Foreword(self._address) as client:
            for message in client.watch():
                with self.news:
                    self.count += len(message.changes)
                    self.arrived = time.perf_counter()
                    self.news.notify_all()
                if message.phase == LIVE:
                    self.is_live.set()
                if self._ended.is_set():
                    return

    def end(self) -> None:
        """Stop at the next message."""
        self._ended.set()

    def until(self, count: int) -> float:
        """Return when so many changes had come."""
        with self.news:
            assert self.news.wait_for(lambda: self.count >= count, timeout=60), (
                f"{self.count:,} changes of {count:,}"
            )
            return self.arrived


def _watches(table: Table, store: Path, address: str, pid: int) -> None:
    for watchers in (1, WATCHERS):
        _watch(table, store, address, pid, watchers)


def _watch(table: Table, store: Path, address: str, pid: int, watchers: int) -> None:
    began, used = time.perf_counter(), cpu_seconds(pid)
    following = [_Watcher(address) for _ in range(watchers)]
    for watcher in following:
        watcher.start()
    for watcher in following:
        watcher.is_live.wait(60)
    seconds, cpu = time.perf_counter() - began, cpu_seconds(pid) - used
    who = "1 watcher" if watchers == 1 else f"{watchers} watchers"
    told = USERS * watchers
    table.add(f"snapshot, {who}: profiles", f"{told / seconds:,.0f}", "", f"{1e6 * cpu / told:.0f}", "", "")
    with closing(ProfileWriter(store, map_size_bytes=64 << 30)) as writer:
        times_us = [_latency(writer, following, number) for number in range(COMMITS)]
        began, used = time.perf_counter(), cpu_seconds(pid)
        for number in range(COMMITS):
            _commit(writer, number * COMMIT_USERS, COMMIT_USERS)
        count = USERS + COMMITS + COMMITS * COMMIT_USERS
        ended = max(watcher.until(count) for watcher in following)
        cpu = cpu_seconds(pid) - used
        for watcher in following:
            watcher.end()
        _commit(writer, 0, 1)
    for watcher in following:
        watcher.join(60)
    told = COMMITS * COMMIT_USERS * watchers
    tails = [f"{percentile(times_us, share):.0f}" for share in (0.5, 0.99)]
    table.add(
        f"live, {who}: changes", f"{told / (ended - began):,.0f}", "", f"{1e6 * cpu / told:.0f}", *tails
    )


def _latency(writer: ProfileWriter, following: list[_Watcher], number: int) -> float:
    """Return how long one revision took from the end of its commit to the last watcher."""
    _commit(writer, number, 1)
    committed = time.perf_counter()
    return 1e6 * (max(watcher.until(USERS + number + 1) for watcher in following) - committed)


def _commit(writer: ProfileWriter, first: int, count: int) -> None:
    with writer.begin() as txn:
        for number in range(first, first + count):
            _put(txn, number % USERS)


def _put(txn: ProfileTransaction, number: int) -> None:
    profile = made_profile(number)
    txn.put_profile(
        keys.user_key(profile.user_id),
        profile,
        profile.foreword,
        computed_at_ms=0,
        stale_after_ms=0,
        expired_after_ms=0,
        refresh_on_open=False,
    )
