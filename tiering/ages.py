"""How current a core is: by its age alone, so that one which is asked for all the time goes like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

from foreword.v1.core_pb2 import Core, CoreFreshness, CoreOrigin

# Looked up once: an enum's value takes a microsecond each time.
_CURATED = CoreOrigin.CORE_ORIGIN_CURATED
_FRESH, _STALE = CoreFreshness.CORE_FRESHNESS_FRESH, CoreFreshness.CORE_FRESHNESS_STALE
_STALE_IF_ERROR, _GONE = (
    CoreFreshness.CORE_FRESHNESS_STALE_IF_ERROR,
    CoreFreshness.CORE_FRESHNESS_UNSPECIFIED,
)
_FRACTION = 1 << 32
# Clocks of two processes differ by less; a core from further ahead was made by a clock that has been set back since.
_AHEAD_MS_MAX = 300_000


class Lifetimes(NamedTuple):
    """How long cores are what they are, from when they were made; each at least as long as the one before.

    Attributes:
        fresh_seconds: Served as it is.
        stale_seconds: Served while a new one is made behind the answer.
        error_seconds: Served when no new one can be had.
        jitter_share: Share by which the lifetimes of cores differ, 0 to 0.5, so that those made together are not made
            anew together.
    """

    fresh_seconds: float
    stale_seconds: float
    error_seconds: float
    jitter_share: float


@dataclass(frozen=True, slots=True)
class Ages:
    """Until when a core is what, in ms since 1970 (RFC 5861's terms).

    Attributes:
        made_ms: When it was made.
        fresh_until_ms: Served as it is.
        stale_until_ms: Served while a new one is made.
        expires_ms: Served when no new one can be had; afterwards gone.
    """

    made_ms: int
    fresh_until_ms: float
    stale_until_ms: float
    expires_ms: float

    @classmethod
    def of(cls, core: Core, lifetimes: Lifetimes) -> Self:
        """Return the ages of a core. One that the application put does not age: whoever put it knows when it goes."""
        made_ms = made_ms_of(core)
        if core.origin == _CURATED:
            return cls(made_ms, float("inf"), float("inf"), float("inf"))
        # From its own id, so that every process says the same and no two cores made together age together.
        share = int(core.core_id[:8] or "0", 16) / _FRACTION
        shorter = 1 - lifetimes.jitter_share * share
        return cls(made_ms, *(made_ms + 1000 * shorter * each for each in lifetimes[:3]))

    def freshness(self, now_ms: int) -> CoreFreshness:
        """Return how current the core is; unspecified once it is gone."""
        if now_ms < self.fresh_until_ms and not self._is_ahead(now_ms):
            return _FRESH
        if now_ms < self.stale_until_ms:
            return _STALE
        if now_ms < self.expires_ms:
            return _STALE_IF_ERROR
        return _GONE

    def _is_ahead(self, now_ms: int) -> bool:
        # Its age is not known; made anew, it is. What does not age need not be.
        return self.made_ms - now_ms > _AHEAD_MS_MAX and self.expires_ms != float("inf")


def made_ms_of(core: Core) -> int:
    """Return when a core was made, in ms since 1970; a tenth of the time that `ToMilliseconds` takes."""
    return core.created_at.seconds * 1000 + core.created_at.nanos // 1_000_000
