"""In which order topics draw a user: a pool of log-odds, which foretells the next week better than any share."""

from __future__ import annotations

import math

from scheduler.agent.day_sums import DaySums, fades
from scheduler.agent.memory import Memory

# The weights that foretold the next week best on other repositories than those the evaluation reads; the population's
# share stands behind each term as so many rooted days, or events.
_SHORT_WEIGHT, _SHORT_PRIOR = 0.29, 3.0
_LONG_WEIGHT, _LONG_PRIOR = 0.30, 5.0
_LIFE_WEIGHT, _LIFE_PRIOR = 0.04, 5.0
_POPULATION_WEIGHT = -0.04
# Without a floor a topic that nobody else ever met would outweigh every other term.
_SHARE_MIN = 1e-4


class Pool:
    """Orders the topics of one memory.

    With S₇ and S₁₂₀ the `DaySums` of a topic or of all events, and p the population's share of the topic:
        w = (S₇ of the topic + 3 p) / (S₇ of all + 3)
        m = (S₁₂₀ of the topic + 5 p) / (S₁₂₀ of all + 5)
        l = (events of the topic + 5 p) / (all events + 5)
        strength = .29 logit w + .30 logit m + .04 logit l - .04 logit p

    Args:
        memory: The memory.
        now_ms: The time of the refresh.
    """

    def __init__(self, memory: Memory, now_ms: int) -> None:
        self._short_fade, self._long_fade = fades(now_ms - memory.as_of_ms)
        self._short_total = memory.days.short * self._short_fade + _SHORT_PRIOR
        self._long_total = memory.days.long * self._long_fade + _LONG_PRIOR
        self._life_total = memory.events + _LIFE_PRIOR

    def strength(self, days: DaySums, events: float, population_share: float) -> float:
        """Return how strongly a topic draws, on no scale of its own; higher goes first.

        Args:
            days: Of the events for the topic.
            events: How many these are, unfaded.
            population_share: From 0 to 1.
        """
        short = (days.short * self._short_fade + _SHORT_PRIOR * population_share) / self._short_total
        long = (days.long * self._long_fade + _LONG_PRIOR * population_share) / self._long_total
        life = (events + _LIFE_PRIOR * population_share) / self._life_total
        return (
            _SHORT_WEIGHT * _logit(short)
            + _LONG_WEIGHT * _logit(long)
            + _LIFE_WEIGHT * _logit(life)
            + _POPULATION_WEIGHT * _logit(population_share)
        )


def _logit(share: float) -> float:
    clipped = min(1.0 - _SHARE_MIN, max(_SHARE_MIN, share))
    return math.log(clipped / (1.0 - clipped))
