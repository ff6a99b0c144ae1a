"""Orders that explore, and the probability of each of their places."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from foreword.errors import FieldError
from ranking.block import factor
from ranking.exploration import Exploration, Order, by_mean, explore, spread

SIZE = 4
Candidates = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


class SameWorlds:
    """A generator that draws the same worlds each time, and everything else anew."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._seed = seed

    def standard_normal(self, size: tuple[int, int], dtype: Any) -> NDArray[Any]:
        """Return the same numbers as ever."""
        return np.random.default_rng(self._seed).standard_normal(size, dtype=dtype)

    def random(self) -> float:
        """Return another number."""
        return self._random.random()

    def permutation(self, count: int) -> NDArray[np.intp]:
        """Return another order."""
        return self._random.permutation(count)


def single(square: NDArray[Any]) -> NDArray[np.float32]:
    return square.astype(np.float32)


def candidates(count: int, seed: int = 1, size: int = SIZE) -> Candidates:
    drawn = np.random.default_rng(seed)
    root = drawn.normal(size=(size, size)) * 0.5
    features = drawn.normal(size=(count, size)).astype(np.float32)
    return drawn.normal(size=count).astype(np.float32), features, single(root @ root.T + 0.1 * np.eye(size))


def draw(
    given: Candidates, random: Any, irreversible: NDArray[np.bool_] | None = None, **options: Any
) -> Order:
    logits, features, covariance = given
    apart = spread(features, factor(covariance))
    return explore(logits, apart, irreversible=irreversible, options=Exploration(**options), random=random)


def chi_square(found: Counter[int], expected: dict[int, float], draws: int) -> float:
    return math.fsum((found[key] - draws * share) ** 2 / (draws * share) for key, share in expected.items())


@pytest.mark.parametrize("irreversible", [None, np.array([False, True, False, False, False, True])])
def test_what_is_shown_is_as_frequent_as_was_said(irreversible: NDArray[np.bool_] | None) -> None:
    """Given the worlds each candidate stands at a place as often as its propensity says, and these sum to 1."""
    given, random, draws = candidates(6), SameWorlds(3), 20_000
    found = [Counter[int]() for _ in range(6)]
    said: list[dict[int, float]] = [{} for _ in range(6)]
    for _ in range(draws):
        shown = draw(given, random, irreversible, epsilon=0.2, worlds=16, scale_max=1.0)
        for place, (candidate, propensity) in enumerate(zip(shown.order, shown.propensities, strict=True)):
            found[place][int(candidate)] += 1
            assert said[place].setdefault(int(candidate), float(propensity)) == propensity
    for place in range(6):
        assert math.fsum(said[place].values()) == pytest.approx(1, abs=1e-6)
        free = len(said[place]) - 1
        # Four standard deviations of chi-square above its mean.
        assert chi_square(found[place], said[place], draws) <= free + 4 * math.sqrt(2 * free)
    if irreversible is None:
        assert min(map(len, said)) == 6


def test_weights_are_one_on_average_over_all_worlds() -> None:
    """A candidate that stands at a place, divided by its propensity, is 1 on average: weights are unbiased."""
    given, random, draws = candidates(4), np.random.default_rng(5), 20_000
    weights = np.zeros((draws, 4, 4))
    for number in range(draws):
        shown = draw(given, random, epsilon=0.3, worlds=4, scale_max=1.0)
        weights[number, np.arange(4), shown.order] = 1 / shown.propensities
    errors = weights.std(axis=0) / math.sqrt(draws)
    assert np.abs(weights.mean(axis=0) - 1).max() <= 4 * errors.max()
    assert errors.max() < 0.05


def test_a_sample_moves_a_logit_by_no_more_than_the_cap() -> None:
    """Two of whom nothing is known change places as often as two normal logits of the capped deviation do."""
    given = (np.array([0.5, 0.0], np.float32), np.eye(2, dtype=np.float32), single(10_000 * np.eye(2)))
    random, draws = np.random.default_rng(2), 4000
    kept = sum(int(draw(given, random, epsilon=0, scale_max=0.5).order[0] == 0) for _ in range(draws))
    expected = 0.5 * (1 + math.erf(0.5 / 0.5 / math.sqrt(2) / math.sqrt(2)))
    assert kept / draws == pytest.approx(expected, abs=4 * math.sqrt(0.25 / draws))


