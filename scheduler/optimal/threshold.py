"""Which refreshes a budget pays for: what one gains, and the threshold above which they add up to the budget.

With opens at a rate μ and material changes at a rate λ, a profile of age τ is fresh with probability e^(−λτ).
Refreshed always at age τ, it gains by waiting no longer (μ/λ)(1 − e^(−λτ)(1 + λτ)) opens for each refresh; within a
budget one threshold L holds for everybody, and a user is due at the age at which that gain, weighed and divided by its
cost, reaches it (Cho & Garcia-Molina, "Effective page refresh policies for Web crawlers", ACM TODS 28, 2003; Azar,
Horvitz, Lubetzky, Peres & Shahaf, "Tractable near-optimal policies for crawling", PNAS 115, 2018; Kolobov, Peres, Lu &
Horvitz, "Staying up to date with online content changes using reinforcement learning for scheduling", NeurIPS 2019).
Only the product λτ and the quotient μ/λ stand in it, so that age may be told by any clock: the events since the last
refresh tell it better than the days.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

# Users within 5 % of each other in value, and 20 % in how they come, are taken for the same.
_VALUE_STEP, _STEP_STEP = math.log(1.05), math.log(1.2)
# Below this the gain is within 1e-9 of nothing, and above that of all there is.
_CHANGES_MIN, _CHANGES_MAX = 1e-5, 40.0
# Halvings of the threshold's logarithm, over eighteen orders of magnitude: to a millionth.
_HALVINGS = 46
_THRESHOLD_MIN, _THRESHOLD_MAX = 1e-9, 1e9


def gained_share(changes: float) -> float:
    """Return what a refresh gains after so many expected changes, as a share of the most it can."""
    if changes < _CHANGES_MIN:
        return changes * changes / 2
    return 1 - math.exp(-changes) * (1 + changes) if changes < _CHANGES_MAX else 1.0


@lru_cache(maxsize=4096)
def changes_until(share: float) -> float:
    """Return after how many expected changes a refresh gains a share of the most it can; inf for 1 or more."""
    if share >= 1:
        return math.inf
    if share <= 0:
        return 0.0
    low, high = 0.0, _CHANGES_MAX
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if gained_share(middle) < share:
            low = middle
        else:
            high = middle
    return high


class _Cell(NamedTuple):
    """Users who are taken for the same."""

    value: int
    step: int
    wait_days: float


class Cells:
    """A population in so few cells that a threshold takes no longer for ten million users than for a thousand."""

    def __init__(self) -> None:
        self._changes: dict[_Cell, float] = {}
        self._users: dict[_Cell, int] = {}
        self._newcomers: list[tuple[float, float]] = []

    def add(
        self, value: float, changes_per_day: float, *, step: float = 0.0, wait_days: float = math.inf
    ) -> None:
        """Add a user.

        Args:
            value: Opens that one refresh may gain, by cost: μ/λ, weighed. One of 0 or less is never refreshed.
            changes_per_day: λ.
            step: Expected changes between two moments at which a refresh may begin, such as the ends of sessions; 0
                when at any moment.
            wait_days: The longest that news may wait.
        """
        if value <= 0 or changes_per_day <= 0:
            return
        cell = _Cell(
            round(math.log(value) / _VALUE_STEP),
            round(math.log(step) / _STEP_STEP) if step > 0 else -1000,
            wait_days,
        )
        self._changes[cell] = self._changes.get(cell, 0.0) + changes_per_day
        self._users[cell] = self._users.get(cell, 0) + 1

    def add_newcomers(self, value: float, per_day: float) -> None:
        """Add users who will come to be: so many a day, each with one refresh to be weighed first."""
        self._newcomers.append((value, per_day))

    def refreshes_per_day(self, threshold: float) -> float:
        """Return how many refreshes a day are expected when whoever gains the threshold is refreshed."""
        total = sum(per_day for value, per_day in self._newcomers if value >= threshold)
        for cell, per_day in self._changes.items():
            share = threshold / math.exp(cell.value * _VALUE_STEP)
            changes = changes_until(share)
            if cell.step > -1000:
                step = math.exp(cell.step * _STEP_STEP)
                changes = step * max(1, math.ceil(changes / step)) if changes < math.inf else changes
                often = per_day / step
            else:
                often = math.inf
            rate = per_day / changes if changes > 0 else math.inf
            if cell.wait_days < math.inf:
                rate = max(rate, min(self._users[cell] / cell.wait_days, often))
            total += rate
        return total

    def threshold(self, budget_per_day: float) -> float:
        """Return the lowest threshold whose refreshes are within a budget a day, by bisection.

        Where the promised waits alone cost more than the budget, the highest there is: nobody else is refreshed.
        """
        low, high = math.log(_THRESHOLD_MIN), math.log(_THRESHOLD_MAX)
        if self.refreshes_per_day(_THRESHOLD_MIN) <= budget_per_day:
            return 0.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if self.refreshes_per_day(math.exp(middle)) > budget_per_day:
                low = middle
            else:
                high = middle
        return math.exp(high)
