"""How long a live refresh waits for its start while a backfill runs, and when none does; and how fast that is."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.daemons import scheduler, sidecar
from benchmarks.due_store import write_store
from benchmarks.table import Table, ratio
from foreword import keys
from foreword.client import Foreword
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.latency import percentile
from foreword.store import ProfileReader
from foreword.v1.backfill_pb2 import Backfill, BackfillMode, BackfillStage
from foreword.v1.event_pb2 import Event
from foreword.v1.operator_service_pb2 import BackfillAction
from foreword.v1.refresh_pb2 import RefreshReason

# Refreshes a second that are asked for, and users who are idle meanwhile; the third pace is more than code can do.
PACES = ((200, 0), (1_000, 0), (10_000, 0), (200, 1_000_000))
BLOCKS = 3
READS_A_BLOCK = 100
EVENTS_EACH = 8
# Longer than the reads of all blocks take at the pace that code can keep up.
RUNNING_SECONDS = 60
USERS_PER_SECOND_MAX = 700
READ_SECONDS = 0.037
LIVE, DAY_SECONDS = "live", 86_400
ON_OPEN = RefreshReason.REFRESH_REASON_ON_OPEN


def run() -> Table:
    """Read users never computed, by turns while a backfill is paused and while it runs; the ledger has their starts."""
    table = Table(
        "backfill",
        "From a read that triggers a refresh to its start, idle and beside a backfill",
        "python -m benchmarks backfill",
        (
            "users a second asked for",
            "idle users",
            "users a second done",
            "idle p50 ms",
            "idle p99 ms",
            "beside p50 ms",
            "beside p99 ms",
            "p99 to idle",
            "aim",
        ),
    )
    for pace, idle_users in PACES:
        with tempfile.TemporaryDirectory() as folder:
            if idle_users:
                write_store(Path(folder), idle_users, Config(), noon_ms=_last_noon_ms())
            table.add(*_measure(Path(folder), pace, idle_users))
    table.notes += [
        f"{BLOCKS} blocks of {READS_A_BLOCK} reads each of users who have history and no profile, one read every "
        f"{READ_SECONDS * 1000:.0f} ms, with the backfill paused and running by turns, in the same two processes. A "
        "start's delay is the ledger's: from when the trigger was asked for to when the attempt began.",
        "Idle users have activity, refresh state, due time and a profile of 40 bytes; none is due, and all are looked "
        "through once at the scheduler's start, while this is measured.",
        f"The users of the backfill have {EVENTS_EACH} events each and get their first profile. Users a second are "
        "those written while it ran, the live refreshes and the sidecar beside it.",
        "The scheduler looks for triggers every 50 ms (scheduler.trigger_poll_ms), which is most of the delay when "
        "idle; beside a backfill between its refreshes, up to a hundred times a second.",
    ]
    return table


def _last_noon_ms() -> int:
    return (int(time.time() * 1000) - DAY_MS // 2) // DAY_MS * DAY_MS + DAY_MS // 2


def _measure(store: Path, pace: int, idle_users: int) -> Sequence[str]:
    """Return one row of the table."""
    idle, beside, written, seconds = [], [], 0, 0.0
    with sidecar(store) as (address, _), Foreword(address, raises=True, timeout_seconds=30) as client:
        users = min(pace, USERS_PER_SECOND_MAX) * RUNNING_SECONDS
        _record(client, "old", users)
        _record(client, LIVE, 2 * BLOCKS * READS_A_BLOCK)
        live = iter(range(2 * BLOCKS * READS_A_BLOCK))
        with scheduler(store):
            _begin(client, pace)
            for _ in range(BLOCKS):
                client.steer_backfill(BackfillAction.BACKFILL_ACTION_PAUSE)
                _wait_for(client, BackfillStage.BACKFILL_STAGE_PAUSED)
                time.sleep(1)
                idle += _read(client, live)
                before, began = _written(client), time.perf_counter()
                client.steer_backfill(BackfillAction.BACKFILL_ACTION_RESUME)
                _wait_for(client, BackfillStage.BACKFILL_STAGE_RUNNING)
                beside += _read(client, live)
                written, seconds = written + _written(client) - before, seconds + time.perf_counter() - began
                if client.get_backfill().backfill.stage != BackfillStage.BACKFILL_STAGE_RUNNING:
                    raise RuntimeError(
                        "the backfill was over before the reads were; there must be more users"
                    )
            time.sleep(1)
    starts = _starts(store)
    idle_ms, beside_ms = [starts[user] for user in idle], [starts[user] for user in beside]
    idle_p99, beside_p99 = percentile(idle_ms, 0.99), percentile(beside_ms, 0.99)
    return (
        f"{pace:,}",
        f"{idle_users:,}",
        f"{written / seconds:,.0f}",
        f"{percentile(idle_ms, 0.5):.0f}",
        f"{idle_p99:.0f}",
        f"{percentile(beside_ms, 0.5):.0f}",
        f"{beside_p99:.0f}",
        ratio(beside_p99, idle_p99),
        "≤ 2 ×",
    )


def _record(client: Foreword, namespace: str, users: int) -> None:
    now_seconds = int(time.time())
    batch: list[Event] = []
    for number in range(users):
        for place in range(EVENTS_EACH):
            event = Event(event_id=f"{number}-{place}", user_id=f"user-{number}", namespace=namespace)
            event.type, event.item_id = "read", f"article {number % 500}"
            event.topics.extend([f"topic-{(number + place) % 40}", f"topic-{number % 7}"])
            event.time.FromSeconds(now_seconds - (1 + number % 25) * DAY_SECONDS - place * 600)
            batch.append(event)
        if len(batch) >= 900:
            client.record_history(batch)
            batch = []
    client.record_history(batch)


def _begin(client: Foreword, pace: int) -> None:
    deadline = time.monotonic() + 60
    while not client.status().scheduler_running and time.monotonic() < deadline:
        time.sleep(0.1)
    client.start_backfill(mode=BackfillMode.BACKFILL_MODE_EXTRACTIVE, users_per_second=pace, namespace="old")
    _wait_for(client, BackfillStage.BACKFILL_STAGE_RUNNING)


def _wait_for(client: Foreword, stage: BackfillStage) -> Backfill:
    deadline = time.monotonic() + 120
    while (found := client.get_backfill().backfill).stage != stage:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no backfill {BackfillStage.Name(stage)}: {found}")
        time.sleep(0.05)
    return found


def _written(client: Foreword) -> int:
    return client.get_backfill().backfill.counts.written_count


def _read(client: Foreword, live: Iterator[int]) -> list[str]:
    """Read users one after the other, at a pace that has no beat with the scheduler's; return whom."""
    read = []
    for _ in range(READS_A_BLOCK):
        user = f"user-{next(live)}"
        client.profile(user, namespace=LIVE)
        read.append(user)
        time.sleep(READ_SECONDS)
    return read


def _starts(store: Path) -> dict[str, float]:
    """Return for each user who was read how many ms after the trigger the refresh began."""
    with closing(ProfileReader(store)) as reader:
        return {
            keys.split_user_key(entry.user_key)[0]: float(entry.started_ms - entry.triggered_ms)
            for entry in reader.every_attempt()
            if entry.reason == ON_OPEN
        }
