"""All users in the order of their newest event, the newest first, in bounded memory and without an index."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from hashlib import blake2b

from foreword import keys
from foreword.keys import UserKey
from foreword.store import ActivityReader

PLACE_BYTES = 16
"""Of a place in the order: 8 of the time of the newest event and 8 of a hash of the user key, as no row of the
progress may name a user. Two users of one place would take a time and 64 bits in common."""
ABOVE_ALL = b"\xff" * PLACE_BYTES
# About 20 MB. Ten million users are then forty passes over `users` of half a minute each, spread over hours of
# refreshes; an index in the store would be half a gigabyte, and would keep the names of users who are erased meanwhile.
HELD_MAX = 250_000
# Users looked at without a turn of the event loop: half a millisecond.
_SLICE_MAX = 100


def place_of(user: UserKey, last_seen_ms: int) -> bytes:
    """Return a user's place in the order; the greatest place is the first."""
    return keys.u64(max(0, last_seen_ms)) + blake2b(user, digest_size=8).digest()


class NewestFirst:
    """Gives out users below a place, the newest first.

    Holds the next `held_max` of them, and looks through all users again when they are used up. A user whose newest
    event comes meanwhile moves up, out of what is still to come: whoever goes on from a place meets them no more, and
    need not, since what they did makes them due.

    Attributes:
        below: The place of the last one given out.

    Args:
        below: Where to go on; ABOVE_ALL to begin.
        prefix: What the keys of the users begin with; empty for all.
        held_max: Users held at once.
    """

    def __init__(self, below: bytes = ABOVE_ALL, *, prefix: bytes = b"", held_max: int = HELD_MAX) -> None:
        self.below = below
        self._prefix = prefix
        self._held_max = held_max
        self._held: list[bytes] = []
        self._is_at_end = False

    @property
    def is_empty(self) -> bool:
        """Whether `fill` has to be called before the next one."""
        return not self._held and not self._is_at_end

    @property
    def is_at_end(self) -> bool:
        """Whether there are no more users."""
        return self._is_at_end and not self._held

    def next(self) -> tuple[bytes, UserKey] | None:
        """Return the next user with their place; None when `fill` has to be called, or there is none."""
        if not self._held:
            return None
        entry = self._held.pop()
        self.below = entry[:PLACE_BYTES]
        return self.below, UserKey(entry[PLACE_BYTES:])

    def peek(self) -> bytes | None:
        """Return the place of the next user."""
        return self._held[-1][:PLACE_BYTES] if self._held else None

    async def fill(self, activity: ActivityReader, turn: Callable[[], Awaitable[None]]) -> None:
        """Look through all users for the next ones; `turn` is awaited between slices.

        Raises:
            StoreError: activity.lmdb cannot be read; the next call begins again.
        """
        held: list[bytes] = []
        after = b""
        while users := activity.last_seen(after, _SLICE_MAX, prefix=self._prefix):
            after = users[-1][0]
            for user, last_seen_ms in users:
                self._offer(held, user, last_seen_ms)
            await asyncio.sleep(0)
            await turn()
        self._is_at_end = len(held) < self._held_max
        held.sort()
        self._held = held

    def _offer(self, held: list[bytes], user: UserKey, last_seen_ms: int) -> None:
        """Keep a user who is below the place where this goes on, and among the newest of those."""
        time = keys.u64(max(0, last_seen_ms))
        # Most users of most passes are told by the time alone, at no cost of a hash.
        if time > self.below[:8] or (len(held) >= self._held_max and time < held[0][:8]):
            return
        place = time + blake2b(user, digest_size=8).digest()
        if place >= self.below:
            return
        if len(held) < self._held_max:
            heapq.heappush(held, place + user)
        else:
            heapq.heappushpop(held, place + user)
