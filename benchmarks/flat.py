"""Reads, starts and memory by the number of users: from a thousand to ten million."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import grpc

from benchmarks.daemons import own_bytes, sidecar
from benchmarks.due_scale import empty_cache
from benchmarks.due_store import NOON_MS, is_refreshed_when_read, user_id, write_store
from benchmarks.plot import draw_lines
from benchmarks.sized import ended_by_signals, run_sized
from benchmarks.table import RESULTS, Table
from benchmarks.waiting import until
from foreword.client import Foreword
from foreword.clock import ManualClock, format_time_ms
from foreword.config import Config
from foreword.errors import ForewordError
from foreword.latency import call_times_us, percentile
from foreword.local import LocalReader
from foreword.v1.profile_pb2 import Profile
from foreword.v1.profile_service_pb2 import GetProfileRequest, GetProfileResponse
from sidecar.front import find_binary

USERS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
PROFILE_BYTES = 300
STARTS = 3
# Enough that a process has met nearly all pages of ten million users, which the kernel maps sixteen at a time.
WARM_UP = 200_000
READS = 50_000
CALLS = 3_000
# With activity and schedule a user takes 700 bytes; twice that, so that the disk is not filled to the brim.
_DISK_BYTES_A_USER = 1400
_DROP_CACHES = Path("/proc/sys/vm/drop_caches")
_AS_OF = format_time_ms(NOON_MS)
_Times = list[float]


@dataclass
class _Measured:
    """What came of one number of users; times in µs and seconds."""

    users: int
    store_bytes: int
    local: _Times
    front: _Times
    alone: _Times
    starts_warm: _Times
    starts_empty: _Times
    memory: list[tuple[str, int]]


def run(users: tuple[int, ...] = USERS, calls: int = CALLS) -> Table:
    """Make a store of each size, one after the other, and measure."""
    table = Table(
        "flat",
        f"By the number of users, profiles of {PROFILE_BYTES} bytes: reads, the sidecar's start, and its memory",
        "python -m benchmarks flat",
        ("users", "store", "in process p50 µs", "p99 µs", "native front p50 µs", "p99 µs", "Python alone p50 µs",
         "p99 µs", "start, warm", "start, store not in memory", "own memory"),
    )  # fmt: skip
    if find_binary() is None:
        raise ForewordError("the native front is not installed", hint="make native")
    measured = []
    with ended_by_signals():
        for count in users:
            if shutil.disk_usage(tempfile.gettempdir()).free < count * _DISK_BYTES_A_USER:
                table.notes.append(f"{count:,} users are left out: the disk has no room for them.")
                continue
            with tempfile.TemporaryDirectory(prefix="fw") as folder:
                began = time.perf_counter()
                write_store(Path(folder), count, _config(folder), body_of=_body)
                written = time.perf_counter() - began
                measured.append(_measure(Path(folder), count, calls))
                if count == USERS[-1]:
                    table.notes += _of_the_largest(Path(folder), measured[-1], written)
    for each in measured:
        table.add(*_row(each))
    table.notes += _notes(calls)
    if (users, calls) == (USERS, CALLS):
        _draw(measured)
    return table


def _config(folder: str) -> Config:
    return Config.model_validate({"store": {"directory": folder}})


def _response_of(user: str) -> bytes:
    profile = Profile(user_id=user, revision=1)
    profile.semantic_summary = "x" * (PROFILE_BYTES - profile.ByteSize() - 3)
    return GetProfileResponse(profile=profile).SerializeToString(deterministic=True)


_FIRST = user_id(0).encode()
_RESPONSE = _response_of(user_id(0))


def _body(number: int) -> bytes:
    return _RESPONSE.replace(_FIRST, user_id(number).encode())


def _some_users(count: int, reads: int) -> list[str]:
    """Return users at random; none whom reading would have refreshed."""
    dice = random.Random(count)
    users: list[str] = []
    while len(users) < reads:
        number = dice.randrange(count)
        if not is_refreshed_when_read(number):
            users.append(user_id(number))
    return users


# -- measuring ----------------------------------------------------------------------------------------------------


def _measure(store: Path, count: int, calls: int) -> _Measured:
    users = _some_users(count, calls)
    with LocalReader(store, clock=ManualClock(NOON_MS)) as reader:
        call_times_us(reader.profile_response, _some_users(count, WARM_UP))
        local = call_times_us(reader.profile_response, _some_users(count, READS))
        assert reader.profile(users[0]).profile.user_id == users[0]
    front, memory = _served(store, users, native="auto")
    alone, _ = _served(store, users, native="off")
    return _Measured(
        count,
        sum(file.stat().st_blocks * 512 for file in store.rglob("*.mdb")),
        local,
        front,
        alone,
        [start_seconds(store, users[0]) for _ in range(STARTS)],
        [start_seconds(store, users[0], before=lambda: empty_cache(store)) for _ in range(STARTS)],
        memory,
    )


def _served(store: Path, users: list[str], *, native: str) -> tuple[_Times, list[tuple[str, int]]]:
    with (
        sidecar(store, as_of=_AS_OF, native=native) as (address, pid),
        # The status counts all users, which takes seconds for millions.
        Foreword(address, raises=True, timeout_seconds=60) as client,
    ):
        call_times_us(client.profile, users)
        times = call_times_us(client.profile, users)
        front = client.status().front
        processes = [("sidecar", pid)] + ([("front", front.process_id)] if front.is_native else [])
        return times, [(name, own_bytes(each)) for name, each in processes]


def start_seconds(store: Path, user: str, *, before: Callable[[], object] = lambda: None) -> float:
    """Return the time from the start of the sidecar's process to the first profile that it answered with."""
    path = store / "s"
    before()
    began = time.perf_counter()
    with _started(store, path) as process, socket.socket(socket.AF_UNIX) as probe:
        until(lambda: probe.connect_ex(str(path)) == 0, process)
        # Connected only now: a channel that was refused waits before it tries again.
        with grpc.insecure_channel(f"unix:{path}") as channel:
            call = channel.unary_unary(
                "/foreword.v1.ProfileService/GetProfile",
                GetProfileRequest.SerializeToString,
                GetProfileResponse.FromString,
            )
            answer = call(GetProfileRequest(user_id=user), wait_for_ready=True, timeout=60)
        seconds = time.perf_counter() - began
        assert answer.profile.user_id == user
        return seconds


