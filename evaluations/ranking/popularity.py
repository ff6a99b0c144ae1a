"""The mean reward of each action, whoever asks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ranking.example import Action, Context, Example

# An action of which nothing is known has the mean of all; so many rewards of its own count as much as that.
_PRIOR_COUNT = 5.0


class Popularity:
    """Learns how an action is rewarded on average; nothing of users, and nothing of the moment."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, float] = {}
        # As if one reward of two were known beforehand.
        self._sum, self._count = 0.5, 1.0

    def predict(self, _user: str, _context: Context, actions: Sequence[Action]) -> NDArray[np.float64]:
        """Return each action's mean reward, drawn to that of all where little is known."""
        prior = _PRIOR_COUNT * self._sum / self._count
        sums = np.array([self._sums.get(action.id, 0.0) for action in actions])
        counts = np.array([self._counts.get(action.id, 0.0) for action in actions])
        means: NDArray[np.float64] = (sums + prior) / (counts + _PRIOR_COUNT)
        return means

    def learn(self, example: Example) -> None:
        """Count one reward."""
        name = example.action.id
        self._sums[name] = self._sums.get(name, 0.0) + example.reward
        self._counts[name] = self._counts.get(name, 0.0) + 1.0
        self._sum += example.reward
        self._count += 1.0
