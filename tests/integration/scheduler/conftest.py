"""What tests of the scheduler share: a store with a stand-in for the sidecar, a scripted agent, and a daemon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from waiting import let_pass_async, until_async

from foreword import keys
from foreword.clock import DAY_MS, ManualClock
from foreword.config import Config
from foreword.store import ActivityTransaction, ActivityWriter, NewEvent, ProfileReader
from foreword.store.check import inspect_store
from foreword.store.profile_reader import trigger_cursor
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import FadedCount, Foreword, ForewordCut, Memory, Profile
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshState
from scheduler.agent.population import PopulationDelta
from scheduler.agent.refresh import RefreshInput, RefreshResult
from scheduler.daemon import SchedulerDaemon

START_MS = 1_700_000_000_000
MAP_BYTES = 1 << 26
IDLE_MS = 1_800_000
VERSION = "test-1"


class Agent:
    """Computes profiles as told: normally, failing, too large, or only once let go."""

    def __init__(self) -> None:
        self.calls: list[RefreshInput] = []
        self.failing: dict[str, Exception] = {}
        self.oversized: set[str] = set()
        self.held: dict[str, asyncio.Event] = {}
        self.running = 0
        self.running_max = 0
        self.delay_seconds: float | None = None
        self.version = VERSION

    async def __call__(self, given: RefreshInput, config: Config) -> RefreshResult:
        """Compute one refresh."""
        self.calls.append(given)
        self.running += 1
        self.running_max = max(self.running_max, self.running)
        try:
            if given.user_id in self.held:
                await self.held[given.user_id].wait()
            if self.delay_seconds is not None:
                await let_pass_async(self.delay_seconds)
            if given.user_id in self.failing:
                raise self.failing[given.user_id]
            return self._result(given)
        finally:
            self.running -= 1

    def users(self) -> list[str]:
        """Return who was computed, in order."""
        return [call.user_id for call in self.calls]

    def _result(self, given: RefreshInput) -> RefreshResult:
        folded = given.previous.memory.event_count if given.previous is not None else 0
        folded += len(given.new_events)
        text = f"{given.user_id} did {folded} things."
        foreword = Foreword(text=text, token_count=5, tokenizer="t")
        foreword.cuts.append(ForewordCut(byte_end=len(text.encode()), token_count=5))
        profile = Profile(user_id=given.user_id, namespace=given.namespace, segment=given.segment)
        profile.cadence = given.cadence
        profile.computed_at.FromMilliseconds(given.now_ms)
        profile.foreword.CopyFrom(foreword)
        profile.provenance.prompt_version = self.version
        profile.provenance.generator = "test"
        times = [event.time.ToMilliseconds() for event in given.window_events]
        profile.provenance.data_watermark.FromMilliseconds(max(times, default=0))
        profile.memory.CopyFrom(
            Memory(
                event_count=folded,
                total_weight=folded,
                topics=[FadedCount(value="a", weight=folded, event_count=folded)],
            )
        )
        profile.memory.as_of.FromMilliseconds(given.now_ms)
        if given.user_id in self.oversized:
            profile.semantic_summary = "x" * 30_000
        count = len(given.new_events)
        delta = PopulationDelta(given.now_ms, {"a": (float(count), 0.0, count)}, float(count))
        delta.user_count = int(given.previous is None)
        return RefreshResult(profile, foreword, False, delta)


class WatchedClock(ManualClock):
    """A clock that counts how often it is read: twice by each look of the daemon for triggers and due users."""

    reads = 0

    def now_ms(self) -> int:
        """Return the time last set."""
        self.reads += 1
        return super().now_ms()


class Store:
    """A store, a clock that stands still, and what the sidecar would do to it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = WatchedClock(START_MS)
        self.agent = Agent()
        self.settings: dict[str, dict[str, Any]] = {
            "store": {
                "directory": str(directory),
                "profiles_map_size_bytes": MAP_BYTES,
                "activity_map_size_bytes": MAP_BYTES,
            },
            "scheduler": {"trigger_poll_ms": 5, "sweep_seconds": 0.05},
            # History that a test records beforehand is refreshed at once; the clock stands still.
            "session": {"settle_seconds": 0},
        }
        self._activity: ActivityWriter | None = None
        self._profiles: ProfileReader | None = None
        self._count = 0
        self.acknowledged_ms = 0

    @property
    def config(self) -> Config:
        """The configuration that `settings` describe."""
        return Config.model_validate(self.settings)

    @property
    def activity(self) -> ActivityWriter:
        """The sidecar's writer."""
        if self._activity is None:
            self._activity = ActivityWriter(self.directory, map_size_bytes=MAP_BYTES)
        return self._activity

    def record(self, *users: str, count: int = 1, ago_ms: int = 0, ends_session: bool = False) -> None:
        """Record events of each user, acknowledged now."""
        events = []
        for user in users:
            for _ in range(count):
                self._count += 1
                time_ms = self.clock.now_ms() - ago_ms
                event = Event(
                    event_id=f"e{self._count}",
                    user_id=user,
                    type="session.end" if ends_session else "view",
                    topics=["a"],
                )
                event.time.FromMilliseconds(time_ms)
                body = event.SerializeToString()
                events.append(NewEvent(keys.user_key(user), event.event_id, time_ms, body, ends_session))
        with self._acknowledging() as (txn, now_ms):
            txn.record(events, now_ms)

    def request(self, user: str, *, on_open: bool = False, manual: bool = False) -> None:
        """Read a dormant user, or ask for a refresh, now."""
        with self._acknowledging() as (txn, now_ms):
            txn.request(keys.user_key(user), on_open_ms=now_ms * on_open, manual_ms=now_ms * manual)

    def erase(self, user: str) -> bytes:
        """Begin an erasure; return its id."""
        with self._acknowledging() as (txn, now_ms):
            return txn.erase(keys.user_key(user), now_ms)[0]

    @contextmanager
    def _acknowledging(self) -> Iterator[tuple[ActivityTransaction, int]]:
        """Write as of now; the scheduler, which sees it after the commit, is a millisecond later as it always is."""
        taken_through = trigger_cursor(self.directory, self.activity.environment_id)
        with self.activity.begin(taken_through=taken_through) as txn:
            self.acknowledged_ms = self.clock.now_ms()
            yield txn, self.acknowledged_ms
            self.clock.advance(1)

    def known(self, *users: str, days: int = 60, rate: int = 1) -> None:
        """Record events of each user over the last days, every `rate`th day, none of them today."""
        for ago in range(1, days + 1, rate):
            self.record(*users, ago_ms=ago * DAY_MS)

    def close_activity(self) -> None:
        """Close the sidecar's writer."""
        if self._activity is not None:
            self._activity.close()
            self._activity = None

    # -- what the scheduler wrote ---------------------------------------------------------------------------

    @property
    def profiles(self) -> ProfileReader:
        """A reader; the daemon must have opened the store."""
        if self._profiles is None:
            self._profiles = ProfileReader(self.directory)
        return self._profiles

    def refresh_state(self, user: str) -> RefreshState:
        """Return the state of a user's refreshes; an empty one when there is none."""
        return self.profiles.refresh_state(keys.user_key(user)) or RefreshState()

    def text(self, user: str) -> str | None:
        """Return a user's foreword, or None."""
        response = self.profiles.foreword(keys.user_key(user))
        return None if response is None else response.text

    def ledger(self) -> list[LedgerEntry]:
        """Return all attempts, oldest first."""
        return self.profiles.ledger(newest=10_000)[::-1]

    def user_activity(self, user: str) -> UserActivity | None:
        """Return a user's row in the activity store."""
        from foreword.store import ActivityReader

        reader = ActivityReader(self.directory)
        try:
            return reader.user(keys.user_key(user))
        finally:
            reader.close()

    # -- the daemon -------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self, **options: Any) -> AsyncIterator[SchedulerDaemon]:
        """Run a scheduler in this event loop for the block."""
        options = {"compute": self.agent, "prompt_version": self.agent.version} | options
        daemon = SchedulerDaemon(self.config, self.clock, **options)
        self.profiles  # noqa: B018 - opened here, it outlives the daemon
        task = asyncio.create_task(daemon.run())
        try:
            yield daemon
        finally:
            daemon.stop()
            await task

    async def attempted(self, daemon: SchedulerDaemon, attempts: int) -> None:
        """Wait until that many attempts are in the ledger and nothing is under way."""
        await self.until(lambda: len(self.ledger()) >= attempts and daemon.runner.in_flight_count == 0)

    until = staticmethod(until_async)

    async def a_while(self) -> None:
        """Wait until the daemon has looked around 30 times, for what must not happen."""
        enough = self.clock.reads + 2 * 30
        await self.until(lambda: self.clock.reads >= enough, "the daemon to look around")

    def close(self) -> None:
        """Close everything, and check the whole store."""
        self.close_activity()
        if self._profiles is not None:
            self._profiles.close()
            self._profiles = None


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return an empty store; after the test its fsck must find nothing."""
    store = Store(tmp_path / "store")
    yield store
    store.close()
    if (store.directory / "profiles.lmdb").exists():
        assert list(inspect_store(store.directory)) == []
