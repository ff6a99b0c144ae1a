"""What another policy would have earned: by hand, and where the truth is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from foreword.errors import FieldError
from ranking.block import factor
from ranking.exploration import Exploration, explore, spread
from ranking.off_policy import Estimated, Limits, Logged, NoVerdict, Verdict, estimate, kish


def logged(rewards: Any, propensities: Any, targets: Any, users: Any = None, predicted: Any = None) -> Logged:
    rows = [np.asarray(column, float) for column in (rewards, propensities, targets)]
    models = None if predicted is None else tuple(np.asarray(column, float) for column in predicted)
    return Logged(rows[0], rows[1], rows[2], users, models)  # type: ignore[arg-type]


def estimated(what: Logged, seed: int = 0, **limits: Any) -> Estimated:
    return estimate(what, np.random.default_rng(seed), Limits(**limits))


HAND = ([1, 0, 0, 1], [0.5, 0.5, 0.25, 0.8], [1, 0, 0.5, 0.2])


def test_estimates_are_those_computed_by_hand() -> None:
    """Weights of 2, 0, 2 and 1/4 make the known values of each method."""
    what = logged(*HAND, predicted=([0.5] * 4, [0.6, 0.4, 0.5, 0.5]))
    found = estimated(what, clip=1)
    assert {name: each.value for name, each in found.values.items()} == pytest.approx(
        {"ips": 2.25 / 4, "snips": 2.25 / 4.25, "clipped": 1.25 / 4, "dr": 2.125 / 4}
    )
    assert found.differences["ips"].value == pytest.approx(2.25 / 4 - 0.5)
    assert found.logged.value == 0.5
    assert found.weight.value == pytest.approx(4.25 / 4)
    assert found.effective == pytest.approx(4.25**2 / 8.0625)
    assert (found.records, found.users, found.clipped, found.floored) == (4, None, 2, 0)


def test_without_a_model_there_is_no_doubly_robust_estimate() -> None:
    """Only what was given predictions is doubly robust; the clip is the root of the records."""
    found = estimated(logged(*HAND))
    assert list(found.values) == ["ips", "snips", "clipped"]
    assert found.clip == 2


def test_the_logged_policy_earns_what_it_earned() -> None:
    """A policy with the logged probabilities is worth the mean reward, by every method, and no record is lost."""
    drawn = np.random.default_rng(1)
    rewards, probabilities = drawn.random(500), drawn.uniform(0.1, 0.9, 500)
    found = estimated(
        logged(rewards, probabilities, probabilities, predicted=(rewards * 0, rewards * 0)), resamples=50
    )
    for each in found.values.values():
        assert each.value == pytest.approx(rewards.mean())
    assert found.effective == pytest.approx(500)
    assert isinstance(found.verdict, Verdict)
    assert found.verdict.outcome == "no difference shown"


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        (0, math.nan, "rewards[2]"),
        (0, math.inf, "rewards[2]"),
        (1, 0.0, "propensities[2]"),
        (1, -0.1, "propensities[2]"),
        (1, math.nan, "propensities[2]"),
        (1, 1.01, "propensities[2]"),
        (2, -0.1, "targets[2]"),
        (2, 1.01, "targets[2]"),
        (2, math.nan, "targets[2]"),
        (3, math.nan, "predicted[0][2]"),
        (4, math.nan, "predicted[1][2]"),
    ],
)
def test_numbers_that_cannot_be_are_refused_by_name(column: int, value: float, field: str) -> None:
    """The first number that is none, or no probability, is refused with its column and row."""
    columns = [np.full(4, 0.5) for _ in range(5)]
    columns[column][2] = value
    with pytest.raises(FieldError) as caught:
        Logged(columns[0], columns[1], columns[2], None, (columns[3], columns[4]))
    assert caught.value.field == field


def test_columns_of_different_length_are_refused() -> None:
    """A column, or users, of another length than the rewards is refused by name; so is a log without rows."""
    for wrong in ("propensities", "targets", "users"):
        columns: dict[str, Any] = {
            name: np.full(3, 0.5) for name in ("rewards", "propensities", "targets", "users")
        }
        columns[wrong] = columns[wrong][:2]
        with pytest.raises(FieldError, match="2 rows") as caught:
            Logged(**columns)
        assert caught.value.field == wrong
    with pytest.raises(FieldError, match="at least one"):
        logged([], [], [])


def test_small_propensities_are_raised_to_the_floor_and_counted() -> None:
    """A propensity below the floor weighs as the floor does; how many did is told."""
    found = estimated(logged([1, 1], [1e-9, 0.5], [1, 1]), floor=0.01)
    assert found.floored == 1
    assert found.values["ips"].value == pytest.approx((100 + 2) / 2)


def test_what_the_ranker_logs_is_above_the_floor() -> None:
    """The least probability that the ranker logs by its defaults, among 500 candidates, is not raised."""
    assert Limits().floor < Exploration().epsilon / 500


def test_no_verdict_on_a_small_effective_sample() -> None:
    """Where few records weigh anything, the answer says how few, and how many it takes."""
    targets = np.zeros(10_000)
    targets[:12] = 0.3
    found = estimated(logged(np.ones(10_000), np.full(10_000, 0.3), targets), resamples=20)
    assert isinstance(found.verdict, NoVerdict)
    assert str(found.verdict) == "no verdict: effective sample size 12 of 10,000, at least 100 are needed"
    at_twelve = estimated(
        logged(np.ones(10_000), np.full(10_000, 0.3), targets), resamples=20, effective_min=12
    )
    assert isinstance(at_twelve.verdict, Verdict)


def test_no_verdict_on_few_users() -> None:
    """A thousand records of five users are five users' word."""
    users = [f"user-{number % 5}" for number in range(1000)]
    found = estimated(logged(np.ones(1000), np.full(1000, 0.5), np.full(1000, 0.5), users), resamples=20)
    assert str(found.verdict) == "no verdict: effective number of users 5 of 5, at least 20 are needed"
    assert (found.users, found.effective_users) == (5, pytest.approx(5))


