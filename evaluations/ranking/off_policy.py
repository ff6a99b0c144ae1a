"""Estimates of what a policy earns, from the log of another, beside what it did earn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from evaluations.ranking.bandit_log import BanditLog, Doubles, read_logs
from evaluations.ranking.off_policy_report import Report, Row
from ranking.off_policy import Estimated, Interval, Limits, Logged, estimate

# An item at a place counts as shown so often before it was, with the mean reward: rates of clicks are below a
# hundredth, and in ten thousand rows an item is shown a hundred times at a place.
_PRIOR_ROWS = 100
_DRAWS = 200


def evaluate_off_policy(
    logged: Path,
    policy: Path,
    *,
    seed: int = 0,
    bootstrap: int = 1000,
    draws: int = _DRAWS,
    on_progress: Callable[[str, int, int], object] = lambda _step, _done, _total: None,
) -> Report:
    """Estimate from one policy's log what another earns, and compare it with what its own log says.

    How probable the other policy makes an item at a place is taken from how often its log has it there: the mean of the
    propensities logged with an item would be that of the moments in which it was likely, and too high.

    How often intervals hold the truth is told by made-up logs, in which it is known: as long, with both policies as
    frequent as they are here, and clicks at the rates found in both logs together.

    Args:
        logged: CSV of what was shown, gzip by suffix: `item_id`, `position`, `click`, `propensity_score`.
        policy: The same of the policy to be estimated.
        seed: Of everything drawn.
        bootstrap: How many resamples.
        draws: How many made-up logs.
        on_progress: Told what is done, how far, and of how much.

    Raises:
        FieldError: A file cannot be read, or a row is none of a log.
    """
    log, other = read_logs([logged, policy])
    random = np.random.default_rng(seed)
    found = _estimate(log, _shares(other), random, bootstrap)
    distances: dict[str, list[float]] = {name: [] for name in found.values}
    for number in range(bootstrap):
        on_progress("resamples of both logs", number, bootstrap)
        picked, of_other = (
            one.rows(random.integers(len(one.items), size=len(one.items))) for one in (log, other)
        )
        again = _estimate(picked, _shares(of_other), random, 1)
        for name, each in again.values.items():
            distances[name].append(each.value - float(of_other.rewards.mean()))
    own = float(other.rewards.mean())
    simulated = _simulate(log, other, random, draws, on_progress)
    return Report(
        rows=[
            Row(name, each, _around(each.value - own, distances[name]), *simulated[name])
            for name, each in found.values.items()
        ],
        found=found,
        own=estimate(_as_logged(other), random, Limits(resamples=bootstrap)).logged,
        own_records=len(other.items),
        draws=draws,
    )


def _estimate(log: BanditLog, shares: Doubles, random: np.random.Generator, resamples: int) -> Estimated:
    """Estimate a policy, given as a probability for each place and item, with a model of what each is worth."""
    expected, mean = np.empty(len(log.items)), np.empty(len(log.items))
    halves = np.arange(len(log.items)) % 2 == 0
    for half in (halves, ~halves):
        # What a row is expected to bring is learned from the other half, never from itself.
        rates = _rates(log.rows(~half))
        places = log.places[half]
        expected[half] = rates[places, log.items[half]]
        mean[half] = (shares * rates).sum(axis=1)[places]
    targets = shares[log.places, log.items]
    columns = Logged(log.rewards, log.propensities, targets, predicted=(expected, mean))
    return estimate(columns, random, Limits(resamples=resamples))


def _as_logged(log: BanditLog) -> Logged:
    return Logged(log.rewards, log.propensities, log.propensities)


def _shares(log: BanditLog, prior: float = 0) -> Doubles:
    """Return how often each item is at each place, a share of the place's rows."""
    shown = log.per_cell() + prior
    return np.asarray(shown / np.maximum(shown.sum(axis=1, keepdims=True), 1), float)


def _rates(*logs: BanditLog) -> Doubles:
    shown = sum(log.per_cell() for log in logs)
    earned = sum(log.per_cell(log.rewards) for log in logs)
    mean = np.concatenate([log.rewards for log in logs]).mean()
    return np.asarray((earned + _PRIOR_ROWS * mean) / (shown + _PRIOR_ROWS), float)


def _simulate(
    log: BanditLog,
    other: BanditLog,
    random: np.random.Generator,
    draws: int,
    on_progress: Callable[[str, int, int], object],
) -> dict[str, tuple[float, float]]:
    """Return each method's mean error, and the share of its intervals that hold the truth, over made-up logs."""
    rates, shares = _rates(log, other), _shares(other)
    # Whatever the other policy shows has to be logged now and then, as propensities promise.
    logging = _shares(log, prior=1)
    truth = float((shares * rates).sum(axis=1)[log.places].mean())
    errors: dict[str, list[float]] = {}
    held: dict[str, list[bool]] = {}
    for number in range(draws):
        on_progress("made-up logs", number, draws)
        drawn = _drawn(log, logging, rates, random)
        for name, each in _estimate(drawn, shares, random, 200).values.items():
            errors.setdefault(name, []).append(each.value - truth)
            held.setdefault(name, []).append(each.low <= truth <= each.high)
    return {name: (float(np.mean(errors[name])), float(np.mean(held[name]))) for name in errors}


def _drawn(log: BanditLog, logging: Doubles, rates: Doubles, random: np.random.Generator) -> BanditLog:
    """Return a log with the same places, and items and rewards drawn anew."""
    places = log.places[random.integers(len(log.places), size=len(log.places))]
    passed = logging.cumsum(axis=1)[places] < random.random((len(places), 1))
    items = np.minimum(passed.sum(axis=1), log.shape[1] - 1)
    rewards = (random.random(len(places)) < rates[places, items]).astype(float)
    return BanditLog(items, places, rewards, logging[places, items], log.shape)


def _around(value: float, resampled: list[float]) -> Interval:
    low, high = np.quantile(resampled, (0.025, 0.975))
    return Interval(value, float(low), float(high))
