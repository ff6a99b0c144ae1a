"""What may be asked in a minute, and the headers that say how much of it is left."""

from __future__ import annotations

import math
from collections.abc import Mapping

from foreword.model_server.errors import ApiError
from foreword.model_server.times import rfc3339

_MINUTE_MS = 60_000


class _Bucket:
    """A budget that is refilled all the time, up to what a minute has."""

    def __init__(self, per_minute: int, now_ms: int) -> None:
        self.per_minute = per_minute
        self._left = float(per_minute)
        self._at_ms = now_ms

    def left(self, now_ms: int) -> int:
        gained = max(0, now_ms - self._at_ms) * self.per_minute / _MINUTE_MS
        self._left = min(self.per_minute, self._left + gained)
        self._at_ms = now_ms
        return math.floor(self._left)

    def take(self, count: int, now_ms: int) -> None:
        self.left(now_ms)
        self._left -= count

    def full_ms(self, now_ms: int) -> int:
        missing = self.per_minute - self.left(now_ms)
        return now_ms + math.ceil(missing * _MINUTE_MS / self.per_minute)


class RateLimit:
    """Limits of requests and tokens; calls beyond them are refused as the API refuses them."""

    def __init__(self, per_minute: Mapping[str, int], now_ms: int) -> None:
        """Take how many of each kind a minute has: requests, input-tokens, output-tokens."""
        self._buckets = {kind: _Bucket(count, now_ms) for kind, count in per_minute.items()}

    def check(self, now_ms: int) -> None:
        """Take one request.

        Raises:
            ApiError: 429; something is used up.
        """
        for kind, bucket in self._buckets.items():
            if bucket.left(now_ms) < 1:
                wait_seconds = max(1, math.ceil(_MINUTE_MS / bucket.per_minute / 1000))
                message = f"This request would exceed the limit of {bucket.per_minute:,} {kind} per minute"
                raise ApiError(
                    429, message, headers={"retry-after": str(wait_seconds), **self.headers(now_ms)}
                )
        self.spend("requests", 1, now_ms)

    def spend(self, kind: str, count: int, now_ms: int) -> None:
        """Take what a call used of a kind."""
        self._buckets[kind].take(count, now_ms)

    def headers(self, now_ms: int) -> dict[str, str]:
        """Return the headers of an answer."""
        found = {}
        for kind, bucket in self._buckets.items():
            name = f"anthropic-ratelimit-{kind}"
            found[f"{name}-limit"] = str(bucket.per_minute)
            found[f"{name}-remaining"] = str(max(0, bucket.left(now_ms)))
            found[f"{name}-reset"] = rfc3339(bucket.full_ms(now_ms))
        return found