def test_a_policy_that_does_nothing_logged_is_unknown() -> None:
    """Where no logged action is one of the policy's, its own mean is no number, and there is no verdict."""
    found = estimated(logged([1, 0], [0.5, 0.5], [0, 0]), resamples=10)
    assert math.isnan(found.values["snips"].value)
    assert found.effective == 0
    assert isinstance(found.verdict, NoVerdict)


def test_rows_of_one_user_are_resampled_together() -> None:
    """Ten copies of each user's row tell no more than one: the intervals are the same."""
    drawn = np.random.default_rng(3)
    columns = drawn.random(200), drawn.uniform(0.2, 1, 200), drawn.uniform(0, 1, 200)
    once = estimated(logged(*columns, users=range(200)))
    often = estimated(
        logged(*(np.repeat(column, 10) for column in columns), users=np.repeat(np.arange(200), 10)),
        clip=once.clip,
    )
    for name, each in once.values.items():
        assert often.values[name] == pytest.approx(each)
    alone = estimated(logged(*(np.repeat(column, 10) for column in columns)))
    assert _width(alone, "ips") < 0.5 * _width(once, "ips")


def _width(found: Estimated, name: str) -> float:
    return found.values[name].high - found.values[name].low


def test_effective_sample_size_is_kishs() -> None:
    """Equal weights count each, one weight counts one, none counts none."""
    assert kish(np.full(7, 3.0)) == pytest.approx(7)
    assert kish([0, 0, 5]) == pytest.approx(1)
    assert kish([1, 1, 2]) == pytest.approx(16 / 6)
    assert kish([0, 0]) == 0


ARMS = 5
LOGGING = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
TARGET = np.array([0.1, 0.1, 0.2, 0.3, 0.3])
RATES = np.array([0.1, 0.2, 0.3, 0.4, 0.5])


def bandit(seed: int, count: int, target: NDArray[Any] = TARGET) -> Logged:
    drawn = np.random.default_rng(seed)
    arms = drawn.choice(ARMS, p=LOGGING, size=count)
    rewards = drawn.random(count) < RATES[arms]
    wrong = RATES + np.array([0.1, -0.1, 0.1, -0.1, 0.0])
    return logged(
        rewards, LOGGING[arms], target[arms], predicted=(wrong[arms], np.full(count, target @ wrong))
    )


def test_intervals_hold_the_truth() -> None:
    """On 200 logs of a bandit with known rates, intervals of 95 % hold the policy's true value nearly as often."""
    truth, held, errors = float(TARGET @ RATES), dict.fromkeys(("ips", "snips", "clipped", "dr"), 0), []
    for seed in range(200):
        found = estimated(bandit(seed, 1000), seed, resamples=200)
        assert found.effective > 100
        errors.append([each.value - truth for each in found.values.values()])
        for name, each in found.values.items():
            held[name] += each.low <= truth <= each.high
    # Two standard deviations of 200 coins below 95 %, less two for the 200 resamples.
    assert min(held.values()) >= 200 * 0.90
    bias = np.abs(np.mean(errors, axis=0))
    assert (bias <= 3 * np.std(errors, axis=0) / math.sqrt(200)).all()


def test_verdicts_are_right_where_the_truth_is_known() -> None:
    """A policy that likes the better arms is better, its opposite worse, and one in between neither."""
    outcomes = []
    for target in (TARGET, np.array([0.8, 0.2, 0, 0, 0]), LOGGING[[1, 0, 2, 3, 4]]):
        verdict = estimated(bandit(1, 1000, target), resamples=200).verdict
        assert isinstance(verdict, Verdict)
        outcomes.append(verdict.outcome)
    assert outcomes == ["better", "worse", "no difference shown"]
    assert str(estimated(bandit(1, 3000), resamples=200).verdict).startswith("better: +0.1")


def test_what_the_ranker_logs_tells_what_another_order_earns() -> None:
    """From orders that explored, with rewards by item and place, the value of a fixed other order is found."""
    drawn, items, decisions = np.random.default_rng(8), 5, 3000
    rates = drawn.uniform(0.1, 0.9, (items, 1)) * np.linspace(1, 0.4, items)
    logits = drawn.normal(size=items).astype(np.float32) * 0.5
    features = drawn.normal(size=(items, 3)).astype(np.float32)
    covariance = np.eye(3, dtype=np.float32)
    other = np.array([3, 1, 4, 0, 2])
    places = np.arange(items)
    truth = rates[other, places].mean()
    columns: list[list[NDArray[Any]]] = [[], [], []]
    for _ in range(decisions):
        apart = spread(features, factor(covariance))
        shown = explore(logits, apart, options=Exploration(0.2, 16, 0.7), random=drawn)
        columns[0].append(drawn.random(items) < rates[shown.order, places])
        columns[1].append(shown.propensities)
        columns[2].append(shown.order == other)
    what = logged(*map(np.concatenate, columns), users=np.repeat(np.arange(decisions), items))
    found = estimated(what, resamples=300)
    assert found.effective > 100
    assert found.weight.low <= 1 <= found.weight.high
    for name in ("ips", "snips"):
        assert found.values[name].low <= truth <= found.values[name].high
    assert abs(found.logged.value - truth) > 0.02
