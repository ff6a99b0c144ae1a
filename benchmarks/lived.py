"""A made population that lives some days on a virtual clock, through the real store and the real scheduler."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from foreword import keys
from foreword.clock import DAY_MS, HOUR_MS, ManualClock
from foreword.config import Config
from foreword.keys import UserKey
from foreword.store import ActivityReader, ActivityTransaction, ActivityWriter, NewEvent, ProfileReader
from foreword.store.profile_reader import trigger_cursor
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshOutcome
from scheduler.daemon import SchedulerDaemon

START_MS = 1_790_000_000_000 - 1_790_000_000_000 % DAY_MS
_MAP_BYTES = 8 << 30
_MINUTE_MS = 60_000
_DROP_ROWS = 10_000_000
# Sessions that end within so long of each other share a commit, which saves a synced write each. Well below the quiet
# time after which an event counts as late.
_SHARED_MS = 20 * _MINUTE_MS
# Awake from eight to ten in the evening, which is after the night's refreshes at three.
_FIRST_HOUR, _LAST_HOUR = 8, 22
# Where the night of the default configuration is.
_NIGHT_HOUR = 3


class Kind(NamedTuple):
    """Users alike: their share of all, and how likely they come on a day."""

    share: float
    visit_share: float


@dataclass(frozen=True)
class Life:
    """What users do."""

    kinds: tuple[Kind, ...] = (Kind(0.2, 0.95), Kind(0.4, 0.4), Kind(0.4, 0.05))
    late_share: float = 0.1
    """Of all users, those who join on a day between the first and the last."""
    sessions: int = 2
    """Sessions on a day on which a user comes."""
    events: int = 5
    """Events of a session, a read before each."""
    session_minutes: int = 10


@dataclass
class Lived:
    """What happened, over the days that count."""

    days: int = 0
    visits: int = 0
    sessions: int = 0
    events: int = 0
    reads: int = 0
    refreshes: Counter[str] = field(default_factory=Counter)
    """By segment."""
    written: int = 0
    night_minute_max: int = 0
    """Most users due in one minute of a night."""
    scheduler_bytes: int = 0
    """Written by the scheduler to its files."""
    recording_bytes: int = 0
    """Written by recording events and triggers."""
    commits: int = 0
    """Transactions in which events were recorded."""
    refresh_seconds: float = 0.0
    """Reading and computing of refreshes, by the ledger."""
    scheduler_seconds: float = 0.0
    """Processor time of the scheduler, its looking around included."""
    seconds: float = 0.0
    """All of it took, of real time."""


def live(store: Path, users: int, days: int, counted_days: int, life: Life, *, seed: int) -> Lived:
    """Let users live in a new store; return what happened on the last days.

    Args:
        store: Folder for it.
        users: How many.
        days: How long, the first day at `START_MS`.
        counted_days: The last of these count.
        life: What they do.
        seed: Of who does what when.
    """
    return asyncio.run(_Run(store, users, days, counted_days, life, seed=seed).run())


def lived_config(store: Path) -> Config:
    """Return the configuration that `live` runs under: the shortest retention, and a scheduler that looks often."""
    return Config.model_validate(
        {
            "store": {
                "directory": str(store),
                "profiles_map_size_bytes": _MAP_BYTES,
                "activity_map_size_bytes": _MAP_BYTES,
                "retention_days": 28,
            },
            "scheduler": {"trigger_poll_ms": 5, "review_seconds": 3},
        }
    )


class _Act(NamedTuple):
    time_ms: int
    order: int
    user: int
    step: int
    """Which event of the session; 0 begins it."""


class _Run:
    def __init__(
        self, store: Path, users: int, days: int, counted_days: int, life: Life, *, seed: int
    ) -> None:
        self._store, self._days, self._counted_days, self._life = store, days, counted_days, life
        self._dice = random.Random(seed)
        self._clock = ManualClock(START_MS)
        self._config = lived_config(store)
        self._writer = ActivityWriter(store, map_size_bytes=_MAP_BYTES)
        self._order = itertools.count()
        self._event_count = 0
        self._joined: list[int] = []
        self._visit_share: list[float] = []
        self._asked_ms: dict[int, int] = {}
        self._reads: Counter[int] = Counter()
        self._waiting: list[NewEvent] = []
        self._lived = Lived()
        self._counts = False
        for number in range(users):
            is_late = self._dice.random() < life.late_share
            self._joined.append(self._dice.randrange(days) if is_late else 0)
            place = (number + 0.5) / users
            for kind in life.kinds:
                if place < kind.share:
                    break
                place -= kind.share
            self._visit_share.append(kind.visit_share)
        self._keys = [keys.user_key(user_id(number)) for number in range(users)]

    async def run(self) -> Lived:
        began = time.perf_counter()
        self._daemon = SchedulerDaemon(self._config, self._clock)
        self._profiles = ProfileReader(self._store)
        self._activity = ActivityReader(self._store)
        task = asyncio.create_task(self._daemon.run())
        try:
            await self._settle()
            for day in range(self._days):
                self._counts = day >= self._days - self._counted_days
                await self._day(day)
        finally:
            self._daemon.stop()
            await task
            self._profiles.close()
            self._activity.close()
            self._writer.close()
        self._lived.days = self._counted_days
        self._lived.seconds = time.perf_counter() - began
        return self._lived

    async def _day(self, day: int) -> None:
        start_ms = START_MS + day * DAY_MS
        revision_before = self._newest_attempt()
        self._note_night(start_ms)
        for hour in range(_FIRST_HOUR):
            await self._sweep_at(start_ms + hour * HOUR_MS)
        acts = list(self._sessions(day, start_ms))
        heapq.heapify(acts)
        for hour in range(_FIRST_HOUR, 24):
            end_ms = start_ms + (hour + 1) * HOUR_MS
            while acts and acts[0].time_ms < end_ms:
                act = heapq.heappop(acts)
                await self._act(act, acts)
            await self._sweep_at(end_ms - 1)
        self._end_day(day)
        if self._counts:
            self._count_attempts(revision_before)

    def _sessions(self, day: int, start_ms: int) -> Iterator[_Act]:
        for user, joined in enumerate(self._joined):
            if day < joined or (day > joined and self._dice.random() >= self._visit_share[user]):
                continue
            if self._counts:
                self._lived.visits += 1
            # An hour apart at least, so that no two sessions are one.
            hours = self._dice.sample(range(_FIRST_HOUR, _LAST_HOUR), self._life.sessions)
            for hour in hours:
                minute = self._dice.randrange(60 - self._life.session_minutes - 30)
                yield _Act(start_ms + hour * HOUR_MS + minute * _MINUTE_MS, next(self._order), user, 0)

    async def _act(self, act: _Act, acts: list[_Act]) -> None:
        """Carry out a read and an event, or a whole session where no read asks for anything."""
        self._move_clock(act.time_ms)
        life, key = self._life, self._keys[act.user]
        step_ms = life.session_minutes * _MINUTE_MS // max(1, life.events - 1)
        header = self._profiles.header(key)
        segment = header.segment if header is not None else Segment.SEGMENT_UNSPECIFIED
        if self._counts and act.step == 0:
            self._lived.sessions += 1
        asks = header is not None and (header.refresh_on_open or header.is_default)
        if act.step == 0 and not asks:
            self._reads[segment] += life.events
            self._record(key, act.user, [act.time_ms + number * step_ms for number in range(life.events)])
            return
        self._reads[segment] += 1
        asked_ms = self._asked_ms.get(act.user, 0)
        if asks and act.time_ms - asked_ms >= self._config.sidecar.open_trigger_seconds * 1000:
            self._asked_ms[act.user] = act.time_ms
            self._commit()
            with self._recording() as txn:
                txn.request(key, on_open_ms=act.time_ms)
            await self._settle()
        self._record(key, act.user, [act.time_ms])
        if act.step + 1 < life.events:
            again = _Act(act.time_ms + step_ms, next(self._order), act.user, act.step + 1)
            heapq.heappush(acts, again)

    def _record(self, key: UserKey, user: int, times_ms: list[int]) -> None:
        rows = []
        for time_ms in times_ms:
            self._event_count += 1
            event = Event(
                event_id=f"made-{self._event_count:012d}",
                user_id=user_id(user),
                type="read",
                item_id=f"article-{self._dice.randrange(10_000)}",
                topics=[f"topic-{self._dice.randrange(200)}", f"topic-{self._dice.randrange(200)}"],
                attributes={"depth": "deep", "length": str(self._dice.randrange(200, 4000))},
            )
            event.time.FromMilliseconds(time_ms)
            rows.append(NewEvent(key, event.event_id, time_ms, event.SerializeToString(), False))
        self._waiting += rows
        if self._counts:
            self._lived.events += len(rows)

    def _move_clock(self, time_ms: int) -> None:
        if self._waiting and time_ms - self._waiting[0].time_ms > _SHARED_MS:
            self._commit()
        self._clock.advance(max(0, time_ms - self._clock.now_ms()))

    def _commit(self) -> None:
        if not self._waiting:
            return
        # Acknowledged when the newest of them happened: none is late, and none is ahead.
        newest_ms = max(row.time_ms for row in self._waiting)
        self._clock.advance(max(0, newest_ms - self._clock.now_ms()))
        with self._recording() as txn:
            txn.record(self._waiting, self._clock.now_ms())
        self._waiting.clear()
        self._lived.commits += self._counts

    @contextlib.contextmanager
    def _recording(self) -> Iterator[ActivityTransaction]:
        before = written_bytes()
        taken_through = trigger_cursor(self._store, self._writer.environment_id)
        with self._writer.begin(taken_through=taken_through) as txn:
            yield txn
        if self._counts:
            self._lived.recording_bytes += written_bytes() - before

    async def _sweep_at(self, time_ms: int) -> None:
        self._commit()
        self._clock.advance(max(0, time_ms - self._clock.now_ms()))
        self._daemon.runner.sweep()
        await self._settle()

    async def _settle(self) -> None:
        """Wait until the scheduler has taken every trigger and nothing is due."""
        before, began = written_bytes(), time.process_time()
        while True:
            # Twice: a trigger is taken by one look and found due by the next.
            for _ in range(2):
                await asyncio.sleep(0.006)
            taken = self._profiles.trigger_cursor(self._activity.environment_id)
            if taken >= self._activity.newest_trigger() and self._daemon.runner.is_idle:
                break
        if self._counts:
            self._lived.scheduler_bytes += written_bytes() - before
            self._lived.scheduler_seconds += time.process_time() - began

    def _end_day(self, day: int) -> None:
        """Do what the sidecar's maintenance does, and count the day's reads."""
        before_ms = self._clock.now_ms() - self._config.store.retention_days * DAY_MS
        cursor = self._profiles.trigger_cursor(self._activity.environment_id)
        with self._writer.begin(taken_through=cursor) as txn:
            txn.add_reads(START_MS // DAY_MS + day, self._reads)
            txn.drop_triggers(cursor, _DROP_ROWS)
            for key, activity in self._activity.users(limit=_DROP_ROWS):
                state = self._profiles.refresh_state(key)
                if state is not None and activity.first_seen_ms < before_ms:
                    txn.retention.fold(
                        key,
                        before_ms=before_ms,
                        consumed_seq=state.consumed_seq,
                        limit=_DROP_ROWS,
                        as_of_day=self._clock.now_ms() // DAY_MS,
                    )
        if self._counts:
            self._lived.reads += self._reads.total()
        self._reads.clear()

    def _note_night(self, start_ms: int) -> None:
        if not self._counts:
            return
        hour_ms = start_ms + _NIGHT_HOUR * HOUR_MS
        minutes = Counter(
            (due_ms - hour_ms) // _MINUTE_MS
            for due_ms, user in self._profiles.due(hour_ms + HOUR_MS, _DROP_ROWS, hour_ms)
            if self._is_active(user)
        )
        self._lived.night_minute_max = max([self._lived.night_minute_max, *minutes.values()])

    def _is_active(self, user: UserKey) -> bool:
        state = self._profiles.refresh_state(user)
        return state is not None and state.segment == Segment.SEGMENT_ACTIVE

    def _newest_attempt(self) -> int:
        return self._profiles.ledger_totals().attempts

    def _count_attempts(self, before: int) -> None:
        for entry in itertools.islice(self._profiles.every_attempt(), self._newest_attempt() - before):
            state = self._profiles.refresh_state(UserKey(entry.user_key))
            segment = state.segment if state is not None else Segment.SEGMENT_UNSPECIFIED
            self._lived.refreshes[Segment.Name(segment).removeprefix("SEGMENT_").lower()] += 1
            self._lived.refresh_seconds += entry.duration_us / 1e6
            self._lived.written += entry.outcome != RefreshOutcome.REFRESH_OUTCOME_UNCHANGED


def user_id(number: int) -> str:
    """Return the id of a user by number."""
    return f"user-{number:09d}"


def written_bytes() -> int:
    """Return what this process has written so far, by any system call."""
    for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(": ")
        if name == "wchar":
            return int(value)
    return 0
