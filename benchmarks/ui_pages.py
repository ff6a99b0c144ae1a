"""How long the operators' pages take with a million users: as a browser gets them, from a real `foreword ui`."""

from __future__ import annotations

import http.client
import re
import tempfile
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from benchmarks.daemons import page, sidecar
from benchmarks.due_store import NOON_MS, user_id, write_store
from benchmarks.table import Table
from foreword import keys
from foreword.clock import format_time_ms
from foreword.config import Config
from foreword.latency import percentile
from foreword.store import ProfileWriter
from foreword.v1.refresh_pb2 import RefreshOutcome

USERS = 1_000_000
_REQUESTS = 200
_FURTHER_REQUESTS = 5
_FAILING = 20
_ERROR = "the disk is full"
# The page that looks longest looks for five seconds.
_SECONDS_MAX = 60


def run() -> Table:
    """Measure each page over one connection, one request after the other."""
    table = Table(
        "ui_pages",
        f"The operators' pages with {USERS:,} users",
        "python -m benchmarks ui_pages",
        ("page", "requests", "p50 ms", "p95 ms", "longest ms"),
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "store")
        write_store(store, USERS, Config())
        _fail(store)
        as_of = format_time_ms(NOON_MS)
        with sidecar(store, as_of=as_of) as (address, _), page(store, address) as port:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS_MAX)
            _counted(connection)
            for name, path, count in _pages(connection):
                took = [_get(connection, path)[0] for _ in range(count)]
                table.add(
                    name,
                    f"{count}",
                    *(f"{1000 * percentile(took, share):.1f}" for share in (0.5, 0.95)),
                    f"{1000 * max(took):.1f}",
                )
            connection.close()
    table.notes += [
        "One connection, one request after the other; sidecar and page share the machine with what measures them.",
        "The sidecar counts a million users anew meanwhile, as often as its status allows: a page shows the newest "
        "counts and says how old they are, and waits for new ones at most a tenth of a second.",
        f"{_FAILING} users fail, the last ones of all: a page that looks for them stops after 0.03 s and says how to "
        "go on, and one that was told to look further looks through all.",
    ]
    return table


def _pages(connection: http.client.HTTPConnection) -> Iterator[tuple[str, str, int]]:
    first = _get(connection, "/users")[1]
    yield "overview", "/", _REQUESTS
    yield "users", "/users", _REQUESTS
    yield "users, a later page", _link(first, "/users?after="), _REQUESTS
    yield "users whose id begins so", f"/users?begins={user_id(USERS - 100)[:-1]}", _REQUESTS
    yield "users, active and expired", "/users?segment=active&freshness=expired", _REQUESTS
    yield "users who fail, a first look", "/users?failed=1", _REQUESTS
    yield "users who fail, looked for further", "/users?failed=1&further=1", _FURTHER_REQUESTS
    yield "one user", f"/user?id={user_id(USERS // 2)}", _REQUESTS
    yield "configuration", "/configuration", _REQUESTS


def _get(connection: http.client.HTTPConnection, path: str) -> tuple[float, str]:
    begun = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read().decode()
    seconds = time.perf_counter() - begun
    assert response.status == 200, (path, response.status, body)
    return seconds, body


def _link(text: str, begin: str) -> str:
    found = re.search(rf'href="({re.escape(begin)}[^"]*)"', text)
    assert found is not None, begin
    return unescape(found[1])


def _counted(connection: http.client.HTTPConnection) -> None:
    """Wait until the users were counted a first time."""
    deadline = time.monotonic() + _SECONDS_MAX
    while f"{USERS:,}" not in _get(connection, "/")[1]:
        assert time.monotonic() < deadline, "the users were not counted"
        time.sleep(0.2)


def _fail(store: Path) -> None:
    """Have the last users' newest refreshes have failed."""
    writer = ProfileWriter(store, map_size_bytes=64 << 30)
    with writer.begin() as txn:
        for number in range(USERS - _FAILING, USERS):
            user = keys.user_key(user_id(number))
            state = txn.refresh_state(user)
            assert state is not None
            state.outcome, state.failures, state.error = RefreshOutcome.REFRESH_OUTCOME_FAILED, 3, _ERROR
            txn.schedule(user, state)
    writer.close()
