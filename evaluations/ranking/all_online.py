"""A factorization machine of which every weight moves with every event: users', actions' and all others'."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evaluations.ranking.words import moment_words, own_words
from ranking.example import Action, Context, Example

_FACTORS = 10
# AdaGrad's step and first sum of squares, and the spread that factors start with.
_STEP, _START, _SPREAD = 0.08, 0.1, 0.1
_LOGIT_MAX = 30.0


class AllOnline:
    """Learns a weight and ten factors of each user, id, topic and attribute at once (Rendle 2010), by AdaGrad.

    Args:
        random: For the factors to start from.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._places: dict[str, int] = {}
        self._weights = np.zeros((1024, 1 + _FACTORS))
        self._squares = np.full((1024, 1 + _FACTORS), _START)

    def predict(self, user: str, context: Context, actions: Sequence[Action]) -> NDArray[np.float64]:
        """Return each action's probability of a reward."""
        return np.array([self._probability(*self._placed(user, context, action)) for action in actions])

    def learn(self, example: Example) -> None:
        """Move all weights of one example."""
        places, values = self._placed(example.user, example.context, example.action)
        error = example.weight * (self._probability(places, values) - example.reward)
        weighted = values[:, np.newaxis] * self._weights[places, 1:]
        slopes = np.empty((len(places), 1 + _FACTORS))
        slopes[:, 0] = error * values
        slopes[:, 1:] = error * values[:, np.newaxis] * (weighted.sum(axis=0) - weighted)
        self._squares[places] += slopes * slopes
        self._weights[places] -= _STEP * slopes / np.sqrt(self._squares[places])

    def _probability(self, places: Sequence[int], values: NDArray[np.float64]) -> float:
        weighted = values[:, np.newaxis] * self._weights[places]
        sums, factors = weighted.sum(axis=0), weighted[:, 1:]
        crossed = (sums[1:] @ sums[1:] - np.vdot(factors, factors)) / 2
        logit = max(-_LOGIT_MAX, min(_LOGIT_MAX, float(sums[0] + crossed)))
        return 1 / (1 + math.exp(-logit))

    def _placed(self, user: str, context: Context, action: Action) -> tuple[list[int], NDArray[np.float64]]:
        words = ["", f"user={user}", f"id={action.id}", *own_words(action), *moment_words(context)]
        facts = dict.fromkeys(words, 1.0) | {
            f"number {place}": value for place, value in enumerate(action.vector)
        }
        return [self._place(fact) for fact in facts], np.array(list(facts.values()))

    def _place(self, word: str) -> int:
        place = self._places.get(word)
        if place is None:
            place = self._places[word] = len(self._places)
            if place == len(self._weights):
                self._weights = np.concatenate([self._weights, np.zeros_like(self._weights)])
                self._squares = np.concatenate([self._squares, np.full_like(self._squares, _START)])
            self._weights[place, 1:] = self._random.normal(0, _SPREAD, _FACTORS)
        return place
