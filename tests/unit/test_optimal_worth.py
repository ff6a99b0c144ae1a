"""What a refresh is worth, when a user is due, and what a pass over all users makes of a budget."""

from __future__ import annotations

import math

import pytest

from foreword.clock import DAY_MS
from foreword.v1.refresh_pb2 import Habits
from scheduler.optimal import Beta, Census, Gamma, InForce, Priors, due_ms, worth

NOW_MS = 20_000 * DAY_MS
# Priors that weigh nothing, so that the user's own counts are the rates.
PLAIN = Priors(Gamma(1e-9, 1e-9), Gamma(1e-9, 1e-9), Gamma(1e-9, 1e-9), Beta(1e9, 1e-9))


def test_worth_is_the_formula_of_the_literature() -> None:
    """With age told by events it is (μ/λ)(1 − e^(−x)(1 + x))."""
    habits = Habits(open_count=9, opens=8, open_events=16, changes=4, change_events=16)
    x = 0.25 * 6
    expected = (0.5 / 0.25) * (1 - math.exp(-x) * (1 + x))
    assert worth(habits, 6, is_computed=True, priors=PLAIN) == pytest.approx(expected)
    assert worth(habits, 6, is_computed=False, priors=PLAIN) == pytest.approx(2.0)


def test_who_seldom_returns_is_worth_less() -> None:
    """A first visitor of whom three in ten return is worth three tenths of one who is sure to."""
    habits = Habits(open_count=1)
    sure = worth(habits, 3, is_computed=False, priors=Priors(returns=Beta(1e9, 1e-9)))
    unsure = worth(habits, 3, is_computed=False, priors=Priors(returns=Beta(0.3, 0.7)))
    assert unsure == pytest.approx(0.3 * sure)


@pytest.mark.parametrize(
    ("habits", "news"),
    [
        (Habits(open_count=5, opens=0, open_events=50, changes=10, change_events=50), 50),
        (Habits(open_count=50, opens=20, open_events=50, changes=0, change_events=50), 50),
        (Habits(open_count=50, opens=20, open_events=50, changes=10, change_events=50), 0),
    ],
    ids=["never opens", "never changes", "no news"],
)
def test_nobody_is_refreshed_for_nothing(habits: Habits, news: int) -> None:
    """Who never opens, never changes or did nothing new is due only when an event, a read or an operator says so."""
    due = due_ms(habits, news, is_computed=True, priors=PLAIN, threshold=0.01, now_ms=NOW_MS)
    assert due == 0


def test_worth_at_the_threshold_is_due_now() -> None:
    """At the threshold a user is due, above it not, and before the first pass everybody with news is."""
    habits = Habits(open_count=9, opens=8, open_events=16, changes=4, change_events=16)
    found = worth(habits, 6, is_computed=True, priors=PLAIN)

    def due(threshold: float) -> int:
        return due_ms(habits, 6, is_computed=True, priors=PLAIN, threshold=threshold, now_ms=NOW_MS)

    assert due(found) == due(InForce().threshold) == NOW_MS
    assert due(found * 1.001) == 0


def population(count: int) -> list[Habits]:
    return [
        Habits(
            open_count=20,
            opened_ms=NOW_MS,
            opens=10,
            open_days=10 + number % 7,
            open_events=20 + number % 11,
            changes=number % 13,
            change_events=20,
        )
        for number in range(count)
    ]


def pass_over(former: InForce, now_ms: int, refreshes_per_day: float | None, budget: float = 20.0) -> InForce:
    census = Census(former, now_ms)
    for habits in population(200):
        census.add(habits)
    return census.close(budget, refreshes_per_day)


def test_a_pass_meets_the_budget_and_corrects_itself() -> None:
    """What is expected fits the budget; where twice as many came, the next threshold is higher."""
    first = pass_over(InForce(), NOW_MS, None)
    assert 0 < first.expected <= 20
    assert first.expected == pytest.approx(20, rel=0.1)
    kept = pass_over(first, NOW_MS + DAY_MS, first.expected)
    dear = pass_over(first, NOW_MS + DAY_MS, first.expected * 10)
    assert dear.correction > 2 > kept.correction
    assert dear.threshold > kept.threshold


def test_a_pass_that_nobody_counted_corrects_nothing() -> None:
    """After a start without figures the correction stays as it was."""
    first = pass_over(InForce(), NOW_MS, None)
    assert pass_over(first, NOW_MS + DAY_MS, None).correction == first.correction == 1


def test_newcomers_are_learned() -> None:
    """Users who were not there the day before are expected to come again, others, as many a day."""
    found = pass_over(InForce(computed_ms=NOW_MS - DAY_MS, users=190), NOW_MS, None)
    assert found.newcomers == pytest.approx(10)
    assert found.users == 200
