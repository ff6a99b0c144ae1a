"""Each user's last item, found among all that the user had not met before."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from evaluations.ranking.harness import Floats, OnPoint, checked
from evaluations.ranking.point import Point
from foreword.errors import FieldError
from ranking.example import Action, Example, Learner

TOP = 10
NEGATIVES = 2
"""Items by lot that a learner is told were not taken, for each that was: what was taken alone teaches no difference."""
# EASE and co-occurrence hold a number for each user and item, or for each two items: 800 MB.
_CELLS_MAX = 200_000_000
_WINDOW = 10
# Of the squares of EASE's weights.
_PENALTY = 300.0


@dataclass(frozen=True)
class LastItems:
    """A history, and what comes after it.

    Attributes:
        points: In their order, without each user's last.
        held: Each user's last point; of users with two items or more.
        items: All items, by their id.
        met: By user, the items before the last, oldest first.
    """

    points: Sequence[Point]
    held: Sequence[Point]
    items: Mapping[str, Action]
    met: Mapping[str, Sequence[str]]

    def unmet(self, user: str) -> list[Action]:
        """Return the items that a user had not met before the last one."""
        met = set(self.met[user])
        return [action for item, action in self.items.items() if item not in met]


class Recommender(Protocol):
    """Whoever says what a user takes next."""

    def scores(self, held: Point, actions: Sequence[Action]) -> Floats:
        """Return a number for each action, higher for what is likelier."""


def hold_last(points: Sequence[Point]) -> LastItems:
    """Return a history without each user's last item; ratings count as items met, whether liked or not.

    Raises:
        FieldError: No user has two items.
    """
    last: dict[str, int] = {}
    count = Counter(point.user for point in points)
    for number, point in enumerate(points):
        last[point.user] = number
    numbers = sorted(number for user, number in last.items() if count[user] > 1)
    if not numbers:
        raise FieldError("--ratings", "no user with two ratings", "longer histories")
    held = set(numbers)
    kept = [point for number, point in enumerate(points) if number not in held]
    met: dict[str, list[str]] = {}
    for point in kept:
        met.setdefault(point.user, []).append(point.actions[0].id)
    items = {point.actions[0].id: point.actions[0] for point in points}
    return LastItems(kept, [points[number] for number in numbers], items, met)


def gain(scores: Floats, place: int) -> float:
    """Return NDCG@10 where one action is right: 1 / log2(rank + 1), and 0 behind the tenth; ties share their ranks.

    Args:
        scores: Of all actions.
        place: The right one's index.
    """
    above = int((scores > scores[place]).sum())
    tied = int((scores == scores[place]).sum())
    gains = [1 / math.log2(rank + 2) for rank in range(above, min(above + tied, TOP))]
    return math.fsum(gains) / tied


def find(recommender: Recommender, last: LastItems, on_user: OnPoint) -> Floats:
    """Return the gain of each user whose last item is held."""
    gains = np.zeros(len(last.held))
    for number, held in enumerate(last.held):
        actions = last.unmet(held.user)
        wanted = held.actions[0].id
        # Somebody who meets an item again meets it last among what is met; it can then not be found.
        place = next((place for place, action in enumerate(actions) if action.id == wanted), None)
        gains[number] = 0.0 if place is None else gain(recommender.scores(held, actions), place)
        on_user(number + 1, len(last.held))
    return gains


class Taught:
    """A learner that was told what each user took, and some of what was not taken.

    Args:
        learner: Knows nothing yet.
        last: The history.
        random: Draws what was not taken.
        on_point: Told how much of the history is learned.
    """

    def __init__(
        self, learner: Learner, last: LastItems, random: np.random.Generator, on_point: OnPoint
    ) -> None:
        self._learner = learner
        for number, example in enumerate(_examples(last, random)):
            learner.learn(example)
            on_point(number + 1, len(last.points) * (1 + NEGATIVES))

    def scores(self, held: Point, actions: Sequence[Action]) -> Floats:
        """Return the learner's probabilities."""
        return checked(self._learner.predict(held.user, held.context, actions), len(actions))


def _examples(last: LastItems, random: np.random.Generator) -> Iterator[Example]:
    items = list(last.items.values())
    for point in last.points:
        # What was taken comes last: it is the newest that a learner knows of its user.
        for place in random.integers(len(items), size=NEGATIVES):
            if items[place].id != point.actions[0].id:
                yield Example(point.user, point.context, items[place], 0.0)
        yield Example(point.user, point.context, point.actions[0], 1.0)


class MostTaken:
    """Counts how often each item was met."""

    def __init__(self, last: LastItems) -> None:
        self._counts = Counter(point.actions[0].id for point in last.points)

    def scores(self, _held: Point, actions: Sequence[Action]) -> Floats:
        """Return the counts."""
        return np.array([float(self._counts[action.id]) for action in actions])


class Company:
    """Counts which items are met within ten of each other, and asks what kept the last ten company."""

    def __init__(self, last: LastItems) -> None:
        self._met = last.met
        self._places = {item: place for place, item in enumerate(last.items)}
        _check_cells(len(self._places), len(self._places))
        self._counts = np.zeros((len(self._places), len(self._places)), np.float32)
        for items in last.met.values():
            places = np.array([self._places[item] for item in items])
            for apart in range(1, _WINDOW + 1):
                np.add.at(self._counts, (places[apart:], places[:-apart]), 1)
                np.add.at(self._counts, (places[:-apart], places[apart:]), 1)

    def scores(self, held: Point, actions: Sequence[Action]) -> Floats:
        """Return how often each was met near one of the last ten."""
        newest = [self._places[item] for item in self._met[held.user][-_WINDOW:]]
        sums = self._counts[newest].sum(axis=0)
        return np.array([sums[self._places[action.id]] for action in actions], np.float64)


class Ease:
    """Embarrassingly shallow autoencoders (Steck 2019): items from items by one ridge regression, none from itself.

    The inverse over items comes from one over users (Woodbury), of whom there are fewer.
    """

    def __init__(self, last: LastItems) -> None:
        self._places = {item: place for place, item in enumerate(last.items)}
        self._users = {user: place for place, user in enumerate(last.met)}
        _check_cells(len(self._users), max(len(self._places), len(self._users)))
        met = np.zeros((len(self._users), len(self._places)), np.float64)
        for user, items in last.met.items():
            met[self._users[user], [self._places[item] for item in items]] = 1
        inverse = np.linalg.inv(met @ met.T + _PENALTY * np.eye(len(met)))
        solved = inverse @ met
        self._diagonal = 1 - np.einsum("ui,ui->i", met, solved)
        self._rows = met - (met @ met.T) @ solved

    def scores(self, held: Point, actions: Sequence[Action]) -> Floats:
        """Return what the regression expects."""
        places = [self._places[action.id] for action in actions]
        scores: Floats = -self._rows[self._users[held.user], places] / self._diagonal[places]
        return scores


def _check_cells(rows: int, columns: int) -> None:
    if rows * columns > _CELLS_MAX:
        raise FieldError(
            "--ratings",
            f"a table of {rows:,} by {columns:,}",
            f"at most {_CELLS_MAX:,} cells",
            hint="leave out EASE and co-occurrence: --methods",
        )
