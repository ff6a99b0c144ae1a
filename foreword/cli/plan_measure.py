"""A short measurement on this machine: what a sidecar answers and records a second."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from foreword import keys
from foreword.cli.probe import is_serving
from foreword.client import Foreword
from foreword.defaults import default_foreword, default_profile
from foreword.errors import ForewordError
from foreword.planning import Figure, Source
from foreword.store import ProfileWriter
from foreword.v1.event_pb2 import Event

# Long enough for some thousand calls, and short beside the patience of whoever asks.
_SECONDS = 2.0
_USERS = 1_000
_BATCH = 1_000
_START_SECONDS = 30.0
_MAP_BYTES = 1 << 28


def measure() -> dict[str, Figure]:
    """Return reads and events a second of a sidecar on a store made for it; some seconds.

    One call is under way at a time, from this process: what several clients get together is more, up to what one core
    does.

    Raises:
        ForewordError: The sidecar does not start.
    """
    with tempfile.TemporaryDirectory(prefix="fw-plan-") as folder:
        store = Path(folder)
        _write_profiles(store)
        with _sidecar(store) as address, Foreword(address, raises=True) as client:
            reads = _per_second(lambda number: client.profile(_user(number % _USERS)))
            made = iter(range(1_000_000))
            batches = _per_second(lambda _number: client.record(_events(made)))
    note = f"{_SECONDS:g} s on this machine, one call at a time"
    return {
        "reads_per_second_max": Figure(reads, Source.MEASURED, note),
        "events_per_second_max": Figure(batches * _BATCH, Source.MEASURED, f"{note}, {_BATCH:,} events each"),
    }


def _per_second(call: Callable[[int], object]) -> float:
    call(0)
    began, number = time.perf_counter(), 0
    while time.perf_counter() - began < _SECONDS:
        call(number)
        number += 1
    return number / (time.perf_counter() - began)


def _user(number: int) -> str:
    return f"user-{number:06d}"


def _events(numbers: Iterator[int]) -> list[Event]:
    return [
        Event(event_id=f"e{number}", user_id=_user(number % _USERS), type="read", topics=["measured"])
        for number in (next(numbers) for _ in range(_BATCH))
    ]


def _write_profiles(store: Path) -> None:
    writer = ProfileWriter(store, map_size_bytes=_MAP_BYTES)
    with writer.begin() as txn:
        txn.put_defaults(default_profile(), default_foreword())
        for number in range(_USERS):
            profile, foreword = default_profile(), default_foreword()
            profile.user_id, profile.is_default = _user(number), False
            # About as long as those of users with some history.
            profile.semantic_summary = "x" * 4_000
            txn.put_profile(
                keys.user_key(profile.user_id),
                profile,
                foreword,
                computed_at_ms=1,
                stale_after_ms=1 << 48,
                expired_after_ms=1 << 48,
                refresh_on_open=False,
            )
    writer.close()


@contextmanager
def _sidecar(store: Path) -> Iterator[str]:
    address = f"unix:{store}/s"
    own = {name: value for name, value in os.environ.items() if not name.startswith("FOREWORD_")}
    environment = own | {
        "FOREWORD_STORE__DIRECTORY": str(store),
        "FOREWORD_SIDECAR__LISTEN": f'["{address}"]',
        "FOREWORD_STORE__ACTIVITY_MAP_SIZE_BYTES": str(1 << 30),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "foreword", "sidecar"],
        env=environment,
        cwd=store,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not is_serving(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise ForewordError("the sidecar to be measured did not start", hint="run without --measure")
            time.sleep(0.05)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
