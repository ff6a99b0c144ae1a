"""When a provider is left alone because it fails, and when it is tried again."""

from __future__ import annotations

from random import Random

# A single failure happens; so many in a row are the provider's state.
FAILURES_MIN = 5
_WAIT_MS_MIN = 5_000
# Five minutes at most: a provider that is back is used again while its users still wait for depth.
_WAIT_MS_MAX = 300_000


class Breaker:
    """Stops calls after failures in a row; lets one through after a while, and all when that one succeeds.

    Args:
        random: Spreads the tries of several schedulers that lost one provider at the same moment.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._wait_ms = _WAIT_MS_MIN
        self.failures = 0
        self.tries_ms: int | None = None

    def is_tripped(self, now_ms: int) -> bool:
        """Return whether no call may go out."""
        return self.tries_ms is not None and now_ms < self.tries_ms

    def is_trying(self, now_ms: int) -> bool:
        """Return whether a single call may go out, to see."""
        return self.tries_ms is not None and now_ms >= self.tries_ms

    def went_well(self) -> None:
        """Let all through again."""
        self.failures, self.tries_ms, self._wait_ms = 0, None, _WAIT_MS_MIN

    def failed(self, now_ms: int, *, at_once: bool = False) -> None:
        """Count a failure; `at_once` for one that says of itself that all further calls fail."""
        self.failures += 1
        if self.is_tripped(now_ms) or not (at_once or self.failures >= FAILURES_MIN):
            return
        self.tries_ms = now_ms + int(self._wait_ms * self._random.uniform(1.0, 1.25))
        self._wait_ms = min(_WAIT_MS_MAX, 2 * self._wait_ms)
