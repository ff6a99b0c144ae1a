"""`policy = "optimal"`: what it serves fresh in a made-up population, and how long its pass over all users takes."""

from __future__ import annotations

import math
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psutil

from benchmarks.table import Table
from foreword.clock import DAY_MS
from foreword.keys import user_key
from foreword.store import ProfileReader, ProfileWriter
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import Habits, RefreshState
from scheduler.optimal import Cells, Census, InForce
from scheduler.optimal.threshold import changes_until

FORMULA_USERS = 200_000
PASS_USERS = 1_000_000
SLICE = 1000
NOW_MS = 1_760_000_000_000
# Opens and material changes a day, log-normal over users: median and spread of each, and how far they go together.
OPENS, CHANGES, CORRELATION = (0.15, 1.7), (0.5, 2.0), 0.3


def run() -> Table:
    """Measure both."""
    table = Table(
        name="policy",
        title="The optimal policy",
        command="python -m benchmarks policy",
        columns=["what", "measured"],
    )
    users = list(_rates(FORMULA_USERS))
    for name, fresh, cost in _served(users):
        table.add(
            f"{FORMULA_USERS:,} users, {name}",
            f"{fresh:.3f} fresh at open, {cost:.3f} refreshes a user a day",
        )
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder))
        with closing(ProfileReader(Path(folder))) as reader:
            read_seconds, close_seconds = _pass(reader)
    table.add(f"pass over {PASS_USERS:,} users of a store, processor time", f"{read_seconds:.1f} s")
    table.add("of it the threshold and priors", f"{close_seconds:.2f} s")
    table.add("resident memory of the process after it", f"{psutil.Process().memory_info().rss >> 20} MB")
    table.notes.append(
        "Fresh at open by the formulas, opens and changes at constant rates: F = (1 − e^−x)/x for one interval and "
        "for segments of 1, 3 and 30 days, at what these cost; the optimal threshold by bisection, at its own cost."
    )
    return table


def _rates(count: int) -> Iterator[tuple[float, float]]:
    drawn = random.Random(1)
    for _ in range(count):
        one = drawn.gauss(0, 1)
        other = CORRELATION * one + math.sqrt(1 - CORRELATION**2) * drawn.gauss(0, 1)
        yield OPENS[0] * math.exp(OPENS[1] * one), CHANGES[0] * math.exp(CHANGES[1] * other)


def _served(users: Sequence[tuple[float, float]]) -> Iterator[tuple[str, float, float]]:
    """Yield each policy with the share of opens it serves fresh, and what it costs a user a day."""
    days = [1 if opens >= 6 / 7 else 3 if opens >= 1 / 7 else 30 for opens, _ in users]
    budget = sum(1 / every for every in days)
    uniform = len(users) / budget
    yield "uniform", _fresh(users, [uniform] * len(users)), budget / len(users)
    yield "segments of 1, 3 and 30 days", _fresh(users, days), budget / len(users)
    cells = Cells()
    for opens, changes in users:
        cells.add(opens / changes, changes)
    threshold = cells.threshold(budget)
    found = [changes_until(threshold * changes / opens) / changes for opens, changes in users]
    yield "optimal", _fresh(users, found), sum(1 / every for every in found) / len(users)


def _fresh(users: Sequence[tuple[float, float]], days: Sequence[float]) -> float:
    served = (
        opens * -math.expm1(-changes * every) / (changes * every)
        for (opens, changes), every in zip(users, days, strict=True)
        if every < math.inf
    )
    return sum(served) / sum(opens for opens, _ in users)


def _fill(folder: Path) -> None:
    drawn = random.Random(2)
    with closing(ProfileWriter(folder, map_size_bytes=1 << 34)) as writer:
        for start in range(0, PASS_USERS, 20_000):
            with writer.begin() as txn:
                for number in range(start, start + 20_000):
                    txn.schedule(user_key(f"user-{number}", ""), _state(drawn))


def _state(drawn: random.Random) -> RefreshState:
    opens = drawn.expovariate(0.1)
    events = opens * drawn.uniform(1, 5)
    habits = Habits(
        open_count=1 + int(opens),
        opened_ms=NOW_MS - int(drawn.expovariate(1 / 20) * DAY_MS),
        opened_event_count=int(events),
        opens=opens,
        open_days=opens * drawn.uniform(0.3, 9),
        open_events=events,
        changes=events * drawn.uniform(0, 0.5),
        change_events=events,
    )
    return RefreshState(consumed_seq=1, segment=Segment.SEGMENT_SEMI_ACTIVE, revision=1, habits=habits)


def _pass(reader: ProfileReader) -> tuple[float, float]:
    began = time.process_time()
    census, after = Census(InForce(), NOW_MS), b""
    while rows := reader.refresh_states(after, SLICE):
        after = rows[-1][0]
        for _, state in rows:
            census.add(state.habits, wait_days=10.0)
    closing_began = time.process_time()
    census.close(PASS_USERS / 100, None)
    ended = time.process_time()
    return ended - began, ended - closing_began
