"""Reading over gRPC, against an empty unary call of the same payload on the same stack, in turns."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc

from benchmarks.daemons import sidecar
from benchmarks.empty_server import empty_server
from benchmarks.population import user_id, write_profiles
from benchmarks.table import Table, ratio
from foreword.client import Foreword
from foreword.latency import call_times_us, percentile

USERS = 10_000
CALLS = 2_000
ROUNDS = 5
BATCH = 100


def run() -> Table:
    """Measure GetProfile, GetForeword and BatchGetProfiles through the Python client."""
    table = Table(
        "rpc",
        "Reading over gRPC through the Python client, unix socket",
        "python -m benchmarks rpc",
        ("call", "p50 µs", "p99 µs", "empty call p50 µs", "empty call p99 µs", "p50 ratio"),
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        write_profiles(store, USERS)
        with sidecar(store) as (address, _), Foreword(address, raises=True) as client:
            _measure(table, store, client)
    table.notes += [
        f"{ROUNDS} rounds of {CALLS:,} calls a side in turns, one in flight; server and client share the cores.",
        "Empty call: a grpc.aio server on uvloop whose handler returns constant bytes of the same size, and a bare "
        "grpcio stub that parses them into the same message.",
        "Aim: p50 ≤ 1.25 × the empty call; BatchGetProfiles ≤ 20 µs a key.",
    ]
    return table


def _measure(table: Table, store: Path, client: Foreword) -> None:
    from foreword.v1 import profile_service_pb2 as pb

    users = [user_id(number * 37 % USERS) for number in range(CALLS)]
    profile = client.profile(users[0])
    foreword = client.foreword(users[0])
    cases: list[tuple[str, Callable[[str], Any], Any, Any]] = [
        ("GetProfile", client.profile, profile, pb.GetProfileRequest),
        ("GetForeword", client.foreword, foreword, pb.GetForewordRequest),
    ]
    for name, ours, response, request in cases:
        with _empty_call(store, name, response, request) as empty:
            mine, theirs = _in_turns(ours, empty, users)
        p50, base = percentile(mine, 0.5), percentile(theirs, 0.5)
        tails = (f"{percentile(mine, 0.99):.0f}", f"{base:.0f}", f"{percentile(theirs, 0.99):.0f}")
        table.add(name, f"{p50:.0f}", *tails, ratio(p50, base))
    batches = [users[i : i + BATCH] for i in range(0, CALLS, BATCH)] * ROUNDS
    taken = [value / BATCH for value in call_times_us(client.profiles, batches)]
    table.add(
        f"BatchGetProfiles, {BATCH} ids, a key",
        f"{percentile(taken, 0.5):.1f}",
        f"{percentile(taken, 0.99):.1f}",
        "",
        "",
        "",
    )


@contextlib.contextmanager
def _empty_call(store: Path, name: str, response: Any, request: Any) -> Iterator[Callable[[str], Any]]:
    address = f"unix:{store}/empty-{name}.sock"
    with empty_server(address, response.SerializeToString()), grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(
            "/empty/Call",
            request_serializer=request.SerializeToString,
            response_deserializer=type(response).FromString,
        )
        yield lambda user: call(request(user_id=user), timeout=5)


def _in_turns(
    ours: Callable[[str], Any], theirs: Callable[[str], Any], users: list[str]
) -> tuple[list[float], list[float]]:
    call_times_us(ours, users[:300])
    call_times_us(theirs, users[:300])
    mine: list[float] = []
    other: list[float] = []
    for _ in range(ROUNDS):
        mine += call_times_us(ours, users)
        other += call_times_us(theirs, users)
    return mine, other
