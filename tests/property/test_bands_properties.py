"""Bands of old events against a plain count of all of them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from foreword.clock import DAY_MS
from foreword.store.bands import days_of, fold
from foreword.topics import topic_key
from foreword.v1.event_band_pb2 import EventBand
from foreword.v1.event_pb2 import Event

TYPES = st.sampled_from(["view", "read", "like", "session.end"])
TOPICS = st.lists(st.sampled_from(["go", "Go", "unit tests", "unit-tests", "sql"]), max_size=3)
# A portion is folded some days after the one before it.
PORTIONS = st.lists(
    st.tuples(
        st.integers(0, 900),
        st.lists(st.tuples(st.integers(0, 4000), st.integers(0, DAY_MS - 1), TYPES, TOPICS), max_size=20),
    ),
    min_size=1,
    max_size=8,
)
FIRST_DAY = 10_000


@given(portions=PORTIONS)
def test_folding_in_portions_equals_counting_at_once(portions: list[tuple[int, list[tuple]]]) -> None:
    """However events are portioned and however late they come, the bands are what one count over them all gives."""
    held: dict[int, EventBand] = {}
    today, everything = 15_000, []
    for waited, rows in portions:
        today += waited
        events = [
            ((FIRST_DAY + day) * DAY_MS + ms, Event(type=kind, topics=topics))
            for day, ms, kind, topics in rows
        ]
        everything += events
        held = fold(held.values(), events, today)
    assert held == fold((), everything, today)
    for first_day, band in held.items():
        within = [
            (ms, event) for ms, event in everything if first_day <= ms // DAY_MS < first_day + band.day_count
        ]
        assert band.event_count == len(within)
        times_ms = [ms for ms, _ in within]
        assert (band.first_ms, band.last_ms) == (min(times_ms), max(times_ms))
        assert {row.name: row.event_count for row in band.types} == Counter(event.type for _, event in within)
        topics = Counter(topic for _, event in within for topic in {topic_key(name) for name in event.topics})
        assert {row.name: row.event_count for row in band.topics} == topics
    assert sum(band.event_count for band in held.values()) == len(everything)


@given(day=st.integers(0, 30_000), today=st.integers(0, 30_000), later=st.integers(0, 5_000))
def test_bands_cover_each_day_once_and_only_grow(day: int, today: int, later: int) -> None:
    """Every day of a band has that band, and a later day's band of the same day holds the earlier one."""
    days = days_of(day, today)
    assert {days_of(other, today) for other in (days.first, days.end - 1)} == {days}
    grown = days_of(day, today + later)
    assert grown.first <= days.first
    assert days.end <= grown.end


@given(days=st.lists(st.integers(0, 20_000), min_size=2, unique=True), today=st.integers(0, 20_000))
def test_bands_never_overlap(days: list[int], today: int) -> None:
    """The bands of any days are apart, or the same."""
    bands = sorted({days_of(day, today) for day in days})
    assert all(before.end <= after.first for before, after in pairwise(bands))
