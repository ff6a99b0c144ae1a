"""Counting the users that carry a name."""

from __future__ import annotations

from foreword.naming import NAME_USERS_MAX
from scheduler.agent.name_users import NAMES_MAX, NameUsers, names_among, user_mark

OTHER = 0


def test_a_user_counts_once_however_often_they_come() -> None:
    """What counts is who carries a name, and the one who asks is among them."""
    users = NameUsers()
    for _ in range(9):
        users.add(["jazz"], user_mark("ann"))
    assert users.count("jazz", user_mark("ann")) == 1
    assert users.count("jazz", OTHER) == 2
    assert users.count("blues", OTHER) == 1


def test_counts_end_at_twenty() -> None:
    """No more marks are kept than any setting can ask for."""
    users = NameUsers()
    for number in range(50):
        users.add(["jazz"], user_mark(f"user-{number}"))
    (row,) = users.rows()
    assert len(row.user_marks) == NAME_USERS_MAX


def test_an_erased_users_marks_go() -> None:
    """A name that nobody else carries goes with its user; nothing is left to find."""
    users = NameUsers()
    users.add(["jazz", "secret"], user_mark("ann"))
    users.add(["jazz"], user_mark("bob"))
    assert users.remove(user_mark("ann"))
    assert [(row.name, list(row.user_marks)) for row in users.rows()] == [("jazz", [user_mark("bob")])]
    assert not users.remove(user_mark("ann"))


def test_rows_give_the_same_counts_again() -> None:
    """What is stored is all that is known, and comes back in the same order."""
    users = NameUsers()
    for number in range(3):
        users.add([f"name {number}", "jazz"], user_mark(f"user-{number}"))
    rows = list(users.rows())
    assert list(NameUsers(rows).rows()) == rows


def test_a_flood_of_names_pushes_out_rare_ones_only() -> None:
    """Names of most users are kept, whatever one user makes up."""
    users = NameUsers()
    for number in range(5):
        users.add(["jazz"], user_mark(f"user-{number}"))
    users.add([f"flood {number}" for number in range(3 * NAMES_MAX)], user_mark("mallory"))
    assert users.count("jazz", OTHER) == 6
    assert len(list(users.rows())) == NAMES_MAX


def test_only_names_are_counted() -> None:
    """What could never be said is not kept, and spellings of one name count together."""
    assert names_among(["Unit Tests", "unit-tests", "visit evil.com", "a\nb"]) == {"unit-tests"}
