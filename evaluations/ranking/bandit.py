"""A bandit whose rewards are all known: of ten items that a user rated one is chosen, and only its reward seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evaluations.ranking.harness import Floats, OnPoint, checked
from evaluations.ranking.point import Point
from ranking.example import Action, Context, Example, Learner

CANDIDATES = 10
ROUNDS_MAX = 10
"""Of one user; so that those who rated most are not all there is."""
GAMES = 5
"""Each with rounds of its own: by one game alone methods differ by a hundredth from draw to draw."""
_ROUND_MS = 60_000


class Chooser(Protocol):
    """Whoever chooses one of several actions, and learns what came of that one."""

    def choose(self, user: str, context: Context, actions: Sequence[Action]) -> int:
        """Return the index of the chosen action."""

    def learn(self, example: Example) -> None:
        """Take in what came of it."""


class Greedy:
    """Chooses what a learner says is best; one of the best by lot where several are."""

    def __init__(self, learner: Learner, random: np.random.Generator) -> None:
        self._learner, self._random = learner, random

    def choose(self, user: str, context: Context, actions: Sequence[Action]) -> int:
        """Return the index of the best."""
        said = checked(self._learner.predict(user, context, actions), len(actions))
        return int(self._random.choice(np.flatnonzero(said == said.max())))

    def learn(self, example: Example) -> None:
        """Take in what came of it."""
        self._learner.learn(example)


class ByLot:
    """Chooses any, and learns nothing."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def choose(self, _user: str, _context: Context, actions: Sequence[Action]) -> int:
        """Return any index."""
        return int(self._random.integers(len(actions)))

    def learn(self, _example: Example) -> None:
        """Learn nothing."""


def draw_rounds(points: Sequence[Point], random: np.random.Generator) -> list[Point]:
    """Return rounds of ten items each that their user rated, no item twice, in the order of a lot.

    A user has a round for each ten items rated, at most ten. Rounds are a minute apart, from the last rating on.

    Args:
        points: Of one action each; the last one counts where a user rated an item twice.
        random: Draws.
    """
    rated: dict[str, dict[str, Point]] = {}
    for point in points:
        rated.setdefault(point.user, {})[point.actions[0].id] = point
    rounds = []
    for user, own in rated.items():
        drawn = random.permutation(np.arange(len(own)))
        items = list(own.values())
        for number in range(min(len(own) // CANDIDATES, ROUNDS_MAX)):
            chosen = [items[place] for place in drawn[number * CANDIDATES : (number + 1) * CANDIDATES]]
            rounds.append(
                Point(
                    user,
                    chosen[0].context,
                    [each.actions[0] for each in chosen],
                    [each.rewards[0] for each in chosen],
                )
            )
    begin_ms = max(point.context.time_ms for point in points)
    return [
        replace(rounds[place], context=Context(begin_ms + (number + 1) * _ROUND_MS))
        for number, place in enumerate(random.permutation(len(rounds)))
    ]


def play(chooser: Chooser, rounds: Sequence[Point], on_round: OnPoint) -> Floats:
    """Return the reward of each round; the chooser sees no other."""
    rewards: NDArray[np.float64] = np.zeros(len(rounds))
    for number, each in enumerate(rounds):
        place = chooser.choose(each.user, each.context, each.actions)
        rewards[number] = each.rewards[place]
        chooser.learn(Example(each.user, each.context, each.actions[place], each.rewards[place]))
        on_round(number + 1, len(rounds))
    return rewards