def test_below_the_cap_a_sample_moves_as_the_covariance_says() -> None:
    """Two candidates with the same features move together; with opposite ones they move apart."""
    covariance = single(0.04 * np.eye(1))
    logits = np.array([0.1, 0.0], np.float32)
    together = (logits, np.ones((2, 1), np.float32), covariance)
    apart = (logits, np.array([[1], [-1]], np.float32), covariance)
    random, draws = np.random.default_rng(2), 4000
    assert all(draw(together, random, epsilon=0).order[0] == 0 for _ in range(200))
    kept = sum(int(draw(apart, random, epsilon=0).order[0] == 0) for _ in range(draws))
    expected = 0.5 * (1 + math.erf(0.1 / 0.4 / math.sqrt(2)))
    assert kept / draws == pytest.approx(expected, abs=4 * math.sqrt(0.25 / draws))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 128, 129, 500, 4096])
def test_an_order_has_each_candidate_once(count: int) -> None:
    """Whatever their number, each candidate stands at one place, with a probability that has its floor."""
    for seed in range(20):
        shown = draw(candidates(count, size=16), np.random.default_rng(seed), epsilon=0.3)
        assert sorted(shown.order) == list(range(count))
        assert shown.order.dtype == np.intp
        assert shown.propensities.dtype == np.float32
        assert len(shown.propensities) == count
        assert all(0.3 / count * 0.999 <= propensity <= 1 for propensity in shown.propensities)


def test_a_single_candidate_is_certain() -> None:
    """One candidate is shown with probability 1."""
    assert draw(candidates(1), np.random.default_rng(0)).propensities.tolist() == [1.0]


def test_irreversible_candidates_keep_their_place() -> None:
    """What is irreversible stands where the means put it, with probability 1, in every order; the others do move."""
    given = candidates(12)
    irreversible = np.zeros(12, bool)
    irreversible[[0, 3, 4, 11]] = True
    mean, moved = by_mean(given[0]).order, 0
    for seed in range(300):
        shown = draw(given, np.random.default_rng(seed), irreversible, epsilon=0.5)
        fixed = irreversible[mean]
        assert (shown.order[fixed] == mean[fixed]).all()
        assert (shown.propensities[fixed] == 1).all()
        assert sorted(shown.order) == list(range(12))
        moved += (shown.order != mean).any()
    assert moved > 250


@pytest.mark.parametrize("count", [1, 3])
def test_nothing_moves_where_all_are_irreversible(count: int) -> None:
    """Where all candidates are irreversible the order is that of the means, and certain."""
    given = candidates(count)
    shown = draw(given, np.random.default_rng(0), np.ones(count, bool), epsilon=1.0)
    assert shown.order.tolist() == by_mean(given[0]).order.tolist()
    assert shown.propensities.tolist() == [1.0] * count


def test_the_same_generator_draws_the_same_order() -> None:
    """An order depends on nothing but its arguments and the generator's state."""
    one, other = (draw(candidates(50), np.random.default_rng(9)) for _ in range(2))
    assert one.order.tolist() == other.order.tolist()
    assert one.propensities.tolist() == other.propensities.tolist()


def test_without_exploration_the_means_decide() -> None:
    """With neither epsilon nor scale the order is by logit, and certain."""
    given = candidates(30)
    shown = draw(given, np.random.default_rng(0), epsilon=0, scale_max=0)
    assert (np.diff(given[0][shown.order]) <= 0).all()
    assert shown.propensities.tolist() == [1.0] * 30
    assert not shown.is_uniform


