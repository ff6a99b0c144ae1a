"""What it costs a call to be watched: a sidecar without any of it, beside sidecars with more and more, in turns."""

from __future__ import annotations

import multiprocessing
import random
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from benchmarks.daemons import READY_SECONDS, sidecar
from benchmarks.population import user_id, write_profiles
from benchmarks.table import Table, ratio
from foreword.client import Foreword
from foreword.errors import ForewordError
from foreword.latency import call_times_us, percentile

USERS = 1_000
CALLS = 250
ROUNDS = 120
# A scrape in each so many rounds: in each 1,000 calls.
SCRAPE_ROUNDS = 4
SCRAPED = "FOREWORD_TELEMETRY__SIDECAR_METRICS_LISTEN"
# What a call is without a thing around it.
_BARE = "from sidecar.calls import Calls\nCalls.followed = lambda self, service, handlers: dict(handlers)"
_PORTS = (19_464, 19_465, 19_466)


@dataclass
class _Side:
    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    before: str = ""
    rounds_us: list[list[float]] = field(default_factory=list)
    processor_seconds: float = 0.0

    def percentile_us(self, share: float) -> float:
        """Return a percentile over all calls."""
        return percentile([taken for one in self.rounds_us for taken in one], share)

    def ratio_to(self, other: _Side) -> float:
        """Return the median over the rounds of how the medians compare: each with its neighbour's, under one load."""
        pairs = zip(self.rounds_us, other.rounds_us, strict=True)
        return median(median(ours) / median(theirs) for ours, theirs in pairs)


def run() -> Table:
    """Measure GetProfile in turns."""
    table = Table(
        "telemetry",
        "What it costs a call to be watched: GetProfile through the Python client, unix socket",
        "python -m benchmarks telemetry",
        ("sidecar", "p50 µs", "p99 µs", "its processor time a call, µs", "p50 ratio", "processor ratio"),
    )
    with _receiver() as url:
        sides = _sides(url)
        _measure(sides)
    bare = sides[0]
    for side in sides:
        table.add(
            side.name,
            f"{side.percentile_us(0.5):.0f}",
            f"{side.percentile_us(0.99):.0f}",
            f"{side.processor_seconds / (ROUNDS * CALLS) * 1e6:.0f}",
            f"{side.ratio_to(bare):.2f} ×",
            ratio(side.processor_seconds, bare.processor_seconds),
        )
    table.notes += [
        f"{ROUNDS} rounds of {CALLS:,} calls a side in turns, one in flight; all share the cores. "
        "The p50 ratio is the median of the rounds' own ratios.",
        "Without the native front, which follows its calls itself, in Rust.",
        "Without: the handlers as they are, without ids, counts and times.",
        "Scraped: once in 1,000 calls, which is some 25 times as often as Prometheus does; its cost is in the row.",
        "Aim: below 1.05.",
    ]
    return table


def _sides(url: str) -> list[_Side]:
    scraped = [{SCRAPED: f"127.0.0.1:{port}"} for port in _PORTS]

    def traced(share: str) -> dict[str, str]:
        return {"FOREWORD_TELEMETRY__TRACES_URL": url, "FOREWORD_TELEMETRY__TRACES_SHARE": share}

    return [
        _Side("without", before=_BARE),
        _Side("as it is installed: ids, counts, times"),
        _Side("and scraped", scraped[0]),
        _Side("and one call in a hundred traced", scraped[1] | traced("0.01")),
        _Side("and every call traced", scraped[2] | traced("1.0")),
    ]


def _measure(sides: list[_Side]) -> None:
    users = [user_id(number * 37 % USERS) for number in range(CALLS)]
    with ExitStack() as stack:
        running = []
        for side in sides:
            store = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            write_profiles(store, USERS)
            daemon = sidecar(store, native="off", settings=side.settings, before=side.before)
            address, pid = stack.enter_context(daemon)
            client = stack.enter_context(Foreword(address, raises=True))
            call_times_us(client.profile, users)
            running.append((side, client, pid))
        order = random.Random(1)
        for turn in range(ROUNDS):
            # In another order each time: whoever follows somebody finds the caches as they were left.
            for side, client, pid in order.sample(running, len(running)):
                _take(side, client, pid, users, is_scraped=turn % SCRAPE_ROUNDS == 0)


def _take(side: _Side, client: Foreword, pid: int, users: list[str], *, is_scraped: bool) -> None:
    before = _processor_seconds(pid)
    with _scraping(side.settings.get(SCRAPED, "") if is_scraped else ""):
        side.rounds_us.append(call_times_us(client.profile, users))
    side.processor_seconds += _processor_seconds(pid) - before


def _processor_seconds(pid: int) -> float:
    """Return how long the threads of a process have run: to the nanosecond, where a clock tick is 30 calls long."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9


@contextmanager
def _scraping(address: str) -> Iterator[None]:
    """Scrape once meanwhile."""
    if not address:
        yield
        return
    scrape = threading.Thread(
        target=lambda: urllib.request.urlopen(f"http://{address}/metrics", timeout=10).read()
    )
    scrape.start()
    yield
    scrape.join()


@contextmanager
def _receiver() -> Iterator[str]:
    """Take spans in a process of their own, and forget them."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_receive, args=(theirs,), daemon=True)
    process.start()
    try:
        if not ours.poll(READY_SECONDS):
            raise ForewordError("the receiver of spans did not start")
        yield f"http://127.0.0.1:{ours.recv()}/v1/traces"
    finally:
        process.terminate()
        process.join()


def _receive(told: Connection) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        told.send(server.server_port)
        server.serve_forever()
