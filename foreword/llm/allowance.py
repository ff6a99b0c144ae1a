"""What is left of a limit that a provider states."""

from __future__ import annotations

import math

from foreword.llm.rate_limit import RateLimit

# Limits are per minute; whatever is said beyond an hour is a mistake that must not stop all work.
_FULL_SECONDS_MAX = 3600.0


class Allowance:
    """One limit, as the newest answer stated it, filling up evenly until it is whole again.

    Args:
        limit: What the answer said.
        now_ms: When it came.
    """

    def __init__(self, limit: RateLimit, now_ms: int) -> None:
        self._limit = limit.limit
        self._left = float(min(limit.remaining, limit.limit))
        self._since_ms = now_ms
        self._full_ms = now_ms + math.ceil(1000 * min(limit.full_seconds, _FULL_SECONDS_MAX))
        # What comes back in a millisecond.
        self._rate = (self._limit - self._left) / max(1, self._full_ms - now_ms)

    def take(self, cost: float) -> None:
        """Count a call that begins."""
        self._left -= self._bounded(cost)

    def calls(self, now_ms: int, cost: float) -> int:
        """Return how many calls of a cost may begin."""
        return max(0, math.floor(self._available(now_ms) / self._bounded(cost)))

    def opens_ms(self, now_ms: int, cost: float) -> int:
        """Return when a call of a cost may begin: now, or when enough is there."""
        missing = self._bounded(cost) - self._available(now_ms)
        if missing <= 0:
            return now_ms
        if not self._rate:
            return self._full_ms
        return min(self._full_ms, now_ms + math.ceil(missing / self._rate))

    def _available(self, now_ms: int) -> float:
        if now_ms >= self._full_ms:
            return float(self._limit)
        return min(self._limit, self._left + self._rate * max(0, now_ms - self._since_ms))

    def _bounded(self, cost: float) -> float:
        """Return a cost that the limit can ever grant; a call that is larger than it is for the provider to refuse."""
        return min(max(cost, 1.0), float(self._limit))
