"""Sessions and attributes, noted as events are written."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from foreword.clock import DAY_MS
from foreword.noting import NOTED, Noting
from foreword.store.activity_writer import count_events
from foreword.store.noting import note_attributes
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.event_pb2 import Event

IDLE_MS = NOTED.idle_ms
PLAN = Noting(attributes=frozenset({"plan"}))


def sessions(user: UserActivity) -> int:
    return sum(day.sessions for day in user.days)


@given(st.lists(st.integers(0, 20 * DAY_MS), min_size=1, max_size=40), st.integers(1, 7))
def test_sessions_are_counted_alike_in_one_write_or_many(times_ms: list[int], size: int) -> None:
    """Events in order, in whatever portions: a session for the first and for each after half an hour of quiet."""
    times_ms.sort()
    expected = 1 + sum(later - earlier > IDLE_MS for earlier, later in pairwise(times_ms))
    user = UserActivity()
    for first in range(0, len(times_ms), size):
        count_events(user, times_ms[first : first + size])
    assert sessions(user) == expected
    assert sum(day.count for day in user.days) == len(times_ms)


def test_an_event_that_comes_late_begins_a_session_only_on_a_day_without_any() -> None:
    """Where it would stand among the others of its day is not looked up."""
    user = UserActivity()
    count_events(user, [10 * DAY_MS])
    count_events(user, [9 * DAY_MS])
    count_events(user, [9 * DAY_MS + 10 * IDLE_MS])
    assert [(day.day, day.count, day.sessions) for day in user.days] == [(9, 2, 1), (10, 1, 1)]


def test_another_idle_time_makes_other_sessions() -> None:
    """As the configuration has it."""
    user = UserActivity()
    count_events(user, [0, 1000, 5000], idle_ms=2000)
    assert sessions(user) == 2


def body(time_ms: int, **attributes: str) -> tuple[int, bytes]:
    return time_ms, Event(event_id="e", user_id="u", attributes=attributes).SerializeToString()


def test_the_newest_event_decides_what_an_attribute_is() -> None:
    """Whatever the order in which events come; those without it, and attributes nobody asks for, change nothing."""
    user = UserActivity()
    note_attributes(user, [body(5, plan="trial", repo="x"), body(3, plan="free"), body(9)], PLAN)
    assert {name: noted.value for name, noted in user.attributes.items()} == {"plan": "trial"}
    note_attributes(user, [body(7, plan="pro")], PLAN)
    note_attributes(user, [body(6, plan="old")], PLAN)
    assert (user.attributes["plan"].value, user.attributes["plan"].time_ms) == ("pro", 7)


def test_a_word_in_a_text_is_no_attribute() -> None:
    """An event that only mentions the name carries nothing."""
    user = UserActivity()
    event = Event(event_id="e", user_id="u", text="my plan is good").SerializeToString()
    note_attributes(user, [(1, event)], PLAN)
    assert not user.attributes
