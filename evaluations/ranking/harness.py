"""Predict, then learn: what came of a point is never known when it is predicted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluations.ranking.point import Point
from foreword.errors import ForewordError
from ranking.example import Learner

Floats = NDArray[np.float64]
OnPoint = Callable[[int, int], object]


def foretell(learner: Learner, points: Sequence[Point], on_point: OnPoint) -> list[Floats]:
    """Return what a learner says of each point before it learns it (prequential: Dawid 1984).

    Args:
        learner: Knows nothing yet.
        points: In the order in which they happened.
        on_point: Told how many are done, and of how many.

    Returns:
        For each point a probability for each of its actions.

    Raises:
        ForewordError: It says something else than a probability for each action.
    """
    said = []
    for number, point in enumerate(points):
        said.append(checked(learner.predict(point.user, point.context, point.actions), len(point.actions)))
        for example in point.examples():
            learner.learn(example)
        on_point(number + 1, len(points))
    return said


def checked(said: object, count: int) -> Floats:
    """Return what a learner said, if it is a probability for each action.

    Raises:
        ForewordError: It is not.
    """
    # A copy: a learner may use its array again.
    found = np.array(said, np.float64)
    if found.shape != (count,) or not np.all((found >= 0) & (found <= 1)):
        raise ForewordError(f"a learner said {found.tolist()} of {count} actions, which are no probabilities")
    return found
