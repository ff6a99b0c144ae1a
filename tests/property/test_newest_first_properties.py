"""The order of a backfill, whatever the users and however few are held at once."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from foreword import keys
from foreword.keys import UserKey
from foreword.store import ActivityReader
from scheduler.backfill.newest_first import ABOVE_ALL, NewestFirst, place_of

USERS = st.dictionaries(
    st.tuples(st.sampled_from(["", "a", "ab"]), st.text("xyz0", min_size=1, max_size=3)),
    # Few times, so that many users share one.
    st.integers(0, 6) | st.integers(0, 2**45),
    max_size=40,
)


class Rows:
    """Users with the time of their newest event, read as ActivityReader does."""

    def __init__(self, last_seen: dict[tuple[str, str], int]) -> None:
        self.last_seen_ms = {keys.user_key(user, space): ms for (space, user), ms in last_seen.items()}

    def last_seen(self, after: bytes, limit: int, *, prefix: bytes = b"") -> list[tuple[UserKey, int]]:
        """Return the next users."""
        rows = sorted(self.last_seen_ms.items())
        return [row for row in rows if row[0] > after and row[0].startswith(prefix)][:limit]


async def walk(users: NewestFirst, rows: Rows, count: int = 10_000) -> list[tuple[bytes, UserKey]]:
    """Take users until there are no more, or so many."""

    async def turn() -> None:
        pass

    found: list[tuple[bytes, UserKey]] = []
    while not users.is_at_end and len(found) < count:
        if users.is_empty:
            await users.fill(cast(ActivityReader, cast(Any, rows)), turn)
        elif (following := users.next()) is not None:
            found.append(following)
    return found


@given(USERS, st.integers(1, 7))
def test_everybody_comes_once_the_newest_first(last_seen: dict[tuple[str, str], int], held_max: int) -> None:
    """The order is that of all users sorted, however few are held at once."""
    rows = Rows(last_seen)
    found = asyncio.run(walk(NewestFirst(held_max=held_max), rows))
    wanted = sorted(((place_of(user, ms), user) for user, ms in rows.last_seen_ms.items()), reverse=True)
    assert found == wanted
    times = [rows.last_seen_ms[user] for _, user in found]
    assert times == sorted(times, reverse=True)


@given(USERS, st.integers(1, 7), st.integers(0, 40))
def test_it_goes_on_from_any_place(last_seen: dict[tuple[str, str], int], held_max: int, taken: int) -> None:
    """Broken off after any user and begun anew at that place, it misses nobody and repeats nobody."""
    rows = Rows(last_seen)
    first = asyncio.run(walk(NewestFirst(held_max=held_max), rows, taken))
    below = first[-1][0] if first else ABOVE_ALL
    second = asyncio.run(walk(NewestFirst(below, held_max=held_max), rows))
    assert first + second == asyncio.run(walk(NewestFirst(), rows))


@given(USERS, st.sampled_from(["", "a", "ab"]))
def test_one_namespace_holds_no_other(last_seen: dict[tuple[str, str], int], namespace: str) -> None:
    """Of one namespace all users come, and nobody else: that of `a` is no part of that of `ab`."""
    prefix = keys.namespace_prefix(namespace)
    found = asyncio.run(walk(NewestFirst(prefix=prefix, held_max=3), Rows(last_seen)))
    wanted = {keys.user_key(user, space) for space, user in last_seen if space == namespace}
    assert {user for _, user in found} == wanted


@given(USERS)
def test_a_place_names_nobody(last_seen: dict[tuple[str, str], int]) -> None:
    """What is stored of a user is the time and a hash."""
    for user, ms in Rows(last_seen).last_seen_ms.items():
        place = place_of(user, ms)
        assert len(place) == 16
        assert place[:8] == keys.u64(ms)
