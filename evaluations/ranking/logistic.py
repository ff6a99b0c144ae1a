"""Logistic regression over everything but the user, learned event by event."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evaluations.ranking.words import linear_facts
from ranking.example import Action, Context, Example

# AdaGrad's step and the first sum of squares (Duchi, Hazan and Singer 2011).
_STEP, _START = 0.1, 0.1
_LOGIT_MAX = 30.0


class Logistic:
    """Learns one weight for each fact of an action and its moment; every word has its own, none are hashed."""

    def __init__(self) -> None:
        self._weights: defaultdict[str, float] = defaultdict(float)
        self._squares: defaultdict[str, float] = defaultdict(lambda: _START)

    def predict(self, _user: str, context: Context, actions: Sequence[Action]) -> NDArray[np.float64]:
        """Return each action's probability of a reward."""
        return np.array([self._probability(list(linear_facts(context, action))) for action in actions])

    def learn(self, example: Example) -> None:
        """Take one step."""
        facts = list(linear_facts(example.context, example.action))
        error = example.weight * (self._probability(facts) - example.reward)
        for fact, value in facts:
            slope = error * value
            self._squares[fact] += slope * slope
            self._weights[fact] -= _STEP * slope / math.sqrt(self._squares[fact])

    def _probability(self, facts: Sequence[tuple[str, float]]) -> float:
        logit = math.fsum(value * self._weights.get(fact, 0.0) for fact, value in facts)
        return 1 / (1 + math.exp(-max(-_LOGIT_MAX, min(_LOGIT_MAX, logit))))
