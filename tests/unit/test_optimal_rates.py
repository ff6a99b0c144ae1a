"""How often users come and change: priors from the population, and counts that follow a change of habits."""

from __future__ import annotations

import random

import pytest

from foreword.clock import DAY_MS
from foreword.store.activity_writer import count_events as record
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.refresh_pb2 import Habits
from scheduler.optimal import Beta, Gamma, Priors, count_events, count_read, count_refresh
from scheduler.optimal.habits import changes_per_event, opens_per_day
from scheduler.optimal.rates import BetaCounts, GammaSums

IDLE_MS = 1_800_000
START_MS = 20_000 * DAY_MS


def poisson(rate: float, drawn: random.Random) -> int:
    at, count = drawn.expovariate(1), 0
    while at < rate:
        at += drawn.expovariate(1)
        count += 1
    return count


@pytest.mark.parametrize(("shape", "exposure"), [(0.5, 2.0), (0.8, 0.5)])
def test_a_gamma_prior_is_found_again(shape: float, exposure: float) -> None:
    """From Poisson counts of users whose rates follow a gamma distribution its mean and shape come back."""
    drawn, sums = random.Random(1), GammaSums()
    for _ in range(20_000):
        days = drawn.uniform(5, 50)
        sums.add(poisson(drawn.gammavariate(shape, 1 / exposure) * days, drawn), days)
    found = sums.fit(Gamma(1.0, 1.0))
    assert found.mean() == pytest.approx(shape / exposure, rel=0.05)
    assert found.shape == pytest.approx(shape, rel=0.15)


def test_a_beta_prior_is_found_again() -> None:
    """From how many opens users made before they left, the distribution of leaving comes back."""
    drawn, counts = random.Random(2), BetaCounts()
    for _ in range(20_000):
        stays = drawn.betavariate(1.5, 2.5)
        opens = 1
        while drawn.random() < stays:
            opens += 1
        counts.add(opens, True)
    found = counts.fit(Beta(1.0, 1.0))
    for opens in (1, 2, 5, 10):
        assert found.share(opens) == pytest.approx(Beta(1.5, 2.5).share(opens), abs=0.02)


def test_few_users_tell_nothing() -> None:
    """Below thirty users the fallback stands."""
    sums, counts = GammaSums(), BetaCounts()
    for _ in range(29):
        sums.add(5, 1)
        counts.add(3, True)
    assert sums.fit(Gamma(7, 8)) == Gamma(7, 8)
    assert counts.fit(Beta(7, 8)) == Beta(7, 8)


def test_sessions_and_reads_are_opens_once() -> None:
    """Events and reads of one session count as one open; the day after, a read alone counts as another."""
    habits, activity = Habits(), UserActivity()
    record(activity, [START_MS, START_MS + 60_000])
    count_events(habits, activity, IDLE_MS)
    count_read(habits, START_MS + 120_000, IDLE_MS)
    count_events(habits, activity, IDLE_MS)
    assert (habits.open_count, habits.opens) == (1, 0)
    assert habits.open_events == 2
    count_read(habits, START_MS + DAY_MS, IDLE_MS)
    assert (habits.open_count, habits.opens) == (2, 1)
    assert habits.open_days == pytest.approx(1, abs=0.01)


def test_an_import_counts_its_days() -> None:
    """History that comes at once counts an open for each day with events."""
    habits, activity = Habits(), UserActivity()
    record(activity, [START_MS + day * DAY_MS for day in (0, 2, 3, 9)])
    count_events(habits, activity, IDLE_MS)
    assert habits.open_count == 4
    assert habits.opens == 3
    assert habits.open_days == pytest.approx(9)


def test_who_comes_no_more_is_expected_less() -> None:
    """The longer ago the last open, the lower the rate of opens."""
    habits = Habits(open_count=20, opens=15, open_days=15, opened_ms=START_MS)
    soon, later = (opens_per_day(habits, Priors(), START_MS + days * DAY_MS) for days in (1, 90))
    assert later < soon / 3


def test_changed_habits_are_followed() -> None:
    """A user whose events stopped to change the profile is known for it within twenty refreshes."""
    habits, priors = Habits(), Priors()
    for _ in range(50):
        count_refresh(habits, 5, True, priors)
    lively = changes_per_event(habits, priors)
    for _ in range(20):
        count_refresh(habits, 5, False, priors)
    assert changes_per_event(habits, priors) < lively / 5


def test_the_rate_of_changes_is_learned_from_whether_alone() -> None:
    """Refreshes that show only whether something changed lead to the rate of changes behind them."""
    drawn, priors, found = random.Random(4), Priors(changes_per_event=Gamma(0.1, 0.5)), []
    for _ in range(300):
        habits = Habits()
        for _ in range(60):
            events = drawn.randint(1, 10)
            count_refresh(habits, events, poisson(0.2 * events, drawn) > 0, priors)
        found.append(changes_per_event(habits, priors))
    assert sum(found) / len(found) == pytest.approx(0.2, rel=0.15)


def test_a_refresh_without_news_says_nothing() -> None:
    """Nothing is learned where there was nothing to take in."""
    habits = Habits(changes=1, change_events=2)
    count_refresh(habits, 0, False, Priors())
    assert (habits.changes, habits.change_events) == (1, 2)
