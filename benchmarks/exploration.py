"""Orders that explore: how long they take, and what later estimates are worth, by the number of worlds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.table import Table
from ranking.block import factor
from ranking.exploration import Exploration, Floats, _worlds, by_mean, explore, spread
from ranking.off_policy import Limits, Logged, estimate

SIZE = 16
WORLDS = (8, 16, 32, 64, 128)
CALLS = 5000
DECISIONS = 5000
PLACES = 5
# A bandit of 20 arms with a tenth of rewards: logs of 2,000, at policies that are farther and farther from the logged.
ARMS, LOG_ROWS, LOGS = 20, 2000, 2000
BINS = (0, 10, 30, 60, 100, 200, 500, 2000)


def run() -> Table:
    """Measure all three."""
    table = Table(
        name="exploration",
        title="Exploration and off-policy estimates",
        command="python -m benchmarks exploration",
        columns=["what", "measured"],
    )
    for count in (100, 500):
        for worlds in WORLDS:
            p50_us, p99_us = _latency_us(count, worlds)
            table.add(
                f"order of {count} candidates, {worlds} worlds", f"{p50_us:.0f} µs p50, {p99_us:.0f} µs p99"
            )
    for worlds in WORLDS:
        first, five = _information(100, worlds)
        table.add(
            f"effective share of a log about the order by mean, 100 candidates, {worlds} worlds",
            f"{first:.3f} at the first place, {five:.4f} at the first five",
        )
    for name, logs, shares in _coverage():
        held = ", ".join(f"{method} {share:.2f}" for method, share in shares.items())
        table.add(
            f"intervals of 95 % that hold the truth, effective sample size {name}", f"{held} ({logs} logs)"
        )
    table.notes += [
        f"Orders with epsilon 0.02, scale_max 0.5 and {SIZE} dimensions; logits with a deviation of 0.8, samples of "
        f"about 0.5. Shares are means over {DECISIONS:,} decisions.",
        f"Intervals on logs of {LOG_ROWS:,} of a bandit with {ARMS} arms and rewards of a tenth, for policies from one "
        "like the logged to one that likes what it dislikes; 300 resamples.",
    ]
    return table


def _made_up(count: int, drawn: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    root = drawn.normal(size=(SIZE, SIZE)) * 0.15
    features = (drawn.normal(size=(count, SIZE)) * 0.3).astype(np.float32)
    features[:, 0] = 1
    covariance = (root @ root.T + 0.03 * np.eye(SIZE)).astype(np.float32)
    return (drawn.normal(size=count) * 0.8).astype(np.float32), features, covariance


def _latency_us(count: int, worlds: int) -> tuple[float, float]:
    drawn = np.random.default_rng(1)
    given, options = _made_up(count, drawn), Exploration(worlds=worlds)
    taken = []
    for _ in range(CALLS):
        began = time.perf_counter_ns()
        explore(given[0], spread(given[1], factor(given[2])), options=options, random=drawn)
        taken.append((time.perf_counter_ns() - began) / 1000)
    return float(np.percentile(taken, 50)), float(np.percentile(taken, 99))


def _information(count: int, worlds: int) -> tuple[float, float]:
    """Return how many equal weights a decision is worth for the order by mean: at the first place, and at five.

    Given the worlds, the mean square of a weight is one over the propensity of what the order by mean has there. Their
    means tell what a log of some thousand rows shows or not, by chance: one weight of thousands.
    """
    drawn, options = np.random.default_rng(2), Exploration(worlds=worlds)
    squares = np.empty((DECISIONS, PLACES))
    for number in range(DECISIONS):
        given = _made_up(count, drawn)
        matches = (
            _worlds(given[0], spread(given[1], factor(given[2])), options, drawn) == by_mean(given[0]).order
        )
        propensities = (1 - options.epsilon) * matches.mean(axis=0) + options.epsilon / count
        squares[number] = 1 / propensities[:PLACES]
    return 1 / squares[:, 0].mean(), 1 / squares.mean()


def _coverage() -> Iterator[tuple[str, int, dict[str, float]]]:
    sizes, held = [], []
    for number in range(LOGS):
        drawn = np.random.default_rng(number)
        log, truth = _log(drawn, distance=drawn.uniform(-0.5, 3))
        found = estimate(log, drawn, Limits(resamples=300))
        sizes.append(found.effective)
        held.append({name: each.low <= truth <= each.high for name, each in found.values.items()})
    for low, high in pairwise(BINS):
        inside = [each for size, each in zip(sizes, held, strict=True) if low <= size < high]
        yield (
            f"{low:,} to {high:,}",
            len(inside),
            {name: float(np.mean([each[name] for each in inside])) for name in held[0]},
        )


def _log(drawn: np.random.Generator, distance: float) -> tuple[Logged, float]:
    """Return a log, and what the other policy is really worth."""
    liked = drawn.normal(size=ARMS)
    logging, target = _softmax(-liked), _softmax(distance * liked)
    rates = drawn.beta(1, 9, size=ARMS)
    guessed = np.clip(rates + drawn.normal(size=ARMS) * 0.05, 0, 1)
    arms = drawn.choice(ARMS, p=logging, size=LOG_ROWS)
    rewards = (drawn.random(LOG_ROWS) < rates[arms]).astype(float)
    predicted = guessed[arms], np.full(LOG_ROWS, target @ guessed)
    return Logged(rewards, logging[arms], target[arms], predicted=predicted), float(target @ rates)


def _softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(values - values.max())
    return np.asarray(powers / powers.sum(), float)
