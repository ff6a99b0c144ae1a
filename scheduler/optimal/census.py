"""One pass over all users, which gives the priors and the threshold that hold until the next."""

from __future__ import annotations

import math
from typing import NamedTuple

from foreword.clock import DAY_MS
from foreword.v1.refresh_pb2 import Habits
from scheduler.optimal.habits import add_habits
from scheduler.optimal.rates import PopulationSums, Priors
from scheduler.optimal.threshold import Cells
from scheduler.optimal.worth import add_user, newcomer_value

# How long it takes until half of what was spent is forgotten in correcting what is expected: a month has every weekday
# four times, and a season moves on within two.
_HALF_LIFE_DAYS = 28.0
# Refreshes for which nothing needs to have been seen: a few busy days at first correct little.
_TRUSTED_REFRESHES = 20.0
# Beyond it the model of how users come is not what is wrong.
_CORRECTION_MAX = 8.0


class InForce(NamedTuple):
    """What holds for all users until the next pass; rates are a day."""

    priors: Priors = Priors()
    threshold: float = 0.0
    """Whoever's refresh is worth as much is refreshed. 0, before the first pass: everybody with news."""
    computed_ms: int = 0
    """When the pass was, in ms since 1970; 0 when there was none."""
    budget: float = 0.0
    """Refreshes a day it was computed for."""
    expected: float = 0.0
    """Refreshes a day that users' rates alone make, at this threshold; what comes of them differs by the correction."""
    expected_sum: float = 0.0
    """Refreshes that were expected, faded."""
    actual_sum: float = 0.0
    """Refreshes that came of it, faded likewise."""
    users: int = 0
    """Users who ever came."""
    newcomers: float = 0.0
    """Users who come for the first time, a day, faded likewise."""

    @property
    def correction(self) -> float:
        """Refreshes for each that was expected: people come in bursts, and rates know of none."""
        ratio = (_TRUSTED_REFRESHES + self.actual_sum) / (_TRUSTED_REFRESHES + self.expected_sum)
        return min(max(ratio, 1 / _CORRECTION_MAX), _CORRECTION_MAX)


class Census:
    """The pass: all users one by one, kept as a few thousand sums.

    Args:
        former: What held until now; its priors weigh the users.
        now_ms: The time.
    """

    def __init__(self, former: InForce, now_ms: int) -> None:
        self._former = former
        self._now_ms = now_ms
        self._sums = PopulationSums()
        self._cells = Cells()
        self._users = 0

    def add(self, habits: Habits, *, wait_days: float = math.inf) -> None:
        """Add a user; `wait_days` is the longest wait that the segment's service level promises, inf for none."""
        if habits.open_count:
            self._users += 1
            add_habits(self._sums, habits, self._now_ms)
            add_user(self._cells, habits, self._former.priors, self._now_ms, wait_days=wait_days)

    def close(self, budget: float, refreshes_per_day: float | None) -> InForce:
        """Return what holds from now on.

        Args:
            budget: Refreshes a day that there may be.
            refreshes_per_day: How many there were since the last pass; None when nobody counted.
        """
        former = self._former
        days = max(0.0, (self._now_ms - former.computed_ms) / DAY_MS) if former.computed_ms else 0.0
        kept = 0.5 ** (days / _HALF_LIFE_DAYS)
        is_counted = refreshes_per_day is not None and former.expected > 0
        expected_sum = former.expected_sum * kept + (former.expected * days if is_counted else 0.0)
        actual_sum = former.actual_sum * kept + ((refreshes_per_day or 0.0) * days if is_counted else 0.0)
        newcomers = former.newcomers
        if days:
            came = max(0, self._users - former.users) / days
            newcomers = came + (former.newcomers - came) * kept if former.newcomers else came
        found = former._replace(
            priors=self._sums.fit(former.priors),
            computed_ms=self._now_ms,
            budget=budget,
            expected_sum=expected_sum,
            actual_sum=actual_sum,
            users=self._users,
            newcomers=newcomers,
        )
        self._cells.add_newcomers(newcomer_value(former.priors), newcomers)
        threshold = self._cells.threshold(budget / found.correction)
        return found._replace(threshold=threshold, expected=self._cells.refreshes_per_day(threshold))
