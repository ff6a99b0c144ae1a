"""How soon a refresh is served after what asked for it was acknowledged."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.daemons import scheduler, sidecar
from benchmarks.table import Table
from foreword.client import Foreword
from foreword.latency import percentile
from foreword.v1.event_pb2 import Event

# Returns when it was acknowledged, and the revision served before.
Ask = Callable[[Foreword, str], tuple[float, int]]

TRIALS = 60
GIVE_UP_SECONDS = 10


def run() -> Table:
    """Measure session end, on-open and deletion, from acknowledgement to the new revision being served."""
    table = Table(
        "trigger",
        "From an acknowledged trigger to the served new revision",
        "python -m benchmarks trigger",
        ("trigger", "p50 ms", "p99 ms", "aim"),
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        with sidecar(store) as (address, _), scheduler(store), Foreword(address, raises=True) as client:
            for name, ask in (
                ("session.end event", _end_session),
                ("read of a never-computed user", _open),
                ("deletion of an event", _delete),
            ):
                taken = [_measure(client, ask, f"{name}-{number}") for number in range(TRIALS)]
                table.add(
                    name,
                    f"{percentile(taken, 0.5):.0f}",
                    f"{percentile(taken, 0.99):.0f}",
                    "median ≤ 1,000 ms",
                )
    table.notes += [
        f"{TRIALS} users each, one after another; the revision is polled every 5 ms over gRPC, which is part of the "
        "figure.",
        "The scheduler looks for triggers every 50 ms (scheduler.trigger_poll_ms).",
    ]
    return table


def _measure(client: Foreword, ask: Ask, user: str) -> float:
    started, before = ask(client, user)
    _wait_for_newer(client, user, before)
    return (time.perf_counter() - started) * 1000


def _wait_for_newer(client: Foreword, user: str, revision: int) -> int:
    started = time.perf_counter()
    while (served := client.profile(user).profile.revision) <= revision:
        if time.perf_counter() - started > GIVE_UP_SECONDS:
            raise TimeoutError(f"no new profile of {user} after {GIVE_UP_SECONDS} s; do both daemons run?")
        time.sleep(0.005)
    return served


def _end_session(client: Foreword, user: str) -> tuple[float, int]:
    client.record([*_events(user), Event(event_id=f"{user}-end", user_id=user, type="session.end")])
    return time.perf_counter(), 0


def _open(client: Foreword, user: str) -> tuple[float, int]:
    client.record(_events(user))
    client.profile(user)
    return time.perf_counter(), 0


def _delete(client: Foreword, user: str) -> tuple[float, int]:
    _end_session(client, user)
    before = _wait_for_newer(client, user, 0)
    client.delete_events(user, [f"{user}-0"])
    return time.perf_counter(), before


def _events(user: str) -> list[Event]:
    return [
        Event(event_id=f"{user}-{n}", user_id=user, type="read", topics=["gardening", f"topic-{n % 3}"])
        for n in range(6)
    ]
