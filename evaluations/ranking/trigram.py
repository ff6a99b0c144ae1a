"""What followed the last two tools."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ranking.example import Action, Context, Example

# What longer memory says counts so much as this many observations of shorter memory.
_PRIOR_COUNT = 2.0


class Trigram:
    """Learns which action is taken after which two; where they are new after which one, and where that is new at all.

    It reads the facts `last_1` and `last_2` of a moment, and learns from what is taken alone.
    """

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)

    def predict(self, _user: str, context: Context, actions: Sequence[Action]) -> NDArray[np.float64]:
        """Return each action's share of what came next, the shorter memory as the longer one's prior."""
        shares = np.full(len(actions), 1 / len(actions))
        for before in _memories(context):
            counts = self._counts.get(before, Counter())
            own = np.array([counts[action.id] for action in actions], np.float64)
            shares = (own + _PRIOR_COUNT * shares) / (counts.total() + _PRIOR_COUNT)
        return shares

    def learn(self, example: Example) -> None:
        """Count what was taken."""
        if example.reward > 0:
            for before in _memories(example.context):
                self._counts[before][example.action.id] += 1


def _memories(context: Context) -> list[tuple[str, ...]]:
    last = context.attributes.get("last_1", ""), context.attributes.get("last_2", "")
    return [(), last[:1], last]
