"""How often profiles and forewords are handed out: counted in memory, kept in activity.lmdb."""

from __future__ import annotations

import asyncio
from collections import Counter

from foreword.clock import DAY_MS, Clock
from foreword.errors import ForewordError
from foreword.store import ActivityTransaction
from foreword.store.codec import SEGMENT_MAX, segment_of
from sidecar.activity import Activity

# What kill -9 may cost. More often would be a synced commit for a number that a month is judged by.
SAVE_SECONDS = 60.0


class Reads:
    """Counts reads by day and segment.

    Used from the event loop's thread alone, so that counting takes no lock. A read belongs to the day of the next
    `turn`, at most a tick later.

    Attributes:
        totals: By segment since the start, as of the last `turn`; 0 for users who have no row.
    """

    def __init__(self, activity: Activity, clock: Clock) -> None:
        self._activity = activity
        self._clock = clock
        self.totals: Counter[int] = Counter()
        self._counts = [0] * (SEGMENT_MAX + 1)
        # At most a few days with a few segments each, however long the disk takes no writes.
        self._by_day: dict[int, Counter[int]] = {}
        self._saving = asyncio.Lock()

    def count(self, row: bytes | None) -> None:
        """Count a user as read whose row was handed out; None for a user who has none."""
        self._counts[0 if row is None else segment_of(row)] += 1

    def add(self, segment: int, count: int) -> None:
        """Count so many users as read who were read elsewhere, by the segment their rows are of."""
        self._counts[segment] += count

    def turn(self) -> None:
        """Put down to today what was read since the last turn."""
        found = {segment: count for segment, count in enumerate(self._counts) if count}
        if found:
            self._counts = [0] * len(self._counts)
            self.totals.update(found)
            self._add(self._clock.now_ms() // DAY_MS, found)

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
