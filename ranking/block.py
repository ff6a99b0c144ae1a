"""What is known of one user: a Gaussian over a few weights, and a short ring of what came last."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foreword.clock import DAY_MS
from foreword.errors import StoreCorruptError, StoreVersionError
from ranking.ring import ACTION_BYTES, EMPTY, RECENT_MAX, Ring

Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]

DIMENSIONS_MAX = 16
"""Weights of a user: with their packed covariance 608 bytes, so that a million users are within a gigabyte or so."""

_FORMAT = 1
# Format, dimensions, actions in the ring, nothing; model version, observations, time of the last change.
_HEADER = struct.Struct("<BBBxIIq")
# What an observation gives back of the uncertainty it takes, as a share of the prior's: a user whose weights were
# known exactly could never change, and a covariance of 32-bit floats stays positive. See also `Forgetting`.
_PI_8 = math.pi / 8
_NEWTON_STEPS_MAX = 12


class Prior(NamedTuple):
    """What is assumed of a user before anything is known: `mean` float32[D], `covariance` float32[D, D]."""

    mean: Floats
    covariance: Floats


@dataclass(frozen=True, slots=True)
class Forgetting:
    """How a user's weights go back to the prior.

    Attributes:
        half_life_days: After so long without news half of what was learned counts. Half a year: tastes last longer than
            tasks; the ring holds what is of the day. 0 forgets nothing.
        share: What an observation gives back of the prior's uncertainty. A two-thousandth: a user whose weights were
            known exactly could never change, and the covariance stays positive in 32-bit floats.
    """

    half_life_days: float = 180.0
    share: float = 5e-4


FORGETTING = Forgetting()


@dataclass(frozen=True)
class UserBlock:
    """What is known of one user under one model. Immutable: learning returns another.

    Attributes:
        model_version: The model whose features the weights belong to; under another they mean nothing.
        mean: float32[D], the likeliest weights.
        covariance: float32[D, D], how sure; symmetric, positive definite.
        updated_ms: When it last changed, in milliseconds since 1970.
        observations: How many it has learned from.
        recent: The last actions.
    """

    model_version: int
    mean: Floats
    covariance: Floats
    updated_ms: int
    observations: int = 0
    recent: Ring = EMPTY

    @cached_property
    def factor(self) -> Floats:
        """Return a matrix whose product with its own transpose is the covariance, float32[D, D]."""
        return factor(self.covariance)

    @classmethod
    def fresh(cls, prior: Prior, model_version: int, now_ms: int) -> UserBlock:
        """Return the block of a user of whom nothing is known."""
        return cls(model_version, prior.mean, prior.covariance, now_ms)

    def at(self, now_ms: int, prior: Prior, forgetting: Forgetting = FORGETTING) -> UserBlock:
        """Return the block as it is at a later time: nearer to the prior, by the half-life.

        Mean and covariance are mixed with the prior's, so that after infinite time the prior stands.
        """
        elapsed_ms = now_ms - self.updated_ms
        if elapsed_ms <= 0 or not forgetting.half_life_days:
            return self
        kept = 0.5 ** (elapsed_ms / (forgetting.half_life_days * DAY_MS))
        # Within an hour nothing is forgotten that a float could show.
        if kept > 1 - 1e-4:
            return self
        mean = prior.mean + np.float32(kept) * (self.mean - prior.mean)
        covariance = prior.covariance + np.float32(kept) * (self.covariance - prior.covariance)
        return replace(self, mean=mean, covariance=covariance, updated_ms=now_ms)

    def learn(
        self,
        offset: float,
        features: Floats,
        reward: float,
        *,
        now_ms: int,
        prior: Prior,
        weight: float = 1.0,
        forgetting: Forgetting = FORGETTING,
    ) -> UserBlock:
        """Return the block after one more reward.

        Args:
            offset: The action's score for everybody, as `GlobalModel.encode` gives it.
            features: float32[D], likewise.
            reward: 0 to 1; what is between counts as that share of a success.
            now_ms: When the reward came.
            prior: Of the user's cohort.
            weight: How many observations it counts as.
            forgetting: How what was learned before fades.

        Bayesian logistic regression, one observation at a time: along the only direction that an observation speaks of
        the posterior's mode is found by Newton's method, and the covariance takes the curvature there (Laplace).
        """
        block = self.at(now_ms, prior, forgetting)
        mean, covariance = posterior(block.mean, block.covariance, features, (offset, reward, weight))
        covariance += np.float32(forgetting.share * weight) * prior.covariance
        observations = min(self.observations + 1, 0xFFFF_FFFF)
        updated_ms = max(now_ms, self.updated_ms)
        return UserBlock(self.model_version, mean, covariance, updated_ms, observations, self.recent)

    def with_recent(self, row: int, now_ms: int, reward: float) -> UserBlock:
        """Return the block with one more action at the end of its ring."""
        recent = self.recent.followed(row, now_ms, reward)
        return UserBlock(
            self.model_version, self.mean, self.covariance, self.updated_ms, self.observations, recent
        )

    def to_bytes(self) -> bytes:
        """Return the block as it is stored, little-endian: header, mean, covariance's upper triangle, ring."""
        size = len(self.mean)
        header = _HEADER.pack(
            _FORMAT, size, len(self.recent.rows), self.model_version, self.observations, self.updated_ms
        )
        packed = self.covariance.ravel().take(_triangle(size))
        numbers = self.mean.astype("<f4").tobytes() + packed.astype("<f4").tobytes()
        return header + numbers + self.recent.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> UserBlock:
        """Return the block that was stored.

        Raises:
            StoreVersionError: A later Foreword wrote it.
            StoreCorruptError: It is cut short, too long, or holds what no block can.
        """
        if not data or data[0] > _FORMAT:
            _refuse(data)
        if len(data) < _HEADER.size:
            raise StoreCorruptError(f"A user's block has {len(data)} bytes, fewer than its header")
        _, size, ring, version, observations, updated_ms = _HEADER.unpack_from(data)
        numbers = size + size * (size + 1) // 2
        expected = _HEADER.size + 4 * numbers + ring * ACTION_BYTES
        if not 0 < size <= DIMENSIONS_MAX or ring > RECENT_MAX or len(data) != expected:
            raise StoreCorruptError(
                f"A user's block has {len(data)} bytes; {size} weights and {ring} actions take {expected}"
            )
        # Not copied: whoever learns makes another block.
        values = np.frombuffer(data, "<f4", numbers, _HEADER.size)
        # One that is not finite makes the sum so, in a third of the time of a look at each.
        if not math.isfinite(np.add.reduce(values)):
            raise StoreCorruptError("A user's block holds a number that is not finite")
        covariance = values[size:].take(_square(size))
        recent = Ring.from_bytes(data, _HEADER.size + 4 * numbers)
        return cls(version, values[:size], covariance, updated_ms, observations, recent)


