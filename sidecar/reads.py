"""How often profiles and forewords are handed out: counted in memory, kept in activity.lmdb."""

from __future__ import annotations

import asyncio
from collections import Counter

from foreword.clock import DAY_MS, Clock
from foreword.errors import ForewordError
from foreword.store import ActivityTransaction
from foreword.store.codec import SEGMENT_MAX, segment_of
from foreword.store.responses import freshness_in
from foreword.v1.freshness_pb2 import Freshness
from sidecar.activity import Activity

# What kill -9 may cost. More often would be a synced commit for a number that a month is judged by.
SAVE_SECONDS = 60.0


class Reads:
    """Counts reads by segment and freshness, and keeps them by day and segment.

    Used from the event loop's thread alone, so that counting takes no lock. A read belongs to the day of the next
    `turn`, at most a tick later.

    Attributes:
        totals: By segment and the freshness that was told, since the start, as of the last `turn`; of segment 0 are
            users who have no row.
    """

    def __init__(self, activity: Activity, clock: Clock) -> None:
        self._activity = activity
        self._clock = clock
        self.totals: Counter[tuple[int, int]] = Counter()
        # By segment, then by freshness: as a dictionary of pairs it would take twice as long, at every read.
        self._counts = _no_counts()
        # At most a few days with a few segments each, however long the disk takes no writes.
        self._by_day: dict[int, Counter[int]] = {}
        self._saving = asyncio.Lock()

    def count(self, row: bytes | None, response: bytes) -> None:
        """Count a user as read, by their row, None for a user who has none, and the whole response made of it."""
        self._counts[0 if row is None else segment_of(row)][freshness_in(response)] += 1

    def add(self, segment: int, freshness: int, count: int) -> None:
        """Count so many users as read who were read elsewhere."""
        self._counts[segment][freshness] += count

    def turn(self) -> None:
        """Put down to today what was read since the last turn."""
        found = {
            (segment, freshness): count
            for segment, counts in enumerate(self._counts)
            for freshness, count in enumerate(counts)
            if count
        }
        if found:
            self._counts = _no_counts()
            self.totals.update(found)
            by_segment: Counter[int] = Counter()
            for (segment, _), count in found.items():
                by_segment[segment] += count
            self._add(self._clock.now_ms() // DAY_MS, by_segment)

    async def save(self) -> None:
        """Write what was read until now; what cannot be written is kept for the next time."""
        async with self._saving:
            self.turn()
            if not self._by_day or not self._activity.is_healthy:
                return
            taken, self._by_day = self._by_day, {}

            def add(transaction: ActivityTransaction) -> None:
                for day, counts in taken.items():
                    transaction.add_reads(day, counts)

            try:
                # The timer ends with the sidecar; what it has queued is written all the same, once.
                await asyncio.shield(self._activity.submit(add))
            except ForewordError:
                # Judged by the committer as it ended.
                for day, counts in taken.items():
                    self._add(day, counts)

    def _add(self, day: int, counts: dict[int, int]) -> None:
        self._by_day.setdefault(day, Counter()).update(counts)


def _no_counts() -> list[list[int]]:
    return [[0] * len(Freshness.values()) for _ in range(SEGMENT_MAX + 1)]
