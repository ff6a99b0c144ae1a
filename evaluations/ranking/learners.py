"""Everybody who learns in this process: the product, ways to run it, and simple rivals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from evaluations.ranking.all_online import AllOnline
from evaluations.ranking.logistic import Logistic
from evaluations.ranking.popularity import Popularity
from evaluations.ranking.report import PRODUCT
from evaluations.ranking.trigram import Trigram
from ranking.example import Action, Context, Example, Learner
from ranking.exploration import Exploration, explore, spread
from ranking.learner import LearnerOptions, OnlineLearner

FROZEN, ONLINE = "foreword, users frozen", "everything online"
UNCORRECTED = "foreword, no catch-up"
UNEXPLORED = "foreword, explore = false"
POPULARITY, LOGISTIC, TRIGRAM = "popularity", "global logistic", "trigram"
CATCH_UP_SECONDS = 10.0
"""`ranking.catch_up_seconds` of the product's own rows; in the configuration it is off unless it is set."""


def _product(random: np.random.Generator, *, are_users_frozen: bool = False) -> OnlineLearner:
    options = LearnerOptions(catch_up_seconds=CATCH_UP_SECONDS, are_users_frozen=are_users_frozen)
    return OnlineLearner(options, random=random)


LEARNERS: Mapping[str, Callable[[np.random.Generator], Learner]] = {
    PRODUCT: _product,
    UNCORRECTED: lambda random: OnlineLearner(random=random),
    FROZEN: lambda random: _product(random, are_users_frozen=True),
    ONLINE: AllOnline,
    POPULARITY: lambda _: Popularity(),
    LOGISTIC: lambda _: Logistic(),
    TRIGRAM: lambda _: Trigram(),
}


class Exploring:
    """The product as it serves: it explores as `RankActions` does when nothing is configured.

    Args:
        random: For the model to start from, and for what is explored.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._learner, self._random = _product(random), random

    def choose(self, user: str, context: Context, actions: Sequence[Action]) -> int:
        """Return the index of what is shown first."""
        encoded, block = self._learner.encode(user, context, actions)
        logits = encoded.offset + encoded.features @ block.mean
        apart = spread(encoded.features, block.factor)
        order = explore(logits, apart, options=Exploration(), random=self._random)
        return int(order.order[0])

    def learn(self, example: Example) -> None:
        """Take in what came of it."""
        self._learner.learn(example)


def nightly(random: np.random.Generator) -> OnlineLearner:
    """Return the product without trainings of its own; whoever has taught it calls `refit`."""
    return OnlineLearner(LearnerOptions(first_refits=(), refit_every=1 << 62), random=random)
