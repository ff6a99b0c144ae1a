"""Kills the scheduler at random moments while it asks a model, and compares its ledger with the model's own count.

    python tests/crash/model_crash_loop.py --rounds 50

Each round records what users did, lets the scheduler ask about them, by single calls or in batches, and kills it with
SIGKILL. In the end everything is let come to rest; then the ledger's total must be what the model server counted, to
the micro-dollar, the store whole, and no profile older than one that was there before. Prints one JSON object; the exit
code is 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from foreword import keys
from foreword.clock import DAY_MS, format_time_ms
from foreword.config import PRICES
from foreword.llm import TokenUsage
from foreword.llm.prices import cost_pico_usd, micro_usd
from foreword.store import ActivityWriter, NewEvent, ProfileReader
from foreword.store.check import check_store
from foreword.store.profile_reader import open_when_present, trigger_cursor
from foreword.v1.event_pb2 import Event
from foreword.v1.model_work_pb2 import ModelMode

# Run as a script, which pytest's path is not set for.
sys.path.append(str(Path(__file__).parents[1]))
from model_servers import RunningModelServer, running_model_server
from waiting import let_pass, until

USERS = [f"user{number}" for number in range(24)]
TEXTS = ("Fix connection pool recovery", "Connection pool recovery after fork", "Speed up test suite startup")
MAP_BYTES = 1 << 28
LATENCY_SECONDS = 0.15
# As long as an answer takes and what follows it: the kill falls before, into and behind a call.
KILL_SECONDS_MAX = 0.4
START_SECONDS = 60.0
REST_SECONDS = 120.0
EVER_MS = 1 << 62
UP = b"the scheduler runs on"

CONFIG = """
[store]
directory = "{store}"
profiles_map_size_bytes = 268435456
activity_map_size_bytes = 268435456
[scheduler]
sweep_seconds = 0.2
drain_seconds = 5
retry_backoff_seconds = 0.5
[agent]
provider = "anthropic"
base_url = "{url}"
usage_report_lag_seconds = 0
batch_wait_seconds = 0
batch_poll_seconds = 0.1
batch_grace_seconds = 1
timeout_seconds = 10
[budget]
user_day_micro_usd = 100000000
day_micro_usd = 100000000000
"""


class Scheduler:
    """The scheduler, as a process."""

    def __init__(self, folder: Path, config: Path) -> None:
        self._config = config
        self._log = folder / "scheduler.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, mode: str, as_of: str = "") -> None:
        """Start it, with a way of asking, and wait until it is up."""
        environment = {
            **os.environ,
            "FOREWORD_SEGMENTS__NEW__MODE": mode,
            "ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-test",
        }
        command = [sys.executable, "-m", "foreword", "--config", str(self._config), "scheduler"]
        command += ["--as-of", as_of] if as_of else []
        with self._log.open("ab") as log:
            said_before = log.tell()
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment
            )
        until(
            lambda: UP in self._log.read_bytes()[said_before:],
            lambda: f"the scheduler to start; it said: {self.log()}",
            seconds=START_SECONDS,
        )

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(REST_SECONDS)

    def log(self) -> str:
        """Return the end of what it logged."""
        return self._log.read_text()[-3000:]


class ModelCrashLoop:
    """A model server, a scheduler, and the rounds."""

    def __init__(self, folder: Path, server: RunningModelServer, seed: int) -> None:
        self.store = folder / "store"
        config = folder / "foreword.toml"
        config.write_text(CONFIG.format(store=self.store, url=server.url))
        self._server = server
        self._choose = random.Random(seed)
        self._activity = ActivityWriter(self.store, map_size_bytes=MAP_BYTES)
        self._scheduler = Scheduler(folder, config)
        self._revisions: dict[str, int] = {}
        self._number = 0
        self.kills: Counter[str] = Counter()

    def run(self, rounds: int) -> list[str]:
        """Run rounds, let everything come to rest, and return what is wrong."""
        try:
            for _ in range(rounds):
                self._round()
            self._rest()
            return self._wrong()
        finally:
            self._scheduler.kill()
            self._activity.close()

    def _round(self) -> None:
        mode = self._choose.choice(["messages", "messages", "batch"])
        self._scheduler.start(mode)
        self._record(self._choose.sample(USERS, self._choose.randint(1, len(USERS))))
        if self._choose.random() < 0.7:
            # Most kills fall among calls; some before the first.
            self._until(lambda reader: _is_asking(reader) or bool(reader.model.batches()))
        let_pass(self._choose.uniform(0, KILL_SECONDS_MAX))
        self._scheduler.kill()
        self.kills[self._under_way()] += 1
        self._note_revisions()

    def _record(self, users: list[str]) -> None:
        """Write what users did, as the sidecar would."""
        now_ms, events = time.time_ns() // 1_000_000, []
        for user in users:
            for number in range(6):
                kind = "session.end" if number == 5 else "commit"
                events.append(self._event(user, kind, now_ms - (5 - number) * DAY_MS // 8))
        taken_through = trigger_cursor(self.store, self._activity.environment_id)
        with self._activity.begin(taken_through=taken_through) as txn:
            txn.record(events, now_ms)

    def _event(self, user: str, kind: str, time_ms: int) -> NewEvent:
        self._number += 1
        text = f"{TEXTS[self._number % 3]} {self._number}"
        event = Event(event_id=f"e{self._number}", user_id=user, type=kind, topics=["worker"], text=text)
        event.time.FromMilliseconds(time_ms)
        body = event.SerializeToString()
        return NewEvent(keys.user_key(user), event.event_id, time_ms, body, kind == "session.end")

    def _rest(self) -> None:
        """Let the scheduler finish all there is, then let time pass until the provider's report is complete."""
        self._scheduler.start("messages")
        self._until(_is_at_rest, REST_SECONDS)
        self._scheduler.stop()
        self._scheduler.start("messages", format_time_ms(time.time_ns() // 1_000_000 + 300_000))
        self._until(lambda reader: not reader.model.open_calls(), REST_SECONDS)
        if self._scheduler.stop():
            raise AssertionError(f"the scheduler failed at its end: {self._scheduler.log()}")

    def _until(self, condition, seconds: float = START_SECONDS) -> None:  # type: ignore[no-untyped-def]
        reader = until(lambda: open_when_present(self.store), "the scheduler's store", seconds=START_SECONDS)
        with closing(reader):
            until(
                lambda: condition(reader),
                lambda: f"{self._state(reader)} {self._scheduler.log()}",
                seconds=seconds,
            )

    def _state(self, reader: ProfileReader) -> str:
        due = [len(reader.model.due(mode, EVER_MS, 1000)) for mode in ModelMode.values()]
        return f"due {due}, open {reader.model.open_calls()}, batches {reader.model.batches()}"

    def _under_way(self) -> str:
        with closing(ProfileReader(self.store)) as reader:
            if reader.model.batches():
                return "in a batch"
            return "in calls" if _is_asking(reader) else "in neither"

    def _note_revisions(self) -> None:
        with closing(ProfileReader(self.store)) as reader:
            for user in USERS:
                found = reader.profile(keys.user_key(user))
                if found is not None:
                    self._revisions[user] = max(self._revisions.get(user, 0), found.profile.revision)

    def _wrong(self) -> list[str]:
        wrong = [f"{fault.store} {fault.key}: {fault.what}" for fault in check_store(self.store)]
        with closing(ProfileReader(self.store)) as reader:
            for user, revision in self._revisions.items():
                found = reader.profile(keys.user_key(user))
                if found is None or found.profile.revision < revision:
                    wrong.append(f"the profile of {user} went back from {revision}")
        figures = self.figures()
        if figures["ledger pico-USD"] != figures["server pico-USD"]:
            wrong.append(
                f"the ledger has {figures['ledger pico-USD']}, the server {figures['server pico-USD']}"
            )
        if figures["estimates"]:
            wrong.append(f"{figures['estimates']} calls are estimates")
        return wrong

    def figures(self) -> dict[str, object]:
        """Return what happened, in numbers."""
        with closing(ProfileReader(self.store)) as reader:
            calls = reader.model.calls(newest=100_000)
            ledger = sum(row.cost_pico_usd for row in reader.model.spend())
        counted = sum(_cost_pico_usd(row) for row in self._server.count()["tokens"])
        return {
            "kills": dict(self.kills),
            "calls and rows that ended": len(calls),
            "lost calls settled": sum(call.outcome == 17 for call in calls),
            "estimates": sum(call.is_estimate for call in calls),
            "ledger pico-USD": ledger,
            "server pico-USD": counted,
            "micro-USD": micro_usd(ledger),
        }


def _is_at_rest(reader: ProfileReader) -> bool:
    model = reader.model
    is_queued = any(model.due(mode, EVER_MS, 1) for mode in ModelMode.values())
    is_asking = _is_asking(reader)
    is_due = any(due_ms < time.time_ns() // 1_000_000 for due_ms, _ in reader.due(EVER_MS, 1))
    return not (is_queued or is_asking or is_due or model.batches())


def _is_asking(reader: ProfileReader) -> bool:
    """Return whether a call is under way; one that was lost waits among them for its cost."""
    return any(not call.outcome for call in reader.model.open_calls())


def _cost_pico_usd(row: dict[str, object]) -> int:
    kinds = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    usage = TokenUsage(**{kind: int(str(row[kind])) for kind in kinds})
    return cost_pico_usd(usage, PRICES[str(row["model"])], in_batch=row["tier"] == "batch")


def main() -> int:
    """Run the loop as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_model_server(latency_seconds=LATENCY_SECONDS) as server,
    ):
        loop = ModelCrashLoop(Path(folder), server, arguments.seed)
        wrong = loop.run(arguments.rounds)
        figures = loop.figures()
    seconds = round(time.monotonic() - began)
    told = {
        "rounds": arguments.rounds,
        "seed": arguments.seed,
        "seconds": seconds,
        **figures,
        "wrong": wrong,
    }
    print(json.dumps(told, indent=2))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
