"""Two speeds: how soon a trigger is answered by code, and by a model behind it; also with 200 calls under way."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.daemons import cpu_seconds, resident_bytes, scheduler, sidecar
from benchmarks.model_server import model_server
from benchmarks.table import Table
from foreword.client import Foreword
from foreword.clock import DAY_MS
from foreword.errors import ForewordError
from foreword.latency import percentile
from foreword.store import ProfileReader
from foreword.v1.event_pb2 import Event

TRIALS = 30
CALLS = 200
LATENCY_SECONDS = 2.0
# More than 200 calls at a time take in a minute, so that the measurement is over before the queue is.
BUSY_USERS = 3000
USERS_A_CALL = 40
GIVE_UP_SECONDS = 120
TEXTS = ("Fix connection pool recovery", "Connection pool recovery after fork", "Speed up test suite startup")


def run() -> Table:
    """Measure from the acknowledged end of a session to the served revisions.

    Raises:
        ForewordError: A library is missing.
    """
    for library in ("aiohttp", "anthropic"):
        if importlib.util.find_spec(library) is None:
            raise ForewordError(f"{library} is not installed", hint="make venv")
    table = Table(
        "model_trigger",
        "From a session's end to the revision by code, and by a model behind it",
        "python -m benchmarks model_trigger",
        ("while", "served revision", "p50 ms", "p99 ms", "aim"),
    )
    with tempfile.TemporaryDirectory() as folder, model_server("--latency", str(LATENCY_SECONDS)) as server:
        store = Path(folder)
        _configure(server.url)
        with (
            sidecar(store) as (address, _),
            scheduler(store) as pid,
            Foreword(address, raises=True) as client,
        ):
            # The first one waits for the scheduler's start, which imports the SDK.
            _measure(client, "first")
            _rows(table, "nothing else is asked", [_measure(client, f"rest-{n}") for n in range(TRIALS)])
            watch = _Watch(store, pid)
            _make_busy(client, watch)
            busy = [_measure(client, f"busy-{n}", waits_for_model=False) for n in range(TRIALS)]
            figures = watch.stop()
            _rows(table, f"{figures['open_min']} to {figures['open_max']} calls are under way", busy)
    table.notes += [
        f"The model takes {LATENCY_SECONDS:g} s for an answer; {TRIALS} users each, one after another. The revision is "
        "polled every 5 ms over gRPC, which is part of the figure.",
        f"With {BUSY_USERS:,} users queued the scheduler took {figures['resident_mb']:.0f} MB (without the mapped "
        f"store) and {figures['processor_share']:.0%} of a processor, which it shares with the model server, the "
        f"sidecar and this client; {figures['calls_a_second']:.0f} answers a second were applied.",
        "A user who comes in then waits for the model behind all who came before, so the last row has none.",
    ]
    return table


def _rows(table: Table, name: str, taken: list[tuple[float, float]]) -> None:
    code = [by_code for by_code, _ in taken]
    aim = "median ≤ 100 ms"
    table.add(name, "by code", f"{percentile(code, 0.5):.0f}", f"{percentile(code, 0.99):.0f}", aim)
    model = [by_model for _, by_model in taken if by_model]
    if model:
        aim = f"{LATENCY_SECONDS:g} s and little more"
        table.add(name, "by model", f"{percentile(model, 0.5):.0f}", f"{percentile(model, 0.99):.0f}", aim)


def _measure(client: Foreword, user: str, *, waits_for_model: bool = True) -> tuple[float, float]:
    """Return after how many ms the revision by code and the one by the model were served; 0 for one not waited for."""
    client.record(_events(user))
    started = time.perf_counter()
    by_code = _wait(client, user, "", started)
    return by_code, _wait(client, user, "anthropic", started) if waits_for_model else 0.0


def _wait(client: Foreword, user: str, generator: str, started: float) -> float:
    while True:
        profile = client.profile(user).profile
        if profile.revision and generator in profile.provenance.generator:
            return (time.perf_counter() - started) * 1000
        if time.perf_counter() - started > GIVE_UP_SECONDS:
            raise TimeoutError(f"no profile of {user} by {generator or 'code'} after {GIVE_UP_SECONDS} s")
        time.sleep(0.005)


def _make_busy(client: Foreword, watch: _Watch) -> None:
    """End the sessions of many users, and wait until so many calls are under way and no refresh waits."""
    for first in range(0, BUSY_USERS, USERS_A_CALL):
        users = range(first, first + USERS_A_CALL)
        client.record([event for number in users for event in _events(f"many-{number}")])
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while watch.open_count() < CALLS - 10 or not watch.is_refreshed():
        if time.monotonic() > deadline:
            raise TimeoutError(f"only {watch.open_count()} calls are under way")
        time.sleep(0.1)
    watch.start()


def _events(user: str) -> list[Event]:
    now_ms, made = time.time_ns() // 1_000_000, []
    for number in range(8):
        topic = f"topic-{(number + len(user)) % 3}"
        event = Event(event_id=f"{user}-{number}", user_id=user, type="commit", topics=["worker", topic])
        event.text = f"{TEXTS[number % 3]} {number}"
        event.time.FromMilliseconds(now_ms - (8 - number) * DAY_MS // 4)
        made.append(event)
    return [*made, Event(event_id=f"{user}-end", user_id=user, type="session.end")]


class _Watch:
    """Looks at the scheduler while it is busy."""

    def __init__(self, store: Path, pid: int) -> None:
        self._profiles = ProfileReader(store)
        self._pid = pid
        self._open: list[int] = []
        self._resident = 0
        self._is_done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def open_count(self) -> int:
        """Return how many calls are under way."""
        return len(self._profiles.model.open_calls())

    def is_refreshed(self) -> bool:
        """Return whether nobody waits for a refresh by code."""
        return not self._profiles.due(time.time_ns() // 1_000_000, 1)

    def start(self) -> None:
        """Begin to look."""
        self._began, self._cpu = time.monotonic(), cpu_seconds(self._pid)
        self._calls = self._ended_count()
        self._thread.start()

    def stop(self) -> dict[str, float]:
        """Return what was seen."""
        self._is_done.set()
        self._thread.join()
        seconds = time.monotonic() - self._began
        figures = {
            "open_min": min(self._open),
            "open_max": max(self._open),
            "resident_mb": self._resident / 1e6,
            "processor_share": (cpu_seconds(self._pid) - self._cpu) / seconds,
            "calls_a_second": (self._ended_count() - self._calls) / seconds,
        }
        self._profiles.close()
        return figures

    def _ended_count(self) -> int:
        return sum(row.calls for row in self._profiles.model.spend())

    def _look(self) -> None:
        while not self._is_done.wait(0.2):
            self._open.append(self.open_count())
            self._resident = max(self._resident, resident_bytes(self._pid))


def _configure(url: str) -> None:
    for key, value in {
        "AGENT__PROVIDER": "anthropic",
        "AGENT__BASE_URL": url,
        "AGENT__CALLS_MAX": str(CALLS),
        "BUDGET__DAY_MICRO_USD": "1000000000000",
    }.items():
        os.environ[f"FOREWORD_{key}"] = value
