"""Confidence intervals by resampling users, whose points are not independent of each other."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key")

_LOW, _HIGH = 0.025, 0.975


def mean_interval(
    values: Mapping[Key, Sequence[float]], resamples: Sequence[Sequence[int]]
) -> tuple[float, float, float]:
    """Return the mean over all points, and the bounds of its 95 % interval over resampled users.

    Args:
        values: The points of each user.
        resamples: From `draw`; the same for all measures, so that their differences are paired.
    """
    sums = [sum(points) for points in values.values()]
    counts = [len(points) for points in values.values()]
    means = sorted(
        sum(sums[user] for user in users) / sum(counts[user] for user in users) for users in resamples
    )
    mean = sum(sums) / sum(counts)
    return mean, _quantile(means, _LOW), _quantile(means, _HIGH)


def draw(user_count: int, resample_count: int, seed: int) -> list[list[int]]:
    """Return `resample_count` draws of `user_count` users with replacement."""
    rng = random.Random(seed)
    return [rng.choices(range(user_count), k=user_count) for _ in range(resample_count)]


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the ordered values lie, between neighbours in proportion."""
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)
