"""What a refresh gains, and the threshold within a budget, beside a simulation of opens and changes."""

from __future__ import annotations

import math
import random

import pytest

from scheduler.optimal.threshold import Cells, changes_until, gained_share


def fresh_opens(
    opens: float, changes: float, every: float, days: float, drawn: random.Random
) -> tuple[int, int]:
    """Simulate opens and changes at constant rates and a refresh each `every` days; return fresh ones, and all."""
    changed_at = next_change = drawn.expovariate(changes)
    at = fresh = count = 0.0
    while (at := at + drawn.expovariate(opens)) < days:
        refreshed = at // every * every
        while next_change <= at:
            changed_at = next_change
            next_change += drawn.expovariate(changes)
        count += 1
        fresh += changed_at <= refreshed or changed_at > at
    return int(fresh), int(count)


@pytest.mark.parametrize(("opens", "changes", "every"), [(2.0, 0.5, 1.0), (0.3, 1.0, 2.0), (5.0, 0.1, 12.0)])
def test_the_gain_is_what_a_simulation_gains(opens: float, changes: float, every: float) -> None:
    """One refresh a day more brings as many fresh opens as the formula says, by the difference of two simulations."""
    drawn = random.Random(3)
    days, step = 120_000.0, 0.15
    more, fewer = every * (1 - step), every * (1 + step)
    dense, _ = fresh_opens(opens, changes, more, days, drawn)
    sparse, _ = fresh_opens(opens, changes, fewer, days, drawn)
    gained = (dense - sparse) / days / (1 / more - 1 / fewer)
    assert gained == pytest.approx(opens / changes * gained_share(changes * every), rel=0.15)


def test_the_gain_and_its_inverse_agree() -> None:
    """The age at which a share is gained gains that share; all there is to gain is never reached."""
    for share in (1e-9, 1e-4, 0.1, 0.5, 0.9, 0.999):
        assert gained_share(changes_until(share)) == pytest.approx(share, rel=1e-3)
    assert changes_until(1.0) == math.inf
    assert changes_until(0.0) == 0.0
    assert gained_share(0.0) == 0.0


def test_no_other_allotment_serves_more_opens_fresh() -> None:
    """Moving a little of the budget from one user to another never serves more opens fresh."""
    users = [(3.0, 0.2), (0.5, 0.5), (1.0, 4.0), (0.2, 0.01)]
    cells = Cells()
    for opens, changes in users:
        cells.add(opens / changes, changes)
    threshold = cells.threshold(1.5)
    rates = [changes / changes_until(threshold * changes / opens) for opens, changes in users]

    def served(rates: list[float]) -> float:
        return sum(
            opens * rate / changes * -math.expm1(-changes / rate)
            for (opens, changes), rate in zip(users, rates, strict=True)
            if rate > 0
        )

    best = served(rates)
    for giver, rate in enumerate(rates):
        for taker in range(len(users)):
            moved = list(rates)
            moved[giver] -= 0.2 * rate
            moved[taker] += 0.2 * rate
            assert served(moved) <= best + 1e-4


def test_sessions_allow_refreshes_only_at_their_ends() -> None:
    """Whoever changes once a session is refreshed after each one at most, however cheap it is."""
    cells = Cells()
    cells.add(1.0, 2.0, step=1.0)
    assert cells.refreshes_per_day(1e-9) == pytest.approx(2.0, rel=0.1)


def test_a_promised_wait_is_a_floor() -> None:
    """News wait no longer than is promised, whatever a refresh is worth; without news nothing is refreshed for it."""
    cells = Cells()
    cells.add(1e-6, 5.0, step=0.5, wait_days=4.0)
    assert cells.refreshes_per_day(1e6) == pytest.approx(0.25)
    rare = Cells()
    rare.add(1e-6, 0.01, step=0.5, wait_days=4.0)
    assert rare.refreshes_per_day(1e6) == pytest.approx(0.02, rel=0.2)


def test_who_never_comes_or_never_changes_is_never_refreshed() -> None:
    """A user without opens, and one without changes, cost nothing at any threshold."""
    cells = Cells()
    cells.add(0.0, 5.0)
    cells.add(5.0, 0.0)
    assert cells.refreshes_per_day(1e-9) == 0
    assert cells.threshold(10.0) == 0


def test_newcomers_are_weighed_by_their_first_refresh() -> None:
    """Users yet to come take their part of the budget while what they are worth is above the threshold."""
    cells = Cells()
    cells.add_newcomers(0.5, 100.0)
    assert cells.refreshes_per_day(0.4) == 100
    assert cells.refreshes_per_day(0.6) == 0