def factor(covariance: Floats) -> Floats:
    """Return a matrix whose product with its own transpose is the covariance, float32[D, D]; by its lower triangle."""
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        # Rounding can leave a direction of no variance slightly below zero: the nearest that is one has zero there.
        values, vectors = np.linalg.eigh(covariance)
        found: Floats = vectors * np.sqrt(np.maximum(values, 0))
        return found


def posterior(
    mean: Floats, covariance: Floats, features: Floats, seen: tuple[float, float, float]
) -> tuple[Floats, Floats]:
    """Return mean and covariance after `seen`: offset, reward and weight of one observation."""
    offset, reward, weight = seen
    direction = covariance @ features
    variance = float(direction @ features)
    centre = offset + float(mean @ features)
    step, curvature = _mode(centre, variance, reward, weight)
    shrunk = curvature / (1.0 + curvature * variance)
    scaled = direction * np.float32(math.sqrt(shrunk))
    return mean + np.float32(step) * direction, covariance - scaled[:, None] * scaled


def _mode(centre: float, variance: float, reward: float, weight: float) -> tuple[float, float]:
    """Return how far to go along the direction, and the weighted curvature of the log-likelihood there.

    The step solves `step = weight · (reward − sigmoid(centre + variance · step))`, which has one solution; Newton's
    steps are kept between bounds, as far out the curve is too flat for them.
    """
    low, high = weight * (reward - 1.0), weight * reward
    step = 0.0
    slope = 0.0
    for _ in range(_NEWTON_STEPS_MAX):
        chance = sigmoid(centre + variance * step)
        slope = weight * chance * (1.0 - chance)
        gap = weight * (reward - chance) - step
        if gap > 0:
            low = step
        else:
            high = step
        moved = step + gap / (1.0 + variance * slope)
        moved = moved if low <= moved <= high else (low + high) / 2
        if abs(moved - step) < 1e-6:
            break
        step = moved
    return step, slope


def sigmoid(logit: float) -> float:
    """Return the probability of a logit, without overflow."""
    if logit >= 0:
        return 1.0 / (1.0 + math.exp(-min(logit, 500.0)))
    odds = math.exp(max(logit, -500.0))
    return odds / (1.0 + odds)


def probabilities(logits: Floats, variances: Floats) -> Doubles:
    """Return what is expected of `sigmoid` where a logit is uncertain (MacKay's approximation, 1992)."""
    odds: Doubles = np.divide(logits, np.sqrt(1.0 + _PI_8 * variances), dtype=np.float64)
    np.negative(odds, out=odds)
    # Beyond 500 the odds are 0 in any case, and would overflow.
    np.minimum(odds, 500.0, out=odds)
    np.exp(odds, out=odds)
    odds += 1.0
    found: Doubles = np.reciprocal(odds, out=odds)
    return found


@lru_cache(maxsize=DIMENSIONS_MAX)
def _triangle(size: int) -> NDArray[np.intp]:
    """Return where each number of the packed triangle stands in the square."""
    rows, columns = np.triu_indices(size)
    return rows * size + columns


@lru_cache(maxsize=DIMENSIONS_MAX)
def _square(size: int) -> NDArray[np.intp]:
    """Return where each number of the square stands in the packed triangle."""
    rows, columns = np.triu_indices(size)
    places = np.empty((size, size), np.intp)
    places[rows, columns] = places[columns, rows] = np.arange(len(rows))
    return places


def _refuse(data: bytes) -> None:
    if not data:
        raise StoreCorruptError("A user's block is empty")
    raise StoreVersionError(
        f"A user's block has the format {data[0]}; this Foreword reads {_FORMAT}",
        hint="start the version that wrote it, or let the trainer write the blocks anew",
    )
