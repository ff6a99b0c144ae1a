"""Users' weights as they were before each of their examples: all users side by side, each in the order of time."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foreword.clock import DAY_MS
from ranking.block import Forgetting, Prior

Array: TypeAlias = NDArray[Any]

_NEWTON_STEPS = 8


class Past(NamedTuple):
    """Examples in the order of time: `user` int[n], `features` float32[n, D], and floats[n] of the same names as
    learned from."""

    user: Array
    features: Array
    offset: Array
    reward: Array
    weight: Array
    time_ms: Array


class Foreseen(NamedTuple):
    """What a replay finds.

    Attributes:
        logit, variance: float[n], what each example's action scored before its reward was known, and how unsure
        that was.
        mean, covariance: float32[U, D], float32[U, D, D], of each user after the last example.
    """

    logit: Array
    variance: Array
    mean: Array
    covariance: Array


def replay(past: Past, priors: Prior, forgetting: Forgetting) -> Foreseen:
    """Return what users' blocks would have said of each example before learning it.

    The same as `UserBlock.learn` for one after the other, in 32-bit floats, but without a call for each: the
    first example of all users at once, then the second of all that have one.

    Args:
        past: The examples.
        priors: Of each user: mean float32[U, D], covariance float32[U, D, D].
        forgetting: As in serving.
    """
    mean, covariance = priors.mean.copy(), priors.covariance.copy()
    logit, variance = np.zeros(len(past.user)), np.zeros(len(past.user))
    since = np.full(len(mean), -1, np.int64)
    for places in _rounds(past.user):
        who = past.user[places]
        kept = _kept(past.time_ms[places], since[who], forgetting)[:, None]
        known = priors.mean[who] + kept * (mean[who] - priors.mean[who])
        doubt = priors.covariance[who] + kept[:, :, None] * (covariance[who] - priors.covariance[who])
        features, weight = past.features[places], past.weight[places]
        direction = np.einsum("nij,nj->ni", doubt, features)
        spread = (direction * features).sum(axis=1)
        centre = past.offset[places] + (known * features).sum(axis=1)
        logit[places], variance[places] = centre, spread
        step, slope = _modes(centre, spread, past.reward[places], weight)
        scaled = direction * np.sqrt(slope / (1 + slope * spread))[:, None].astype(np.float32)
        mean[who] = known + step[:, None].astype(np.float32) * direction
        doubt -= scaled[:, :, None] * scaled[:, None, :]
        share = (forgetting.share * weight).astype(np.float32)
        covariance[who] = doubt + share[:, None, None] * priors.covariance[who]
        since[who] = past.time_ms[places]
    return Foreseen(logit, variance, mean, covariance)


def _rounds(user: Array) -> list[Array]:
    """Return the places of each user's first example, then of each one's second, and so on."""
    order = np.argsort(user, kind="stable")
    grouped = user[order]
    firsts = np.searchsorted(grouped, grouped)
    turn = np.arange(len(user)) - firsts
    by_turn = np.argsort(turn, kind="stable")
    bounds = np.flatnonzero(np.diff(turn[by_turn])) + 1
    return np.split(order[by_turn], bounds) if len(user) else []


def _kept(now_ms: Array, since_ms: Array, forgetting: Forgetting) -> Array:
    if not forgetting.half_life_days:
        return np.ones(len(now_ms), np.float32)
    days = np.where(since_ms < 0, 0.0, np.maximum(now_ms - since_ms, 0) / DAY_MS)
    kept = 0.5 ** (days / forgetting.half_life_days)
    return np.where(kept > 1 - 1e-4, 1.0, kept).astype(np.float32)


def _modes(centre: Array, variance: Array, reward: Array, weight: Array) -> tuple[Array, Array]:
    """Return what `ranking.block` finds for one, for many: steps and curvatures."""
    low, high = weight * (reward - 1), weight * reward
    step = np.zeros(len(centre))
    slope = np.zeros(len(centre))
    for _ in range(_NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(centre + variance * step, -500, 500)))
        slope = weight * chance * (1 - chance)
        gap = weight * (reward - chance) - step
        low, high = np.where(gap > 0, step, low), np.where(gap > 0, high, step)
        moved = step + gap / (1 + variance * slope)
        step = np.where((moved >= low) & (moved <= high), moved, (low + high) / 2)
    return step, slope