def test_with_epsilon_alone_the_means_decide_the_rest() -> None:
    """Without a scale an order is that of the means or uniform, and each place says which it could have been."""
    given, random = candidates(5), np.random.default_rng(4)
    mean = by_mean(given[0]).order
    for _ in range(200):
        shown = draw(given, random, epsilon=0.4, scale_max=0)
        at_mean = shown.order == mean
        assert shown.is_uniform or at_mean.all()
        assert shown.propensities == pytest.approx(np.where(at_mean, 0.6 + 0.4 / 5, 0.4 / 5))


def test_uniform_orders_are_as_frequent_as_epsilon() -> None:
    """One in 1 / epsilon orders is uniform and says so; at 1 all are, with the same probability everywhere."""
    given, random = candidates(8), np.random.default_rng(6)
    uniform = sum(draw(given, random, epsilon=0.1).is_uniform for _ in range(4000))
    assert uniform / 4000 == pytest.approx(0.1, abs=4 * math.sqrt(0.09 / 4000))
    shown = draw(given, random, epsilon=1)
    assert shown.is_uniform
    assert shown.propensities == pytest.approx(np.full(8, 1 / 8))


def test_ties_stand_as_they_were_given() -> None:
    """Candidates that nothing tells apart keep their order in every world, as certain as epsilon lets it be."""
    given = (np.zeros(40, np.float32), np.ones((40, SIZE), np.float32), single(np.eye(SIZE)))
    shown = draw(given, np.random.default_rng(0), epsilon=0.1)
    assert shown.order.tolist() == list(range(40))
    assert shown.propensities == pytest.approx(np.full(40, 0.9 + 0.1 / 40))
    assert by_mean(np.array([1, 2, 2, 0, 2], np.float32)).order.tolist() == [1, 2, 4, 0, 3]


def test_small_differences_of_large_logits_still_count() -> None:
    """Far from zero and far apart, logits are ordered by what little differs."""
    logits = np.array([-50.0, 900.0, 900.01, -50.01, 899.99], np.float32)
    given = (logits, np.ones((5, 1), np.float32), single(1e-9 * np.eye(1)))
    assert draw(given, np.random.default_rng(0), epsilon=0).order.tolist() == [2, 1, 4, 0, 3]


def test_a_covariance_that_rounding_spoiled_still_explores() -> None:
    """A direction whose variance is a little below zero counts as known, and the others are explored."""
    covariance = np.diag([0.25, -1e-7]).astype(np.float32)
    given = (np.zeros(2, np.float32), np.array([[1, 0], [0, 1]], np.float32), single(covariance))
    random = np.random.default_rng(1)
    firsts = {int(draw(given, random, epsilon=0).order[0]) for _ in range(50)}
    assert firsts == {0, 1}


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_none_are_refused(part: int, value: float) -> None:
    """NaN and infinity in logits, features or covariance are refused, not sorted."""
    given = candidates(5)
    given[part].flat[0] = value
    with pytest.raises(FieldError, match="finite"), np.errstate(all="ignore"):
        draw(given, np.random.default_rng(0))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("options", [{"epsilon": 0, "scale_max": 0}, {"scale_max": 0}])
def test_logits_that_are_no_numbers_have_no_order(value: float, options: dict[str, float]) -> None:
    """Without samples, too, a logit that is none is refused."""
    given = candidates(5)
    given[0][2] = value
    with pytest.raises(FieldError, match="finite"):
        draw(given, np.random.default_rng(0), **options)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"epsilon": -0.1}, "epsilon"),
        ({"epsilon": 1.1}, "epsilon"),
        ({"epsilon": math.nan}, "epsilon"),
        ({"worlds": 0}, "worlds"),
        ({"worlds": 256}, "worlds"),
        ({"scale_max": -1}, "scale_max"),
        ({"scale_max": math.inf}, "scale_max"),
    ],
)
def test_options_out_of_range_are_refused_by_name(options: dict[str, Any], field: str) -> None:
    """An option that no order can be drawn with is refused, and named."""
    with pytest.raises(FieldError) as caught:
        Exploration(**options)
    assert caught.value.field == field


def test_too_many_candidates_are_refused() -> None:
    """More candidates than a key has room for are refused."""
    with pytest.raises(FieldError, match="4,096"):
        draw(candidates(4097), np.random.default_rng(0))
