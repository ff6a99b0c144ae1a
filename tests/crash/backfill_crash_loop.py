"""Kills the scheduler at random moments of a backfill, and looks whether anybody was refreshed or asked about twice.

    python tests/crash/backfill_crash_loop.py --rounds 30

Users with history and without profiles are backfilled, by code and then by a model server in batches; again and again
the scheduler is killed with SIGKILL and started anew. In the end each user must have been refreshed and asked about
once, by the ledger and by the server's own count; what was spent must be the server's, to the pico-dollar; and what the
backfill says of itself must be what the rows say. Prints one JSON object; the exit code is 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

# Run as a script, which pytest's path is not set for.
sys.path.append(str(Path(__file__).parents[1]))
from batch_crash_loop import MAP_BYTES, SETTLE_SECONDS, START_SECONDS, TOPICS, Scheduler, wrong
from model_servers import running_model_server
from waiting import let_pass, until

from foreword import keys
from foreword.clock import HOUR_MS
from foreword.store import ActivityWriter, NewEvent, ProfileReader
from foreword.store.profile_reader import open_when_present
from foreword.store.v1.store_pb2 import BackfillRow
from foreword.v1.backfill_pb2 import BackfillPlan, BackfillStage
from foreword.v1.event_pb2 import Event
from foreword.v1.refresh_pb2 import RefreshReason

USERS = [f"user{number}" for number in range(240)]
EVENTS_EACH = 4
USERS_PER_SECOND = 20.0
KILL_SECONDS_MAX = 0.5
UP = b"the scheduler runs on"


def record(store: Path, dice: random.Random) -> None:
    """Write the history of all users, as an import for a backfill does, and ask for the backfill."""
    now_ms = time.time_ns() // 1_000_000
    with closing(ActivityWriter(store, map_size_bytes=MAP_BYTES)) as writer, writer.begin() as txn:
        for number, user in enumerate(USERS):
            events = [
                _event(user, place, now_ms - (number + 1) * HOUR_MS, dice) for place in range(EVENTS_EACH)
            ]
            txn.record(events, now_ms, for_backfill=True)
        plan = BackfillPlan(
            backfill_id=bytes(range(16)),
            requested_ms=now_ms,
            users_per_second=USERS_PER_SECOND,
            is_confirmed=True,
        )
        txn.put_backfill_plan(plan)


def _event(user: str, place: int, time_ms: int, dice: random.Random) -> NewEvent:
    event = Event(event_id=f"{user}-{place}", user_id=user, type="read", topics=[dice.choice(TOPICS)])
    event.time.FromMilliseconds(time_ms - place)
    return NewEvent(keys.user_key(user), event.event_id, time_ms - place, event.SerializeToString(), False)


class Killed:
    """A scheduler that is killed at random moments, and what its store says."""

    def __init__(self, scheduler: Scheduler, log: Path, dice: random.Random) -> None:
        self._scheduler = scheduler
        self._log = log
        self._dice = dice
        self.stages: Counter[str] = Counter()

    def kill_once(self) -> bool:
        """Let it run for a moment and kill it; return whether the backfill was still under way."""
        said_before = self._log.stat().st_size if self._log.exists() else 0
        self._scheduler.start()
        until(lambda: UP in self._log.read_bytes()[said_before:], self._scheduler.log, seconds=START_SECONDS)
        let_pass(self._dice.random() * KILL_SECONDS_MAX)
        self._scheduler.kill()
        stage = self.row().stage
        self.stages[BackfillStage.Name(stage).removeprefix("BACKFILL_STAGE_").lower()] += 1
        return stage != BackfillStage.BACKFILL_STAGE_DONE

    def finish(self) -> None:
        """Let it come to its end."""
        self._scheduler.start()
        until(
            lambda: self.row().stage == BackfillStage.BACKFILL_STAGE_DONE,
            lambda: f"the end: {self.row()} {self._scheduler.log()}",
            seconds=SETTLE_SECONDS,
        )
        self._scheduler.kill()

    def row(self) -> BackfillRow:
        """Return how far the backfill is."""
        reader = until(
            lambda: open_when_present(self._scheduler.store), self._scheduler.log, seconds=START_SECONDS
        )
        with closing(reader):
            return reader.backfill() or BackfillRow()


def wrong_of_backfill(store: Path) -> list[str]:
    """Return what is wrong with the users' refreshes and questions, and with what the backfill says of itself."""
    with closing(ProfileReader(store)) as reader:
        attempts = list(reader.every_attempt())
        calls = list(reader.model.every_call())
        row, asked = reader.backfill() or BackfillRow(), reader.model.backfill_questions()
        spent = sum(spend.cost_pico_usd for spend in reader.model.spend())
    by_code = Counter(_name(entry.user_key) for entry in attempts if not entry.model)
    by_model = Counter(_name(call.user_key) for call in calls)
    everybody = Counter(USERS)
    found = [f"{user} was refreshed {by_code[user]} times" for user in USERS if by_code[user] != 1]
    found += [f"{user} was asked about {by_model[user]} times" for user in USERS if by_model[user] != 1]
    found += [] if by_code.keys() | by_model.keys() <= everybody.keys() else ["somebody else was refreshed"]
    reasons = {entry.reason for entry in attempts} | {call.reason for call in calls}
    if reasons != {RefreshReason.REFRESH_REASON_BACKFILL}:
        found.append(f"refreshes for other reasons: {reasons}")
    counts = row.counts
    # Who was written just before a kill, beyond the cursor, is found current by the next run.
    if counts.written_count + counts.current_count != len(USERS) or counts.seen_count != len(USERS):
        found.append(f"the counts do not add up: {counts}")
    if (asked.ended_count, asked.spent_pico_usd) != (len(calls), spent):
        found.append(f"the backfill counts {asked}; the ledger has {len(calls)} calls, {spent} pico-USD")
    if asked.queued_count or asked.open_count or asked.reserved_pico_usd:
        found.append(f"something is still under way: {asked}")
    return found


def _name(user: bytes) -> str:
    return keys.split_user_key(user)[0]


def run(folder: Path, rounds: int, seed: int) -> dict[str, object]:
    """Run rounds; return figures and what is wrong."""
    dice = random.Random(seed)
    with running_model_server(seed=seed) as server:
        scheduler = Scheduler(folder, server, users_max=30)
        record(scheduler.store, dice)
        killed = Killed(scheduler, folder / "scheduler.log", dice)
        try:
            kills = 0
            while kills < rounds and killed.kill_once():
                kills += 1
            killed.finish()
        finally:
            scheduler.kill()
        return {
            "kills": dict(killed.stages),
            "seed": seed,
            "users": len(USERS),
            "batches": server.count()["batches"],
            "wrong": wrong_of_backfill(scheduler.store) + wrong(scheduler, server),
        }


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=os.getpid())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(Path(folder), options.rounds, options.seed)
    print(json.dumps(figures, indent=1))
    return 1 if figures["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
