"""Every fault a model's provider can have, one after another, while users are read and refreshed."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

from benchmarks.daemons import scheduler, sidecar
from benchmarks.model_server import RunningModelServer, model_server
from benchmarks.table import Table
from evaluations.events import read_events
from foreword import keys
from foreword.client import Foreword
from foreword.config import PRICES
from foreword.errors import ForewordError
from foreword.latency import percentile
from foreword.llm.answer import TokenUsage
from foreword.llm.prices import cost_pico_usd
from foreword.local import LocalReader
from foreword.model_server.faults import FAULTS, Fault
from foreword.store import ProfileReader
from foreword.store.codec import HEADER_BYTES
from foreword.v1.event_pb2 import Event
from foreword.v1.model_work_pb2 import ModelOutcome
from foreword.v1.profile_service_pb2 import GetProfileResponse
from scheduler.agent.knowledge import lost

MODEL = "claude-haiku-4-5"
_IDLE = "nobody is asked (idle)"
# Watched last: no call says what such a row cost, so that the ledger keeps an estimate.
_MISSING = "row-missing"
# Each fault for so long; a minute each takes half an hour.
SECONDS = float(os.environ.get("FOREWORD_FAULT_SECONDS", "6"))
EVENTS_MIN = 40
READ_PAUSE_SECONDS = 0.004
NEWS_SECONDS = 0.5
# Longer than any answer that comes at all, so that `slow` is a fault.
TIMEOUT_SECONDS = 2.0
# Lost calls are settled by whole minutes of the usage report in which no call is under way.
SETTLE_SECONDS_MAX = 400.0


def run() -> Table:
    """Put each fault in for a while (FOREWORD_FAULT_SECONDS) and watch reads, profiles and the ledger."""
    table = Table(
        "model_faults",
        "Reads, profiles and the ledger while the model's provider fails",
        "FOREWORD_FAULT_SECONDS=60 python -m benchmarks model_faults",
        (
            "fault",
            "reads",
            "failed",
            "gRPC p50 ms",
            "p99 ms",
            "in process p99 µs",
            "what became of the calls",
            "revisions that lost knowledge",
        ),
    )
    with ExitStack() as stack:
        trial = stack.enter_context(_trial())
        trial.watch(table, _IDLE, is_asked=False)
        trial.watch(table, "none")
        for fault in FAULTS.values():
            if fault.name not in ("none", _MISSING):
                trial.put_in(table, fault)
        trial.watch(table, _IDLE, is_asked=False)
        ours, theirs = trial.settle()
        trial.put_in(table, FAULTS[_MISSING])
        estimated, counted = trial.settle()
        table.notes += [
            f"{len(trial.users)} authors of the git-activity files (FOREWORD_DATA), their histories moved up to today; "
            f"each fault for {SECONDS:g} s. Half of the users are asked about by single calls, half by batches.",
            f"All calls ended, after all faults but {_MISSING}: {ours:,} pico-USD in the ledger, {theirs:,} by the "
            f"server's own count: {'equal' if ours == theirs else 'NOT EQUAL'}.",
            "Rows that the provider made and never hands out keep the most they can have cost: "
            f"{estimated:,} and {counted:,} after {_MISSING}.",
            "A revision lost knowledge when scheduler/agent/knowledge.py names something of the one before that it "
            "may not lose.",
            "Reads are one at a time, every 4 ms, over the unix socket and in process; all processes share two cores.",
        ]
    return table


@dataclasses.dataclass
class _Trial:
    store: Path
    server: RunningModelServer
    client: Foreword
    local: LocalReader
    reader: ProfileReader
    users: list[str]
    turn: int = 0

    def put_in(self, table: Table, fault: Fault) -> None:
        """Watch while a fault is put into whatever it can be put to."""
        self.server.put_fault(fault.name, **({"wait_seconds": 5} if fault.wait_seconds else {}))
        self.watch(table, fault.name)
        self.server.clear_faults()

    def watch(self, table: Table, name: str, *, is_asked: bool = True) -> None:
        """Read and, unless idle, give news of users for a while; add what was seen."""
        before = self._outcomes()
        revision = self.reader.revision()
        grpc_ms: list[float] = []
        local_us: list[float] = []
        failed = 0
        ends = time.monotonic() + SECONDS
        news_at = 0.0
        while time.monotonic() < ends:
            if is_asked and time.monotonic() >= news_at:
                self._news()
                news_at = time.monotonic() + NEWS_SECONDS
            user = self.users[len(grpc_ms) % len(self.users)]
            failed += not self._read(user, grpc_ms, local_us)
            time.sleep(READ_PAUSE_SECONDS)
        written, poorer = self._revisions(revision)
        outcomes = self._outcomes() - before
        table.add(
            name,
            f"{len(grpc_ms) + len(local_us):,}",
            str(failed),
            f"{percentile(grpc_ms, 0.5):.2f}",
            f"{percentile(grpc_ms, 0.99):.2f}",
            f"{percentile(local_us, 0.99):.0f}",
            ", ".join(f"{count} {name}" for name, count in outcomes.most_common()) or "none",
            f"{poorer} of {written}",
        )

    def _read(self, user: str, grpc_ms: list[float], local_us: list[float]) -> bool:
        began = time.perf_counter_ns()
        try:
            text = self.client.text(user)
        except ForewordError:
            return False
        grpc_ms.append((time.perf_counter_ns() - began) / 1e6)
        began = time.perf_counter_ns()
        same = self.local.text(user)
        local_us.append((time.perf_counter_ns() - began) / 1e3)
        return bool(text) and bool(same)

    def _news(self) -> None:
        """Let two users do something, and end their sessions."""
        for _ in range(2):
            user = self.users[self.turn % len(self.users)]
            self.turn += 1
            number = self.turn
            texts = ("Fix the retry of the broker connection", "Retry the broker connection after a timeout")
            self.client.record(
                [
                    *(
                        Event(
                            event_id=f"news-{number}-{place}",
                            user_id=user,
                            type="commit",
                            topics=["retries", "python"],
                            text=text,
                        )
                        for place, text in enumerate(texts)
                    ),
                    Event(event_id=f"end-{number}", user_id=user, type="session.end"),
                ]
            )

    def settle(self) -> tuple[int, int]:
        """Wait until no call is under way and nobody waits; return the ledger's sum and the server's, in pico-USD."""
        ends = time.monotonic() + SETTLE_SECONDS_MAX
        while time.monotonic() < ends:
            self.reader.upkeep()
            if not self.reader.model.open_calls() and not self.reader.model.batches():
                break
            time.sleep(0.5)
        ours = sum(row.cost_pico_usd for row in self.reader.model.spend())
        theirs = sum(_cost(row) for row in self.server.count()["tokens"])
        return ours, theirs

    def _revisions(self, after: int) -> tuple[int, int]:
        """Return how many revisions were written after one, and how many of them know less than the one before."""
        written = poorer = 0
        for user in self.users:
            kept = [
                GetProfileResponse.FromString(row[HEADER_BYTES:]).profile
                for _, row in self.reader.revisions(keys.user_key(user))
            ]
            for former, profile in pairwise(kept):
                if profile.revision > after:
                    written += 1
                    poorer += bool(lost(former, profile))
        return written, poorer

    def _outcomes(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for row in self.reader.model.spend():
            name = ModelOutcome.Name(row.outcome).removeprefix("MODEL_OUTCOME_").lower().replace("_", " ")
            found[name] += row.calls
        return found


def _cost(row: dict[str, object]) -> int:
    usage = TokenUsage(
        **{name: int(str(row[name])) for name in (field.name for field in dataclasses.fields(TokenUsage))}
    )
    return cost_pico_usd(usage, PRICES[MODEL], in_batch=row["tier"] == "batch")


@contextmanager
def _trial() -> Iterator[_Trial]:
    with ExitStack() as stack:
        store = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(model_server("--latency", "0.05", "--batch-wait", "1"))
        stack.enter_context(_environment(server.url))
        address, _ = stack.enter_context(sidecar(store))
        client = stack.enter_context(Foreword(address, raises=True))
        users = _record(client)
        stack.enter_context(scheduler(store))
        _wait_for(
            lambda: all(client.profile(user).profile.revision for user in users), "profiles of all users"
        )
        local = stack.enter_context(LocalReader(store))
        reader = ProfileReader(store)
        stack.callback(reader.close)
        _wait_for(lambda: bool(reader.model.spend()), "an answer of the model")
        yield _Trial(store, server, client, local, reader, users)


@contextmanager
def _environment(url: str) -> Iterator[None]:
    """Configure daemons that are started within."""
    settings = {
        "FOREWORD_AGENT__PROVIDER": "anthropic",
        "FOREWORD_AGENT__MODEL": MODEL,
        "FOREWORD_AGENT__BASE_URL": url,
        "FOREWORD_AGENT__TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
        # The model server's report is up to date; the real one is minutes behind.
        "FOREWORD_AGENT__USAGE_REPORT_LAG_SECONDS": "1",
        "FOREWORD_AGENT__BATCH_GRACE_SECONDS": "10",
        "FOREWORD_AGENT__BATCH_WAIT_SECONDS": "1",
        "FOREWORD_AGENT__BATCH_POLL_SECONDS": "1",
        "FOREWORD_SCHEDULER__RETRY_BACKOFF_SECONDS": "1",
        "FOREWORD_SCHEDULER__RETRY_BACKOFF_MAX_SECONDS": "4",
        "FOREWORD_SEGMENTS__SEMI_ACTIVE__MODE": "batch",
        "FOREWORD_BUDGET__USER_DAY_MICRO_USD": "1000000000",
        "FOREWORD_BUDGET__DAY_MICRO_USD": "1000000000",
        "ANTHROPIC_API_KEY": "not-a-key",
        "ANTHROPIC_ADMIN_KEY": "not-an-admin-key",
    }
    former = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _record(client: Foreword) -> list[str]:
    """Record the histories of all authors with enough of one, moved so that the newest commit is an hour old."""
    folder = Path(os.environ.get("FOREWORD_DATA", Path(__file__).parents[2] / "shared/data")) / "git-activity"
    files = sorted(folder.glob("*.jsonl.gz"))
    if not files:
        raise ForewordError(f"no git-activity files at {folder}", hint="set FOREWORD_DATA to their parent")
    users: dict[str, list[Event]] = {}
    for file in files:
        for event in read_events(file):
            users.setdefault(event.user_id, []).append(event)
    known = sorted(user for user, events in users.items() if len(events) >= EVENTS_MIN)
    for user in known:
        history = users[user][-400:]
        offset = int(time.time()) - 3600 - history[-1].time.seconds
        for event in history:
            event.time.seconds += offset
        client.record(history)
    return known


def _wait_for(holds: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + SETTLE_SECONDS_MAX
    while not holds():
        if time.monotonic() > ends:
            raise TimeoutError(f"no {what} after {SETTLE_SECONDS_MAX:g} s")
        time.sleep(0.1)
