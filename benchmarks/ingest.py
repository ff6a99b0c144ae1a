"""Recording events at full speed, and what reads feel of it."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

import grpc

from benchmarks.daemons import cpu_seconds, resident_bytes, sidecar
from benchmarks.population import made_events, user_id, write_profiles
from benchmarks.table import Table, ratio
from foreword.latency import percentile

USERS = 10_000
BATCH = 1_000
BATCHES = 200
IN_FLIGHT = 4
IDLE_SECONDS = 8
# A reader without a pause takes a core for itself; with this one it reads about 170 times a second.
PAUSES_SECONDS = (0.005, 0.0)
METHOD = "/foreword.v1.ActivityService/RecordEvents"


def run() -> Table:
    """Measure the rate, the server's processor time, and GetProfile idle and under it."""
    table = Table(
        "ingest",
        "RecordEvents in batches of 1,000, acknowledged after sync, and GetProfile meanwhile",
        "python -m benchmarks ingest",
        ("what", "value", "beside it", "ratio"),
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        write_profiles(store, USERS)
        with sidecar(store) as (address, pid):
            _measure(table, address, pid)
    table.notes += [
        f"{BATCHES * BATCH:,} events of {USERS:,} users each time, {IN_FLIGHT} batches in flight, sent already "
        "serialized from a process of its own; GetProfile one in flight from another. Three processes share two cores.",
        "Aims: 20,000 events a second on one core of server; GetProfile p99 ≤ 3 × idle; 120 MB.",
    ]
    return table


def _measure(table: Table, address: str, pid: int) -> None:
    count = BATCHES * BATCH
    idle = {pause: _read_for(address, IDLE_SECONDS, pause) for pause in PAUSES_SECONDS}
    used = cpu_seconds(pid)
    alone, _ = _record_while_reading(address, _serialized_batches(0), None)
    used = cpu_seconds(pid) - used
    table.add("events a second", f"{alone:,.0f}", "aim 20,000", ratio(alone, 20_000))
    per_core = count / used
    table.add(
        "events a second of server processor time", f"{per_core:,.0f}", "aim 20,000", ratio(per_core, 20_000)
    )
    for number, (pause, before) in enumerate(idle.items(), start=1):
        rate, busy = _record_while_reading(address, _serialized_batches(number * BATCHES), pause)
        how = f"reads {pause * 1000:.0f} ms apart" if pause else "reads without pause"
        table.add(f"events a second, {how}", f"{rate:,.0f}", f"alone {alone:,.0f}", ratio(rate, alone))
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            under, undisturbed = percentile(busy, share), percentile(before, share)
            what = f"GetProfile {name} µs, {how}"
            table.add(what, f"{under:.0f}", f"idle {undisturbed:.0f}", ratio(under, undisturbed))
    megabytes = resident_bytes(pid) / 1e6
    table.add("sidecar resident MB beyond mapped pages", f"{megabytes:.0f}", "aim 120", ratio(megabytes, 120))


def _serialized_batches(first: int) -> list[bytes]:
    from foreword.v1.activity_service_pb2 import RecordEventsRequest

    return [
        RecordEventsRequest(
            events=made_events(BATCH, USERS, first=number * BATCH, seed=number)
        ).SerializeToString()
        for number in range(first, first + BATCHES)
    ]


def _record_while_reading(
    address: str, batches: list[bytes], pause: float | None
) -> tuple[float, list[float]]:
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    writer = context.Process(target=_record, args=(address, batches, answers), daemon=True)
    writer.start()
    answers.get(timeout=60)
    taken: list[float] = []
    while pause is not None and answers.empty():
        taken += _read_for(address, 0.5, pause)
    writer.join()
    return float(answers.get()), taken


def _record(address: str, batches: list[bytes], answers: Any) -> None:
    with grpc.insecure_channel(address) as channel:
        grpc.channel_ready_future(channel).result(timeout=30)
        call: Any = channel.unary_unary(METHOD)
        answers.put("ready")
        started = time.perf_counter()
        waiting: list[Any] = []
        for batch in batches:
            waiting.append(call.future(batch, timeout=60))
            if len(waiting) >= IN_FLIGHT:
                waiting.pop(0).result()
        for future in waiting:
            future.result()
        answers.put(len(batches) * BATCH / (time.perf_counter() - started))


def _read_for(address: str, seconds: float, pause: float) -> list[float]:
    from foreword.client import Foreword

    taken = []
    with Foreword(address, raises=True) as client:
        client.profile(user_id(0))
        end = time.perf_counter() + seconds
        number = 0
        while time.perf_counter() < end:
            number += 1
            started = time.perf_counter_ns()
            client.profile(user_id(number * 37 % USERS))
            taken.append((time.perf_counter_ns() - started) / 1000)
            time.sleep(pause)
    return taken
