"""The order in which candidates are shown: mostly what is likely to be best, and how probable it was, exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foreword.errors import FieldError

Floats: TypeAlias = NDArray[np.float32]
Indexes: TypeAlias = NDArray[np.intp]

# Matches are counted in one byte each.
_WORLDS_MAX = 255
# Whoever adds more to a logit has left nothing to chance, nor to the model.
_SCALE_MAX = 100
# The bits of an infinite float32; those of all finite ones are less.
_INFINITY = 0x7F80_0000
# Candidates at once: eight times what a call may bring. Beyond, a score would keep less than 11 bits after its first.
_CANDIDATES_MAX = 4096
_INDEXES = np.arange(_CANDIDATES_MAX, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Exploration:
    """How far an order may stray from what is likely to be best.

    Attributes:
        epsilon: Share of orders that are drawn uniformly; 0 to 1. Whatever is not irreversible stands at any place with
            at least epsilon / candidates, so that every other policy can be estimated later; with 0 only those that
            choose among what is shown anyhow. Of 10,000 decisions 2 % are 200 that no model had a hand in.
        worlds: How many samples of a user's parameters an order is drawn from; 1 to 255. What no world has is logged as
            epsilon's alone, and weighs thousands later: about the first of 100 candidates a log with 32 tells eight
            times as much as one with 16, and nearly as much as with 128. About places behind it 64 tell more
            (benchmarks/results/exploration.md).
        scale_max: The standard deviation that a sample may add to a logit at most, 0 to 100, 0 for none: a fifth takes
            a chance of 50 % to 55 %, and a user of whom nothing is known is not served at random.
    """

    epsilon: float = 0.02
    worlds: int = 32
    scale_max: float = 0.2

    def __post_init__(self) -> None:
        """Refuse what no order can be drawn with.

        Raises:
            FieldError: A number is out of range.
        """
        if not 0 <= self.epsilon <= 1:
            raise FieldError("epsilon", str(self.epsilon), "0 to 1")
        if not 1 <= self.worlds <= _WORLDS_MAX:
            raise FieldError("worlds", str(self.worlds), f"1 to {_WORLDS_MAX}")
        if not 0 <= self.scale_max <= _SCALE_MAX:
            raise FieldError("scale_max", str(self.scale_max), f"0 to {_SCALE_MAX}")


class Order(NamedTuple):
    """Candidates as they are shown."""

    order: Indexes
    """The candidates' indexes, first place first."""
    propensities: Floats
    """For each place, how probable it was that this candidate stands there."""
    is_uniform: bool = False
    """Whether the order is one of those drawn uniformly."""


class Spread(NamedTuple):
    """How far a user's parameters may move each candidate's logit."""

    moves: Floats
    """float32[D, n]: multiplied with D standard normal numbers they move all logits together."""
    variances: Floats
    """float32[n], of each logit by itself."""


def spread(features: Floats, factor: Floats) -> Spread:
    """Return how far the logits of candidates may be off.

    Args:
        features: float32[n, D], what the user's parameters are multiplied with.
        factor: float32[D, D], whose product with its own transpose is the covariance of these parameters.
    """
    # Candidates in columns: what follows runs along rows, and rows are what processors are fast at.
    moves = factor.T @ features.T
    return Spread(moves, np.add.reduce(moves * moves, axis=0))


def by_mean(logits: Floats) -> Order:
    """Return the order that explores nothing: by logit, what is tied as it was given; each probability is 1.

    Raises:
        FieldError: A logit is not finite.
    """
    if not math.isfinite(np.vdot(logits, logits)):
        raise FieldError("logits", "NaN or infinity", "finite numbers")
    return Order(np.argsort(-logits, kind="stable"), np.ones(len(logits), np.float32))


