"""Counting what is in the store, without holding up reads."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from foreword.clock import HOUR_MS, Clock
from foreword.followed_config import FollowedConfig
from foreword.store import ActivityReader, ProfileReader
from foreword.store.pauses import paused_users
from foreword.store.v1.store_pb2 import RefreshPauses
from sidecar.activity import Activity
from sidecar.model_counts import ModelCounts, count_model
from sidecar.profiles import Profiles

# The answer may be 10 seconds old; the rest is for counting.
AGE_MS_MAX = 8000
# Counting takes at most a tenth of the time, so a small store is counted anew at almost every call.
AGE_BY_DURATION = 10
LATELY_BY_DURATION = 20
# Rows looked at in one go, a third of a millisecond; in between reads are answered.
SLICE_ROWS = 200


@dataclass(frozen=True)
class Counts:
    """What was in the store at a time."""

    counted_ms: int
    by_segment: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Users by segment number and Freshness number."""
    ages: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Users' own profiles by segment number and whole hours since they were computed."""
    due: int = 0
    held: int = 0
    """Users whom a pause holds back."""
    paused: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Of the users in `by_segment`, those who are paused by name."""
    triggers: int = 0
    users: int = 0
    events: int = 0
    profiles: int = 0
    model: ModelCounts = field(default_factory=ModelCounts)


class StoreCounter:
    """Counts on request, once for all who ask at a time, and keeps the result for a while."""

    def __init__(self, profiles: Profiles, activity: Activity, live: FollowedConfig, clock: Clock) -> None:
        self._profiles = profiles
        self._activity = activity
        self._live = live
        self._clock = clock
        self._newest: Counts | None = None
        self._duration_ms = 0.0
        self._task: asyncio.Task[Counts] | None = None

    @property
    def duration_seconds(self) -> float:
        """How long counting took last."""
        return self._duration_ms / 1000

    async def current(self) -> Counts:
        """Return counts at most 10 seconds old."""
        return await self._no_older(min(AGE_MS_MAX, self._duration_ms * AGE_BY_DURATION))

    async def lately(self) -> Counts:
        """Return counts for whoever asks again and again: in a small store as recent, in a large one as old as it takes
        for counting to be a twentieth of the time.
        """
        return await self._no_older(max(AGE_MS_MAX, self._duration_ms * LATELY_BY_DURATION))

    async def _no_older(self, age_ms_max: float) -> Counts:
        if self._newest is not None and 0 <= self._clock.now_ms() - self._newest.counted_ms < age_ms_max:
            return self._newest
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._count())
        # A caller that gives up must not end it for the others.
        return await asyncio.shield(self._task)

    async def _count(self) -> Counts:
        started = time.monotonic()
        now_ms = self._clock.now_ms()
        activity, profiles = self._activity.reader, self._profiles.reader
        by_segment, ages = await _by_segment(profiles, now_ms) if profiles else (Counter(), Counter())
        pauses = activity.pauses() if activity else RefreshPauses()
        held, paused = 0, Counter[tuple[int, int]]()
        if profiles and pauses.users:
            held, paused = await asyncio.to_thread(_of_paused, profiles, pauses, now_ms)
        if profiles and pauses.since_ms:
            held = await _held(profiles)
        counts = Counts(
            counted_ms=now_ms,
            by_segment=by_segment,
            ages=ages,
            held=held,
            paused=paused,
            due=await asyncio.to_thread(profiles.due_count, now_ms) if profiles else 0,
            triggers=await self._triggers(activity) if activity else 0,
            users=activity.users_count() if activity else 0,
            events=activity.events_count() if activity else 0,
            profiles=profiles.profiles_count() if profiles else 0,
            model=await count_model(profiles, activity, now_ms, self._live.current.agent.prices),
        )
        self._newest, self._duration_ms = counts, (time.monotonic() - started) * 1000
        return counts

    async def _triggers(self, activity: ActivityReader) -> int:
        """Count the triggers the scheduler has not taken: all but the few that wait for maintenance to drop them."""
        cursor = self._activity.taken_trigger()
        count, place = activity.triggers_count(), 0
        while place < cursor:
            rows = activity.triggers(place, SLICE_ROWS)
            taken = [sequence for sequence, _ in rows if sequence <= cursor]
            count -= len(taken)
            if len(taken) < SLICE_ROWS:
                break
            place = taken[-1]
            await asyncio.sleep(0)
        return max(0, count)


def _of_paused(
    profiles: ProfileReader, pauses: RefreshPauses, now_ms: int
) -> tuple[int, Counter[tuple[int, int]]]:
    """Return how many of those paused by name are held back, and all of them by segment and freshness.

    Looks at these alone, at most a thousand.
    """
    # A key is no other's beginning; and one damaged row must not hide the others.
    rows = [row for user in paused_users(pauses) for row in profiles.users(limit=1, prefix=user)]
    headers = [row.header for row in rows if row.header is not None]
    by_segment = Counter[tuple[int, int]]((header.segment, header.freshness(now_ms)) for header in headers)
    return sum(row.state.is_held for row in rows), by_segment


async def _held(profiles: ProfileReader) -> int:
    """Count the users whom a pause holds back; looks at all, which is why it is done for pauses of segments alone."""
    count, after = 0, b""
    while rows := profiles.users(after, SLICE_ROWS):
        count += sum(row.state.is_held for row in rows)
        after = rows[-1].user
        await asyncio.sleep(0)
    return count


async def _by_segment(
    profiles: ProfileReader, now_ms: int
) -> tuple[Counter[tuple[int, int]], Counter[tuple[int, int]]]:
    found: Counter[tuple[int, int]] = Counter()
    ages: Counter[tuple[int, int]] = Counter()
    after = b""
    while rows := profiles.headers(after, SLICE_ROWS):
        found.update((header.segment, header.freshness(now_ms)) for _, header in rows)
        ages.update(
            (header.segment, max(0, now_ms - header.computed_at_ms) // HOUR_MS)
            for _, header in rows
            if not header.is_default
        )
        after = rows[-1][0]
        await asyncio.sleep(0)
    return found, ages


def age_hours(counts: Counts, segment: int, percentile: int) -> int | None:
    """Return a percentile of the ages of a segment's profiles, in whole hours; None without any."""
    ages = sorted((hours, count) for (number, hours), count in counts.ages.items() if number == segment)
    wanted = sum(count for _, count in ages) * percentile / 100
    for hours, count in ages:
        wanted -= count
        if wanted <= 0:
            return hours
    return None
