"""How good predictions are, for any weighting of users: what a resample is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluations.bootstrap import draw
from evaluations.foretelling import Interval

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]
Measure = Callable[[Floats], float]
"""Takes how often each user is drawn, float64[users], and returns a number; NaN where nothing can be said."""
# What is surely wrong costs 13.8, not infinitely much.
_SURE = 1e-6
_LOW, _HIGH = 0.025, 0.975


def resamples_of(user_count: int, count: int, seed: int) -> Floats:
    """Return how often each user is drawn, float64[1 + count, users]; first all users once."""
    drawn = [np.bincount(users, minlength=user_count) for users in draw(user_count, count, seed)]
    return np.array([np.ones(user_count), *drawn], np.float64)


def values_of(measure: Measure, resamples: Floats) -> Floats:
    """Return a measure of each resample; two methods' values on the same resamples are paired."""
    return np.array([measure(weights) for weights in resamples])


def interval_of(values: Floats) -> Interval | None:
    """Return the first value, and the bounds of the 95 % interval that the others give; None without a value."""
    drawn = values[1:][~np.isnan(values[1:])]
    if np.isnan(values[0]) or not len(drawn):
        return None
    low, high = np.quantile(drawn, (_LOW, _HIGH))
    return float(values[0]), float(low), float(high)


def mean_of(values: Floats, users: Indexes, user_count: int) -> Measure:
    """Return the mean over all points of the drawn users.

    Args:
        values: A number a point.
        users: Whose each point is.
        user_count: How many users there are.
    """
    sums = np.bincount(users, values, user_count)
    counts = np.bincount(users, minlength=user_count).astype(np.float64)
    return lambda weights: _share(float(weights @ sums), float(weights @ counts))


def mean_of_users(values: Floats) -> Measure:
    """Return the mean over drawn users of a number each; users with NaN are left out."""
    known = ~np.isnan(values)
    return lambda weights: _share(float(weights[known] @ values[known]), float(weights[known].sum()))


def auc_of(scores: Floats, labels: Floats, users: Indexes) -> Measure:
    """Return the area under the ROC curve over all points of the drawn users; ties count half.

    Args:
        scores: A number a point.
        labels: 1 where there was a reward, else 0.
        users: Whose each point is.
    """
    order = np.argsort(scores, kind="stable")
    ordered, right, owners = scores[order], labels[order], users[order]
    # Points of one score are one step of the curve.
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])

    def measure(weights: Floats) -> float:
        drawn = weights[owners]
        rewarded = np.add.reduceat(drawn * right, starts)
        others = np.add.reduceat(drawn, starts) - rewarded
        below = np.cumsum(others) - others
        return _share(float(rewarded @ (below + others / 2)), float(rewarded.sum() * others.sum()))

    return measure


def log_losses(scores: Floats, labels: Floats) -> Floats:
    """Return what each prediction costs: -log of the probability it gave to what came."""
    sure = np.clip(scores, _SURE, 1 - _SURE)
    losses: Floats = -(labels * np.log(sure) + (1 - labels) * np.log(1 - sure))
    return losses


def second_half(users: Indexes, user_count: int) -> NDArray[np.bool_]:
    """Return which points belong to the second half of their own user's; of an odd number the middle one does."""
    counts, seen = np.bincount(users, minlength=user_count), np.zeros(user_count, np.intp)
    late = np.zeros(len(users), bool)
    for place, user in enumerate(users):
        late[place] = 2 * seen[user] + 1 >= counts[user]
        seen[user] += 1
    return late


def by_user(users: Indexes, user_count: int, measure: Callable[[Indexes], float]) -> Floats:
    """Return a number for each user, of the indexes of the user's points; NaN for a user with none."""
    order = np.argsort(users, kind="stable")
    parts: Sequence[Indexes] = np.split(order, np.searchsorted(users[order], np.arange(1, user_count)))
    return np.array([measure(part) if len(part) else np.nan for part in parts])


def reciprocal_rank(scores: Floats, rewards: Floats) -> float:
    """Return 1 / the place of the best action that was rewarded; where some are tied, its mean over their orders.

    Args:
        scores: A number an action.
        rewards: 1 for those that were right; at least one.
    """
    best = scores[rewards > 0].max()
    above, tied = int((scores > best).sum()), int((scores == best).sum())
    return float(np.mean(1 / (above + 1 + np.arange(tied))))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