def explore(
    logits: Floats,
    apart: Spread,
    *,
    irreversible: NDArray[np.bool_] | None = None,
    options: Exploration,
    random: np.random.Generator,
) -> Order:
    """Draw an order, and say how probable each of its places was.

    With probability 1 - epsilon the order is that of one of several worlds, each by another sample of the user's
    parameters (Thompson sampling); else a uniform one. Given the worlds, a place's probability is the share of them in
    which this candidate stands there, mixed with that of a uniform order: exact, not estimated. It is what inverse
    propensities by item and position want (Li et al. 2018, "Offline Evaluation of Ranking Policies with Click
    Models"). An estimate with them is unbiased whichever worlds were drawn, and so on average.

    A candidate that is irreversible stands where the means put it, always; the others move around it.

    Args:
        logits: float32[n], of the user's mean parameters.
        apart: How far they may be off.
        irreversible: bool[n]; None when nothing is.
        options: How far to stray.
        random: Where chance comes from; the same one draws the same order.

    Raises:
        FieldError: A number is not finite, or there are more than 4,096 candidates.
    """
    if len(logits) > _CANDIDATES_MAX:
        raise FieldError("candidates", f"{len(logits):,}", f"at most {_CANDIDATES_MAX:,}")
    if irreversible is None or not irreversible.any():
        return _explore(logits, apart, options, random)
    mean = by_mean(logits)
    free = np.flatnonzero(~irreversible)
    moved = _explore(logits[free], Spread(apart.moves[:, free], apart.variances[free]), options, random)
    places = np.flatnonzero(~irreversible[mean.order])
    mean.order[places] = free[moved.order]
    mean.propensities[places] = moved.propensities
    return Order(mean.order, mean.propensities, moved.is_uniform)


def _explore(logits: Floats, apart: Spread, options: Exploration, random: np.random.Generator) -> Order:
    count = len(logits)
    if count < 2 or (options.epsilon == 0 and options.scale_max == 0):
        return by_mean(logits)
    worlds = _worlds(logits, apart, options, random)
    drawn = random.random()
    is_uniform = drawn < options.epsilon
    if is_uniform:
        order = random.permutation(count).astype(np.int32)
    else:
        # What is left of the one number chooses the world: all are equally likely. It may round up to 1.
        share = (drawn - options.epsilon) / (1 - options.epsilon)
        order = worlds[min(int(share * len(worlds)), len(worlds) - 1)]
    matches = np.add.reduce((worlds == order).view(np.uint8), axis=0, dtype=np.uint8)
    propensities = matches * np.float32((1 - options.epsilon) / len(worlds))
    propensities += np.float32(options.epsilon / count)
    return Order(order.astype(np.intp), propensities, is_uniform)


def _worlds(
    logits: Floats, apart: Spread, options: Exploration, random: np.random.Generator
) -> NDArray[np.int32]:
    """Return the candidates' order in each world, int32[worlds, n]; what is tied as it was given.

    Worlds come in pairs, a sample and its mirror image: each is drawn as it would be alone, and half the samples do.

    Scores that are not negative sort as the integers that their bits are. A candidate's index takes the place of the
    lowest of them, so that sorted whole they tell the order, in a fourteenth of the time that `argsort` takes; and
    ties, which are common among new candidates, need nothing else. Among 500 candidates two scores are told apart that
    differ by a sixteen-thousandth of what they are below the best.
    """
    if options.scale_max == 0:
        return by_mean(logits).order[np.newaxis].astype(np.int32)
    pairs = -(-options.worlds // 2)
    samples = random.standard_normal((pairs, len(apart.moves)), dtype=np.float32)
    # Each candidate is held on its own; to shrink all for the least known would end exploration among the others.
    held = np.sqrt(np.maximum(apart.variances, options.scale_max**2))
    moved = samples @ (apart.moves * (options.scale_max / held))
    # The best has the lowest score.
    below = np.maximum.reduce(logits) - logits
    scores = np.empty((2 * pairs, len(logits)), np.float32)
    np.subtract(below, moved, out=scores[:pairs])
    np.add(below, moved, out=scores[pairs:])
    scores -= np.minimum.reduce(scores, axis=None)
    keys: NDArray[np.int32] = scores.view(np.int32)[: options.worlds]
    index_bits = (1 << (len(logits) - 1).bit_length()) - 1
    keys &= ~index_bits
    keys |= _INDEXES[: len(logits)]
    keys.sort(axis=1)
    # The bits of NaN and infinity are beyond all others, or, with a sign, below 0.
    if not 0 <= keys[0, 0] <= keys[0, -1] < _INFINITY:
        raise FieldError("logits, features or covariance", "NaN or infinity", "finite numbers")
    keys &= index_bits
    return keys
