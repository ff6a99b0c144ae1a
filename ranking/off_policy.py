"""What another policy would have earned, from a log of what this one did."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foreword.errors import FieldError

Doubles: TypeAlias = NDArray[np.float64]

_LOW, _HIGH = 0.025, 0.975
# The columns of what is summed over a unit.
_RECORDS, _REWARD, _WEIGHT, _WEIGHTED, _CLIPPED, _DOUBLE = range(6)


class Interval(NamedTuple):
    """A mean, and the bounds of its 95 % interval by bootstrap."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Logged:
    """What was done, how probable it was, and how probable the other policy makes it; a row for each action.

    A slate is a row for each of its places: the action shown there with the probability of its standing there, and its
    own reward (item-position weights of Li et al. 2018, which assume that a reward depends on the action and its place
    alone). Its rows belong together, which `users` says: the decision's id where no user is known.

    Attributes:
        rewards: What came of each; finite, usually 0 to 1.
        propensities: How probable the action was when it was logged; more than 0, at most 1.
        targets: How probable the policy to be estimated makes the same action in the same moment; 0 to 1.
        users: Whose each row is: rows of one user are resampled together. None where all are independent.
        predicted: What a model of the reward expects, learned from other rows: of the action that was logged, and on
            average over the actions of the policy to be estimated. None without a model.
    """

    rewards: Doubles
    propensities: Doubles
    targets: Doubles
    users: Sequence[Hashable] | NDArray[Any] | None = None
    predicted: tuple[Doubles, Doubles] | None = None

    def __post_init__(self) -> None:
        """Refuse what no estimate can be made of.

        Raises:
            FieldError: Nothing is there, lengths differ, or a number is out of range; names the first.
        """
        count = len(self.rewards)
        if not count:
            raise FieldError("rewards", "none", "at least one")
        predicted = self.predicted or ()
        columns = {"rewards": self.rewards, "propensities": self.propensities, "targets": self.targets}
        columns |= dict(zip(("predicted[0]", "predicted[1]"), predicted, strict=False))
        for name, column in {**columns, "users": self.users}.items():
            if column is not None and len(column) != count:
                raise FieldError(name, f"{len(column):,} rows", f"{count:,}, as of rewards")
        for name, column in columns.items():
            _refuse(name, column, ~np.isfinite(column), "finite numbers")
        is_out = (self.propensities <= 0) | (self.propensities > 1)
        _refuse("propensities", self.propensities, is_out, "more than 0, at most 1")
        _refuse("targets", self.targets, (self.targets < 0) | (self.targets > 1), "0 to 1")


@dataclass(frozen=True, slots=True)
class Limits:
    """What an estimate must have behind it.

    Attributes:
        effective_min: Effective sample size below which nothing is said. In a simulation intervals of 95 % held the
            truth 40 to 69 times of 100 below 10, 81 to 86 times from 60 to 100, and 89 to 90 times from 100 to 200
            (benchmarks/results/exploration.md).
        users_min: Effective number of users below which nothing is said, where users are known: of fewer than 20 the
            bootstrap's intervals are known to be too short.
        floor: What a smaller propensity is taken for, so that no record weighs more than 1 / floor. 0.00001 is below
            what the ranker logs of 500 candidates with an epsilon of 0.02 (0.00004).
        clip: The weight that clipped estimates end at; None for the root of the number of records, with which their
            bias goes away as records come (Ionides 2008, "Truncated Importance Sampling").
        resamples: For the intervals.
    """

    effective_min: float = 100
    users_min: float = 20
    floor: float = 1e-5
    clip: float | None = None
    resamples: int = 1000


class NoVerdict(NamedTuple):
    """Why nothing is said."""

    what: str
    found: float
    total: int
    needed: float

    def __str__(self) -> str:
        """Return it as a sentence without its end."""
        return f"no verdict: {self.what} {self.found:,.0f} of {self.total:,}, at least {self.needed:,.0f} are needed"


class Verdict(NamedTuple):
    """How the policy compares with the logged one."""

    outcome: str
    """`better`, `worse`, or `no difference shown`."""
    difference: Interval
    """What it earns more by each action."""

    def __str__(self) -> str:
        """Return it as a sentence without its end."""
        return "{}: {:+.4f} ({:+.4f} to {:+.4f})".format(self.outcome, *self.difference)


@dataclass(frozen=True, slots=True)
class Estimated:
    """What another policy would have earned by each action.

    Attributes:
        logged: What the logged policy did earn.
        values: By method: `ips` (Horvitz and Thompson 1952), `snips` (self-normalised; Swaminathan and Joachims 2015),
            `clipped`, and with a model of the reward `dr` (doubly robust; Dudik et al. 2011).
        differences: The same minus what was earned, resampled together.
        weight: The mean weight: 1 but for chance. Less says that the policy does what was never logged, or that
            propensities are wrong.
        effective: Effective sample size of the weights (Kish 1965).
        effective_users: The same of the users' weights; None without users.
        records: How many.
        users: How many; None without.
        floored: Records whose propensity was below the floor, and taken for it.
        clipped: Records whose weight was clipped, in `clipped` alone.
        clip: At what.
        verdict: By `dr` where there is one, else by `snips`.
    """

    logged: Interval
    values: Mapping[str, Interval]
    differences: Mapping[str, Interval]
    weight: Interval
    effective: float
    effective_users: float | None
    records: int
    users: int | None
    floored: int
    clipped: int
    clip: float
    verdict: Verdict | NoVerdict


