"""Kills the scheduler at random moments in the middle of batches, and compares its ledger with the provider's count.

    python tests/crash/batch_crash_loop.py --rounds 50

Each round records events of some users, lets the scheduler ask a model server about them in batches for a random
while, kills it with SIGKILL and starts it anew, while the server loses answers, hides batches, lets rows expire,
repeats rows and breaks off. At the end everything settles. Then the ledger must be the server's own count, to the
pico-dollar; the server must have been asked about each question once; and nobody may be left under way. Prints one
JSON object; the exit code is 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

# Run as a script, which pytest's path is not set for.
sys.path.append(str(Path(__file__).parents[1]))
from model_servers import RunningModelServer, running_model_server
from waiting import let_pass, until

from foreword import keys
from foreword.store import ActivityReader, ActivityWriter, NewEvent, ProfileReader
from foreword.store.check import check_store
from foreword.store.profile_reader import open_when_present, trigger_cursor
from foreword.v1.event_pb2 import Event
from foreword.v1.model_work_pb2 import ModelMode
from scheduler.model.batch_point import BatchPoint

USERS = [f"user{number}" for number in range(70)]
TOPICS = ("trains", "bread", "chess", "maps", "moss")
MAP_BYTES = 1 << 28
START_SECONDS = 60.0
SETTLE_SECONDS = 120.0
# About as long as a batch takes here, from its intent to its last row.
KILL_SECONDS_MAX = 0.6
GRACE_SECONDS = 2.0
_FAR_MS = 1 << 62
# In micro-USD a token, as `agent.prices` has it for the model.
INPUT, OUTPUT, BATCH_SHARE_INVERSE = 1, 5, 2

CONFIG = """
[store]
directory = "{store}"
profiles_map_size_bytes = {map_bytes}
activity_map_size_bytes = {map_bytes}
ledger_entries_max = 1000000
[scheduler]
sweep_seconds = 0.2
trigger_poll_ms = 20
# The default is half a minute, twice that for who fails twice: longer than all else here takes.
retry_backoff_seconds = 0.5
[session]
settle_seconds = 0
[agent]
provider = "anthropic"
base_url = "{url}"
batch_users_max = {users_max}
batch_wait_seconds = 0.1
batch_poll_seconds = 0.1
batch_grace_seconds = {grace}
[segments.new]
mode = "batch"
refresh = "after-session"
[segments.active]
mode = "batch"
refresh = "after-session"
[segments.semi_active]
mode = "batch"
refresh = "after-session"
[segments.dormant]
mode = "batch"
"""
# Faults that cost nothing or are told exactly; a row that is answered and never listed cannot be told from the store.
FAULTS = [
    {"fault": "batch-create-lost", "share": 0.2},
    {"fault": "batch-unknown-at-first", "share": 0.2, "wait_seconds": 0.5},
    {"fault": "rate-limited", "share": 0.05, "wait_seconds": 0.2, "path": "/v1/messages/batches"},
    {"fault": "dropped-before-headers", "share": 0.03, "path": "/v1/messages/batches"},
    {"fault": "row-expired", "share": 0.1},
    {"fault": "row-errored", "share": 0.05},
    {"fault": "row-duplicated", "share": 0.2},
    {"fault": "results-dropped", "share": 0.3},
]


class Scheduler:
    """The scheduler as a process."""

    def __init__(self, folder: Path, server: RunningModelServer, users_max: int = 8) -> None:
        self.store = folder / "store"
        self._config = folder / "foreword.toml"
        self._log = folder / "scheduler.log"
        self._config.write_text(
            CONFIG.format(
                store=self.store,
                url=server.url,
                map_bytes=MAP_BYTES,
                grace=GRACE_SECONDS,
                users_max=users_max,
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        self._spawn([sys.executable, "-m", "foreword", "--config", str(self._config), "scheduler"])

    def start_dying(self, point: BatchPoint, number: int = 1) -> None:
        """Start one that kills itself at a point."""
        script = str(Path(__file__).with_name("dying_scheduler.py"))
        self._spawn([sys.executable, script, str(self._config), point.name, str(number)])

    def wait_for_death(self) -> None:
        """Wait until it has killed itself."""
        assert self._process is not None
        code = self._process.wait(START_SECONDS)
        assert code == -signal.SIGKILL, (code, self.log())

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        """Return the end of what it logged."""
        return self._log.read_text()[-3000:] if self._log.exists() else ""

    def _spawn(self, command: list[str]) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)


class Recorder:
    """Records events as the sidecar does."""

    def __init__(self, store: Path, dice: random.Random) -> None:
        self._store = store
        self._dice = dice
        self._writer = ActivityWriter(store, map_size_bytes=MAP_BYTES)
        self._count = 0

    def record(self, users: list[str], count: int) -> None:
        """Record events of each user, and the end of a session."""
        now_ms = time.time_ns() // 1_000_000
        events = []
        for user_id in users:
            kinds = ["read"] * count + ["session.end"]
            events += [self._event(user_id, kind, now_ms) for kind in kinds]
        taken_through = trigger_cursor(self._store, self._writer.environment_id)
        with self._writer.begin(taken_through=taken_through) as txn:
            txn.record(events, now_ms)

    def close(self) -> None:
        """Close the store."""
        self._writer.close()

    def _event(self, user_id: str, kind: str, now_ms: int) -> NewEvent:
        self._count += 1
        event = Event(
            event_id=f"e{self._count}", user_id=user_id, type=kind, topics=[self._dice.choice(TOPICS)]
        )
        event.time.FromMilliseconds(now_ms)
        is_end = kind == "session.end"
        return NewEvent(keys.user_key(user_id), event.event_id, now_ms, event.SerializeToString(), is_end)


class View:
    """What is still to be done in a store."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._profiles = until(
            lambda: open_when_present(scheduler.store), scheduler.log, seconds=START_SECONDS
        )
        self._activity = ActivityReader(scheduler.store)

    def close(self) -> None:
        """Close both environments."""
        self._profiles.close()
        self._activity.close()

    def wait_for_a_batch(self) -> None:
        """Wait until one more is under way, or nothing is to be done."""
        former = self._batches()
        until(lambda: self._batches() - former or not self.pending(), self.said, seconds=START_SECONDS)

    def wait_until_settled(self) -> None:
        """Wait until nothing is to be done, twice over, since a user may be between two places."""
        until(
            lambda: not self.pending() and not let_pass(0.3) and not self.pending(),
            self.said,
            seconds=SETTLE_SECONDS,
        )

    def pending(self) -> list[str]:
        """Return what is to be done."""
        cursor = self._profiles.trigger_cursor(self._activity.environment.id)
        found = ["triggers wait"] if self._activity.triggers(cursor, 1) else []
        found += ["refreshes are due"] if self._profiles.due_count(time.time_ns() // 1_000_000) else []
        for mode in (ModelMode.MODEL_MODE_MESSAGES, ModelMode.MODEL_MODE_BATCH):
            found += (
                [f"{count} are queued"] if (count := self._profiles.model.due_count(mode, _FAR_MS)) else []
            )
        batches = self._profiles.model.batches()
        return found + [f"batch {number}: {batch.error or batch.batch_id}" for number, batch in batches]

    def said(self) -> str:
        """Return what was waited for in vain."""
        return f"all to settle: {self.pending()}; {self._scheduler.log()}"

    def _batches(self) -> set[int]:
        return {number for number, _ in self._profiles.model.batches()}


def wrong(scheduler: Scheduler, server: RunningModelServer) -> list[str]:
    """Return in what the ledger and the server's own count differ, and what the store's fsck finds."""
    count = server.count()
    with closing(ProfileReader(scheduler.store)) as reader:
        spends = reader.model.spend()
        calls = list(reader.model.calls(newest=1_000_000))
        users = {state.user for state in reader.users(limit=1000)}
        stuck = [user for user in users if (state := reader.model.state(user)) is not None and state.batch]
    found = [f"a user is still in a batch: {user!r}" for user in stuck]
    if not calls:
        found.append("nobody was asked about")
    spent, counted = sum(row.cost_pico_usd for row in spends), _counted_pico_usd(count)
    if spent != counted:
        found.append(f"the ledger says {spent} pico-USD, the server {counted}")
    if any(row.estimated_pico_usd for row in spends):
        found.append("the ledger has estimates")
    rows = sum(count["batches"]["rows"].values())
    if rows != len(calls):
        found.append(f"the server worked on {rows} questions, the ledger has {len(calls)}")
    twice = [call_id for call_id, times in Counter(call.call_id for call in calls).items() if times > 1]
    found += [f"{call_id!r} is in the ledger twice" for call_id in twice]
    batches = {call.batch_id for call in calls}
    if len(batches) != count["batches"]["created"]:
        found.append(
            f"the server took {count['batches']['created']} batches, the ledger knows {len(batches)}"
        )
    return found + [str(fault) for fault in check_store(scheduler.store)]


def _counted_pico_usd(count: dict) -> int:
    pico = 0
    for row in count["tokens"]:
        if row["tier"] != "batch" or row["cache_read_tokens"] or row["cache_write_tokens"]:
            raise AssertionError(f"only uncached batches were to be asked: {row}")
        pico += (
            (INPUT * row["input_tokens"] + OUTPUT * row["output_tokens"]) * 1_000_000 // BATCH_SHARE_INVERSE
        )
    return pico


def run(folder: Path, rounds: int, seed: int, *, with_faults: bool = True) -> dict:
    """Run rounds; return figures and what is wrong."""
    dice = random.Random(seed)
    with running_model_server(seed=seed) as server:
        scheduler = Scheduler(folder, server)
        recorder = Recorder(scheduler.store, dice)
        try:
            if with_faults:
                for fault in FAULTS:
                    server.faults(**fault)
            scheduler.start()
            for _ in range(rounds):
                recorder.record(dice.sample(USERS, dice.randint(5, len(USERS))), dice.randint(1, 6))
                if dice.random() < 0.8:
                    # Most kills fall into a batch's life; the others before or between.
                    with closing(View(scheduler)) as view:
                        view.wait_for_a_batch()
                let_pass(dice.random() * KILL_SECONDS_MAX)
                scheduler.kill()
                scheduler.start()
            server.clear_faults()
            with closing(View(scheduler)) as view:
                view.wait_until_settled()
        finally:
            scheduler.kill()
            recorder.close()
        count = server.count()
        return {
            "rounds": rounds,
            "seed": seed,
            "batches": count["batches"],
            "faults": count["faults"],
            "pico_usd": _counted_pico_usd(count),
            "found again": (folder / "scheduler.log").read_text().count("was found again"),
            "never arrived": (folder / "scheduler.log").read_text().count("never reached the provider"),
            "wrong": wrong(scheduler, server),
        }


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=os.getpid())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(Path(folder), options.rounds, options.seed)
    print(json.dumps(figures, indent=1))
    return 1 if figures["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