@contextmanager
def _started(store: Path, path: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "FOREWORD_STORE__DIRECTORY": str(store),
        "FOREWORD_SIDECAR__LISTEN": f'["unix:{path}"]',
    }
    command = [sys.executable, "-m", "foreword", "sidecar", "--as-of", _AS_OF]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


# -- telling ------------------------------------------------------------------------------------------------------


def _row(each: _Measured) -> list[str]:
    times = [
        f"{percentile(values, share):,.{places}f}"
        for values, places in ((each.local, 2), (each.front, 0), (each.alone, 0))
        for share in (0.5, 0.99)
    ]
    starts = [
        f"{median(values):.2f} s ({max(values):.2f})" for values in (each.starts_warm, each.starts_empty)
    ]
    memory = " + ".join(f"{size / 1e6:.1f}" for _, size in each.memory)
    return [f"{each.users:,}", f"{each.store_bytes / 1e9:.2f} GB", *times, *starts, f"{memory} MB"]


def _of_the_largest(store: Path, each: _Measured, written: float) -> list[str]:
    notes = [f"{each.users:,} users were written in {written:,.0f} s."]
    with suppress(OSError):
        taken = [start_seconds(store, user_id(0), before=_drop_caches) for _ in range(STARTS)]
        notes.append(
            f"With {each.users:,} users and nothing at all in memory, Python and its libraries neither, the first read "
            f"is answered after {median(taken):.2f} s ({max(taken):.2f})."
        )
    return notes


def _drop_caches() -> None:
    os.sync()
    _DROP_CACHES.write_text("3", encoding="ascii")


def _notes(calls: int) -> list[str]:
    return [
        f"Reads of random users, one at a time: in process {READS:,} after {WARM_UP:,}, as bytes; over gRPC {calls:,} "
        "after as many, through the Python client on a unix socket. Only of users who are refreshed by the clock, half "
        "of all: reading a dormant one leaves a trigger.",
        f"Start: from the process to the first profile it answers with, through the native front; median of {STARTS}, "
        "in brackets the slowest. Not in memory: the kernel has dropped the store's pages before. Aim: below 1 s "
        "with ten million users.",
        "Own memory: private and shared memory that is no page of a file (Pss_Anon and Pss_Shmem), of the sidecar and "
        "the front, after the reads. Aim: below 150 MB.",
        "Each user has a profile, a refresh state, a place in the schedule and a row of activity.",
    ]


def _draw(measured: list[_Measured]) -> None:
    lines = {
        f"{name}, {title}": [(each.users, percentile(getattr(each, side), share)) for each in measured]
        for side, name in (("local", "in process"), ("front", "native front"), ("alone", "Python alone"))
        for title, share in (("p50", 0.5), ("p99", 0.99))
    }
    draw_lines(RESULTS / "flat.svg", "One read by the number of users", ("users", "µs"), lines)


if __name__ == "__main__":
    run_sized(run, __doc__, users=USERS, calls=CALLS)
