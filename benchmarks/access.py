"""What it costs a call to be asked who makes it: an address that asks nobody, beside one that does, in turns."""

from __future__ import annotations

import logging
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.daemons import sidecar
from benchmarks.population import user_id, write_profiles
from benchmarks.table import Table
from foreword.callers import digest_of, new_token
from foreword.client import Foreword
from foreword.clock import SystemClock
from foreword.latency import call_times_us, percentile
from foreword.problems import Problems
from foreword.v1.profile_service_pb2 import GetProfileRequest
from sidecar.access import Access
from sidecar.rights import RULES

USERS = 1_000
CALLS = 250
ROUNDS = 40
CALLERS = 1_000
CHECKS = 20_000
CHECK_ROUNDS = 7


class _Call:
    """A call as gRPC hands one over, with a token."""

    def __init__(self, token: str) -> None:
        self._metadata = (("user-agent", "grpc-python/1.76.0"), ("authorization", f"Bearer {token}"))

    def invocation_metadata(self) -> Any:
        return self._metadata


def run() -> Table:
    """Measure the check alone, and GetProfile with it."""
    table = Table(
        "access",
        "What it costs a call to be asked who makes it",
        "python -m benchmarks access",
        ("what", "p50 µs", "p99 µs", "p50 ratio"),
    )
    with tempfile.TemporaryDirectory() as folder:
        token = new_token()
        file = _callers(Path(folder) / "callers.toml", token)
        table.add("the check alone, processor time", f"{_check_us(file, token):.1f}", "", "")
        plain, asking = _calls(Path(folder), file, token)
    ratio = median(median(ours) / median(theirs) for ours, theirs in zip(asking, plain, strict=True))
    for name, rounds, shown in (
        ("GetProfile, nobody asked", plain, "1.00 ×"),
        ("GetProfile with a token", asking, f"{ratio:.2f} ×"),
    ):
        times = [taken for one in rounds for taken in one]
        table.add(name, f"{percentile(times, 0.5):.0f}", f"{percentile(times, 0.99):.0f}", shown)
    table.notes += [
        f"One of {CALLERS:,} callers, of two namespaces, with an expiry: the longest way through.",
        f"The check: least of {CHECK_ROUNDS} rounds of {CHECKS:,}. It knows the caller, their right and namespace.",
        f"GetProfile: {ROUNDS} rounds of {CALLS:,} calls a side in turns, unix socket, Python client, without the "
        "native front. The ratio is the median of the rounds' own.",
        "Aim of the check: below 5 µs.",
    ]
    return table


def _callers(file: Path, token: str) -> Path:
    tokens = [token, *(new_token() for _ in range(CALLERS - 1))]
    file.touch(0o600)
    file.write_text(
        "".join(
            f'[[callers]]\nname = "caller-{number}"\ntoken_sha256 = "{digest_of(each)}"\nrights = ["read"]\n'
            'namespaces = ["", "shop"]\nexpires = 2100-01-01T00:00:00Z\n'
            for number, each in enumerate(tokens)
        )
    )
    return file


def _check_us(file: Path, token: str) -> float:
    clock = SystemClock()
    access = Access(file, Problems(clock, logging.getLogger("access")), clock)
    call, rule = _Call(token), RULES["ProfileService/GetProfile"]
    request = GetProfileRequest(user_id="ann")
    rounds = []
    for _ in range(CHECK_ROUNDS):
        begun = time.thread_time()
        for _ in range(CHECKS):
            access.grant(rule, call).check(request)
        rounds.append(time.thread_time() - begun)
    return min(rounds) / CHECKS * 1e6


def _calls(folder: Path, file: Path, token: str) -> tuple[list[list[float]], list[list[float]]]:
    """Return the times of both sides, by rounds."""
    users = [user_id(number * 37 % USERS) for number in range(CALLS)]
    asks = {
        "FOREWORD_SECURITY__CALLERS_FILE": str(file),
        "FOREWORD_SECURITY__REQUIRE_CALLER": "everywhere",
    }
    with ExitStack() as stack:
        clients = []
        for name, settings in (("plain", {}), ("asking", asks)):
            store = folder / name
            store.mkdir()
            write_profiles(store, USERS)
            address, _ = stack.enter_context(sidecar(store, native="off", settings=settings))
            client = Foreword(address, raises=True, token=token if settings else None)
            clients.append(stack.enter_context(client))
            call_times_us(client.profile, users)
        rounds = [[call_times_us(client.profile, users) for client in clients] for _ in range(ROUNDS)]
    return [plain for plain, _ in rounds], [asking for _, asking in rounds]