def estimate(logged: Logged, random: np.random.Generator, limits: Limits | None = None) -> Estimated:
    """Estimate what a policy would have earned by each action, with intervals, and whether that can be said.

    Args:
        logged: What was done.
        random: Draws the resamples.
        limits: What an estimate must have behind it.
    """
    limits = limits or Limits()
    count = len(logged.rewards)
    weights = logged.targets / np.maximum(logged.propensities, limits.floor)
    clip = math.sqrt(count) if limits.clip is None else limits.clip
    sums = _sums(logged, weights, clip)
    totals = np.vstack([sums.sum(axis=0), _resampled(sums, random, limits.resamples)])
    columns = _values(totals, has_model=logged.predicted is not None)
    earned = columns.pop("logged")
    weight = columns.pop("weight")
    effective = kish(weights)
    users = None if logged.users is None else len(sums)
    effective_users = None if logged.users is None else kish(sums[:, _WEIGHT])
    differences = {name: _interval(column - earned) for name, column in columns.items()}
    return Estimated(
        logged=_interval(earned),
        values={name: _interval(column) for name, column in columns.items()},
        differences=differences,
        weight=_interval(weight),
        effective=effective,
        effective_users=effective_users,
        records=count,
        users=users,
        floored=int((logged.propensities < limits.floor).sum()),
        clipped=int((weights > clip).sum()),
        clip=clip,
        verdict=_doubt(effective, count, effective_users, users, limits)
        or _verdict(differences["dr" if "dr" in differences else "snips"]),
    )


def kish(weights: ArrayLike) -> float:
    """Return how many equal weights would tell as much: the squared sum over the sum of squares; 0 without any."""
    weights = np.asarray(weights, np.float64)
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _refuse(name: str, column: Doubles, is_wrong: NDArray[np.bool_], allowed: str) -> None:
    if is_wrong.any():
        row = int(is_wrong.argmax())
        raise FieldError(f"{name}[{row}]", str(column[row]), allowed)


def _sums(logged: Logged, weights: Doubles, clip: float) -> Doubles:
    """Return what is averaged, summed over each user; over each record where none is known. float64[units, 6]."""
    of_logged, of_target = logged.predicted or (np.zeros(1), np.zeros(1))
    rows = np.empty((len(weights), 6))
    rows[:, _RECORDS] = 1
    rows[:, _REWARD] = logged.rewards
    rows[:, _WEIGHT] = weights
    rows[:, _WEIGHTED] = weights * logged.rewards
    rows[:, _CLIPPED] = np.minimum(weights, clip) * logged.rewards
    rows[:, _DOUBLE] = of_target + weights * (logged.rewards - of_logged)
    if logged.users is None:
        return rows
    numbers: dict[Hashable, int] = {}
    units = [numbers.setdefault(user, len(numbers)) for user in logged.users]
    return np.stack([np.bincount(units, column) for column in rows.T], axis=1)


def _resampled(sums: Doubles, random: np.random.Generator, resamples: int) -> Doubles:
    """Return the sums over units drawn with replacement, as many as there are; float64[resamples, 6]."""
    totals = np.empty((resamples, sums.shape[1]))
    for number in range(resamples):
        # How often each was drawn, rather than the rows themselves, which would be copied each time.
        times = np.bincount(random.integers(len(sums), size=len(sums)), minlength=len(sums))
        totals[number] = times @ sums
    return totals


def _values(totals: Doubles, *, has_model: bool) -> dict[str, Doubles]:
    records, reward, weight, weighted, clipped, double = totals.T
    # Nothing logged that the policy would do: its own mean is unknown, which is no error.
    known = np.where(weight > 0, weight, np.nan)
    values = {
        "logged": reward / records,
        "weight": weight / records,
        "ips": weighted / records,
        "snips": weighted / known,
        "clipped": clipped / records,
    }
    return values | ({"dr": double / records} if has_model else {})


def _interval(column: Doubles) -> Interval:
    """Return the first, which is of all records, and the bounds of the others."""
    others = column[1:][np.isfinite(column[1:])]
    low, high = np.quantile(others, (_LOW, _HIGH)) if len(others) else (math.nan, math.nan)
    return Interval(float(column[0]), float(low), float(high))


def _doubt(
    effective: float, count: int, effective_users: float | None, users: int | None, limits: Limits
) -> NoVerdict | None:
    if effective < limits.effective_min:
        return NoVerdict("effective sample size", effective, count, limits.effective_min)
    if effective_users is not None and users is not None and effective_users < limits.users_min:
        return NoVerdict("effective number of users", effective_users, users, limits.users_min)
    return None


def _verdict(difference: Interval) -> Verdict:
    outcome = "better" if difference.low > 0 else "worse" if difference.high < 0 else "no difference shown"
    return Verdict(outcome, difference)
