"""Whose turn it is among classes of work."""

from __future__ import annotations

from collections import Counter

from scheduler.turns import PASSED_MAX, Turns


def test_the_most_urgent_goes_first() -> None:
    """As long as others have not waited too long the most urgent class with work is served."""
    turns = Turns(4)
    assert turns.choose([False, True, False, True]) == 1
    assert turns.choose([True, True, False, True]) == 0
    assert turns.choose([False, False, False, True]) == 3
    assert turns.choose([False] * 4) is None


def test_nobody_starves() -> None:
    """Under a flood of everything each class gets its share, the most urgent by far the most."""
    turns = Turns(4)
    served = Counter(turns.choose([True] * 4) for _ in range(1600))
    assert served[0] > 1200
    assert all(served[number] >= 1600 // (PASSED_MAX + 4) for number in (1, 2, 3))


def test_the_wait_is_bounded() -> None:
    """A class that has work is passed over at most as often as the limit says, and once more for each class below."""
    turns, passed = Turns(5), 0
    for _ in range(500):
        chosen = turns.choose([True, True, True, True, True])
        passed = 0 if chosen == 2 else passed + 1
        assert passed <= PASSED_MAX + 4


def test_who_had_no_work_has_waited_for_nothing() -> None:
    """Classes without work are not passed over, so that they bring no claim along when work comes."""
    turns = Turns(2)
    for _ in range(100):
        assert turns.choose([True, False]) == 0
    assert turns.choose([True, True]) == 0
