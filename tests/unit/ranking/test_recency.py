"""What a user's last actions say of the next."""

from __future__ import annotations

import numpy as np
import pytest

from ranking import Action, Context, Example, Ring, Table
from ranking.recency import Company, count_company, no_company
from ranking.ring import RECENT_MAX


def company_of(items: str) -> tuple[Company, np.ndarray]:
    """Return the company of items that one user took in turn, by rows from 1 on for a, b, c."""
    table = Table()
    for number, item in enumerate(items):
        table.add(Example("user", Context(number * 1_000), Action(item), 1.0))
    rows = np.array([ord(item) - ord("a") + 1 for item in items])
    return count_company(rows, table.column("recent"), table.column("reward"), int(rows.max()) + 1)


def test_actions_that_came_together_are_foreseen() -> None:
    """After an action those score that came within ten of it, and others do not."""
    company, _ = company_of("ababab" + "x" * 12 + "cdcdcd")
    found = company.features(np.array([1, 2, 3, 4]), Ring((1,), (0,), (1.0,)))
    assert found[1, 0] > 0 == found[2, 0] == found[3, 0]


def test_refused_actions_lead_nowhere() -> None:
    """After a refusal its company scores no higher; that it was refused itself is a feature of its own."""
    company, _ = company_of("ababab")
    found = company.features(np.array([1, 2]), Ring((1,), (0,), (0.0,)))
    assert (found[:, 0] == 0).all()
    assert found[0, 3] == 1 > found[1, 3] == found[0, 2]


def test_newer_actions_count_more() -> None:
    """Of two last actions the newer one's company scores higher."""
    company, _ = company_of("ab" * 9 + "x" * 12 + "cd" * 9)
    found = company.features(np.array([2, 4]), Ring((1, 3), (0, 0), (1.0, 1.0)))
    assert found[1, 0] > found[0, 0] > 0


def test_luck_is_what_went_better_than_usual() -> None:
    """A user whose last actions were taken has more luck than one whose were refused, whatever comes next."""
    company, _ = company_of("ababab")
    lucky, luckless = (
        company.features(np.array([0]), Ring((1,), (0,), (reward,)))[0, 1] for reward in (1.0, 0.0)
    )
    assert luckless < 0 <= lucky


def test_an_example_is_not_explained_by_itself() -> None:
    """In training an example's own meetings are left out: a pair that met once explains nothing."""
    _, features = company_of("ab")
    assert features[1, 0] == 0
    _, features = company_of("abab")
    assert features[3, 0] > 0


def test_training_and_serving_agree() -> None:
    """What serving computes is what training saw, but for the example's own meetings."""
    items = "abcabdacbdabca" * 3
    company, features = company_of(items)
    rows = np.array([ord(item) - ord("a") + 1 for item in items])
    recent = Ring(tuple(rows[-RECENT_MAX - 1 : -1].tolist()), (0,) * RECENT_MAX, (1.0,) * RECENT_MAX)
    served = company.features(rows[-1:], recent)[0]
    counts = np.bincount(rows) + 10
    own = sum(
        0.9**age / np.sqrt(counts[rows[-1]] * counts[row])
        for age, row in enumerate(reversed(recent.rows))
        if row != rows[-1] and age < 10
    )
    assert served[0] - own == pytest.approx(features[-1, 0], rel=1e-4)
    assert served[1:] == pytest.approx(features[-1, 1:], abs=1e-5)


def test_order_and_number_of_candidates_change_nothing() -> None:
    """Each candidate's features are its own, whatever was asked before in the same thread, and twice the same twice."""
    company, _ = company_of("abcabcdadbcd")
    recent = Ring((1, 77, 2), (0, 0, 0), (1.0, 1.0, 0.0))
    together = company.features(np.array([4, 3, 3, 2, 0]), recent)
    alone = np.vstack([company.features(np.array([row]), recent) for row in (4, 3, 3, 2, 0)])
    assert together == pytest.approx(alone)


def test_nothing_known_foresees_nothing() -> None:
    """Before anything was counted, only how the last ones went is known."""
    found = no_company().features(np.array([0, 0]), Ring((5,), (0,), (1.0,)))
    assert (found[:, [0, 2, 3]] == 0).all()
