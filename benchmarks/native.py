"""The native front beside the sidecar's own answers, in turns: the same store twice, and the same clients for both."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from benchmarks.daemons import core_wait_us, cpu_seconds, resident_bytes, sidecar
from benchmarks.load_client import load, require
from benchmarks.population import PROFILE_BYTES, user_id, write_profiles
from benchmarks.redis_server import redis_server
from benchmarks.table import Table, ratio
from foreword.client import Foreword
from foreword.latency import call_times_us, percentile

USERS = 100_000
ROUNDS = 5
SECONDS = 2.0
CALLS = 1_000
IN_FLIGHT = 32
SLOWEST = 30
CONNECTIONS = 16
_GO = Path(__file__).parents[1] / "clients" / "go"


@dataclass
class Served:
    """One of the two paths, running."""

    address: str
    processes: tuple[int, ...]
    client: Foreword
    go: Path | None
    health: Callable[[str], bytes]

    def cpu_seconds(self) -> float:
        """Return the processor time of all that serves it."""
        return sum(cpu_seconds(pid) for pid in self.processes)


@dataclass
class Measured:
    """What one path came to, a value a round."""

    values: dict[str, list[float]]

    def add(self, name: str, value: float) -> None:
        """Take the value of a round."""
        self.values.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        """Return the median of the rounds."""
        return statistics.median(self.values[name])


def run() -> Table:
    """Measure both paths, and redis-server where it is installed."""
    require()
    with tempfile.TemporaryDirectory(prefix="fw") as folder:
        stores = Path(folder) / "p", Path(folder) / "n"
        write_profiles(stores[0], USERS)
        shutil.copytree(stores[0], stores[1])
        go = _built_go(Path(folder))
        with _path(stores[0], "off", go) as python, _path(stores[1], "auto", go) as native:
            measured = _rounds((python, native))
            resident = resident_bytes(native.processes[0]) / 1e6
        redis = _redis(Path(folder))
    return _table(*measured, redis, resident)


def _built_go(folder: Path) -> Path | None:
    """Return the client in Go; None where go is not installed, or what it needs cannot be had."""
    if shutil.which("go") is None:
        return None
    binary = folder / "latency"
    done = subprocess.run(
        ["go", "build", "-o", binary, "./latency"], cwd=_GO, capture_output=True, check=False
    )
    return binary if done.returncode == 0 else None


@contextlib.contextmanager
def _path(store: Path, native: str, go: Path | None) -> Iterator[Served]:
    with (
        sidecar(store, native=native) as (address, pid),
        Foreword(address, raises=True) as client,
        grpc.insecure_channel(address) as channel,
    ):
        front = client.status().front
        assert front.is_native == (native == "auto"), front.reason
        check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/grpc.health.v1.Health/Check"
        )
        processes = (front.process_id, pid) if front.is_native else (pid,)
        yield Served(address, processes, client, go, lambda _user: check(b"", timeout=5))


def _rounds(paths: tuple[Served, Served]) -> tuple[Measured, Measured]:
    measured = Measured({}), Measured({})
    for path in paths:
        load(path.address, USERS, in_flight=IN_FLIGHT, seconds=0.5)
        path.client.text(user_id(0))
    for _ in range(ROUNDS):
        for measure in (
            _one_in_flight,
            _many_in_flight,
            _many_connections,
            _lookups,
            _go,
            _grpcio,
            _forwarded,
            _beside_a_writer,
            _waiting_beside_a_writer,
        ):
            for path, taken in zip(paths, measured, strict=True):
                measure(path, taken)
    return measured


def _one_in_flight(path: Served, taken: Measured) -> None:
    done = load(path.address, USERS, seconds=SECONDS)
    taken.add("rust p50", done["p50_us"])
    taken.add("rust p99", done["p99_us"])


def _many_in_flight(path: Served, taken: Measured) -> None:
    before = path.cpu_seconds()
    done = load(path.address, USERS, in_flight=IN_FLIGHT, seconds=SECONDS)
    taken.add("calls/s", done["calls_a_second"])
    taken.add("cpu", (path.cpu_seconds() - before) / done["calls"] * 1e6)


def _many_connections(path: Served, taken: Measured) -> None:
    taken.add(
        "calls/s, connections",
        load(path.address, USERS, connections=CONNECTIONS, seconds=SECONDS)["calls_a_second"],
    )


def _lookups(path: Served, taken: Measured) -> None:
    before = path.cpu_seconds()
    done = load(path.address, USERS, in_flight=IN_FLIGHT, seconds=SECONDS, method="LookupProfiles")
    taken.add("lookups/s", done["calls_a_second"])
    taken.add("lookup cpu", (path.cpu_seconds() - before) / done["calls"] * 1e6)


def _go(path: Served, taken: Measured) -> None:
    if path.go is not None:
        command = [str(path.go), path.address, str(USERS), str(CALLS)]
        done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        taken.add("go p50", done["p50_us"])
        taken.add("go p99", done["p99_us"])


def _grpcio(path: Served, taken: Measured) -> None:
    times = call_times_us(path.client.profile, _users())
    taken.add("grpcio p50", percentile(times, 0.5))
    taken.add("grpcio p99", percentile(times, 0.99))


def _forwarded(path: Served, taken: Measured) -> None:
    def in_session(user: str) -> Any:
        return path.client.foreword(user, session_id="none")

    taken.add("forwarded p50", percentile(call_times_us(in_session, _users()), 0.5))
    taken.add("health p50", percentile(call_times_us(path.health, [""] * CALLS), 0.5))


def _beside_a_writer(path: Served, taken: Measured) -> None:
    with _recording(path.address):
        times = call_times_us(path.client.profile, _users())
    taken.add("recording p99", percentile(times, 0.99))


def _waiting_beside_a_writer(path: Served, taken: Measured) -> None:
    """Take the time of the slowest calls, and how much of it both ends waited for a core."""
    ends = os.getpid(), path.processes[0]
    calls: list[tuple[float, ...]] = []
    with _recording(path.address):
        for user in _users():
            before = [core_wait_us(pid) for pid in ends]
            (time_us,) = call_times_us(path.client.profile, [user])
            waits = (core_wait_us(pid) - former for pid, former in zip(ends, before, strict=True))
            calls.append((time_us, *waits))
    slowest = sorted(calls)[-SLOWEST:]
    for name, values in zip(("slow", "slow client", "slow server"), zip(*slowest, strict=True), strict=True):
        taken.add(name, statistics.mean(values))


def _users() -> list[str]:
    return [user_id(number * 37 % USERS) for number in range(CALLS)]


@contextlib.contextmanager
def _recording(address: str) -> Iterator[None]:
    """Record events without pause, a hundred a call, from another process."""
    code = (
        "import sys\n"
        "from benchmarks.population import made_events\n"
        "from foreword.client import Foreword\n"
        "client = Foreword(sys.argv[1], raises=True, timeout_seconds=30)\n"
        "first = int(sys.argv[2])\n"
        "print('recording', flush=True)\n"
        "while True:\n"
        "    client.record(made_events(100, 1000, first=first, seed=first))\n"
        "    first += 100\n"
    )
    command = [sys.executable, "-c", code, address, str(time.monotonic_ns() // 1000)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"recording\n"
            yield
        finally:
            process.kill()


def _redis(folder: Path) -> float | None:
    """Return the GETs a second of redis-benchmark on a unix socket; None where redis is not installed."""
    if shutil.which("redis-server") is None or shutil.which("redis-benchmark") is None:
        return None
    with redis_server(folder) as path:
        bench = ["redis-benchmark", "-s", str(path), "-r", str(USERS), "-d", str(PROFILE_BYTES), "--csv"]
        _redis_rate([*bench, "-t", "set", "-n", str(4 * USERS), "-c", str(CONNECTIONS)])
        get = [*bench, "-t", "get", "-n", str(2 * USERS), "-c", str(CONNECTIONS)]
        return statistics.median(_redis_rate(get) for _ in range(ROUNDS))


def _redis_rate(command: list[str]) -> float:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1].split(",")[1].strip('"'))


def _times(measured: Measured) -> str:
    return f"{measured.median('lookups/s') / measured.median('calls/s'):.1f}"


def _table(python: Measured, native: Measured, redis: float | None, resident: float) -> Table:
    table = Table(
        "native",
        f"GetProfile through the native front and without it, {USERS:,} profiles of 2 KB, unix socket",
        "python -m benchmarks native",
        ("", "sidecar alone", "native front", "ratio", "aim"),
    )
    rows: list[tuple[str, str, str, Callable[[float], str]]] = [
        (f"calls a second, one connection, {IN_FLIGHT} in flight", "calls/s", "≥ 12 ×", "{:,.0f}".format),
        ("processor time of all that serves, a call of these, µs", "cpu", "≤ 0.07 ×", "{:.1f}".format),
        ("p50 from grpcio, one in flight, µs", "grpcio p50", "≤ 0.5 ×", "{:.0f}".format),
        ("p99 of these, µs", "grpcio p99", "", "{:.0f}".format),
        ("p50 from a Rust client, one in flight, µs", "rust p50", "≤ 0.18 ×", "{:.0f}".format),
        ("p99 of these, µs", "rust p99", "", "{:.0f}".format),
        ("p99 from grpcio while another client records, µs", "recording p99", "≤ 0.2 ×", "{:.0f}".format),
        (f"the slowest {SLOWEST} of {CALLS:,} of these, mean, µs", "slow", "", "{:.0f}".format),
        ("of which threads of the client waited for a core, µs", "slow client", "", "{:.0f}".format),
        ("and threads of what answers, µs", "slow server", "", "{:.0f}".format),
        ("p50 of GetForeword with a session, forwarded, µs", "forwarded p50", "≤ 1.3 ×", "{:.0f}".format),
        ("p50 of a health check, forwarded, µs", "health p50", "≤ 1.3 ×", "{:.0f}".format),
        (f"calls a second, {CONNECTIONS} connections, one in flight on each", "calls/s, connections", "",
         "{:,.0f}".format),
        (f"lookups a second, one stream, {IN_FLIGHT} in flight", "lookups/s", "", "{:,.0f}".format),
        ("processor time of all that serves, a lookup of these, µs", "lookup cpu", "", "{:.1f}".format),
        ("p50 from a Go client, one in flight, µs", "go p50", "≤ 0.3 ×", "{:.0f}".format),
        ("p99 of these, µs", "go p99", "", "{:.0f}".format),
    ]  # fmt: skip
    for title, name, aim, shown in rows:
        if name not in native.values:
            continue
        mine, base = native.median(name), python.median(name)
        table.add(title, shown(base), shown(mine), ratio(mine, base), aim)
    table.notes += [
        f"Medians of {ROUNDS} rounds, in which the two take turns; server and clients share the cores.",
        f"p99 beside a writer is {ratio(native.median('recording p99'), native.median('grpcio p99'))} the front's own "
        f"without one (aim ≤ 1.5 ×). The front's memory beyond the mapped file: {resident:.1f} MB.",
    ]
    table.notes.append(
        f"A lookup in a stream beside a call of GetProfile: {_times(python)} × as many a second of the sidecar alone, "
        f"{_times(native)} × of the front."
    )
    if "go p50" not in native.values:
        table.notes.append("Nothing from Go: it is not installed here, or its modules cannot be had.")
    if redis is None:
        table.notes.append("Nothing of Redis: redis-server and redis-benchmark are not installed here.")
    else:
        share = ratio(native.median("calls/s, connections"), redis)
        table.notes.append(
            f"redis-benchmark, GET of {PROFILE_BYTES} bytes, {CONNECTIONS} connections, in the same run: {redis:,.0f} "
            f"a second; the front {share} of that (aim ≥ 0.7 ×)."
        )
    return table
