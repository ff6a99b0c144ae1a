"""Counts of old events, over bands of days that double in length as they age."""

from __future__ import annotations

from itertools import pairwise
from math import log2

from foreword.clock import DAY_MS
from foreword.store.bands import TOPICS_MAX, TYPES_MAX, Days, days_of, fold
from foreword.v1.event_pb2 import Event

TODAY = 20_000


def event(kind: str = "view", *topics: str) -> Event:
    return Event(type=kind, topics=topics)


def test_a_band_is_at_most_a_fourth_as_long_as_it_is_old() -> None:
    """Seen from its youngest day, every band is four times as old as it is long, or a single day."""
    for age in range(1, 12_000, 7):
        days = days_of(TODAY - age, TODAY)
        assert days.first <= TODAY - age < days.end
        assert days.length == 1 or TODAY - days.end >= 4 * days.length
        assert days.first % days.length == 0


def test_bands_grow_with_the_logarithm_of_the_time() -> None:
    """Doubling the span adds the same few bands again, not twice as many."""
    counts = [
        len({days_of(TODAY - age, TODAY) for age in range(90, span)}) for span in (365, 730, 1460, 2920, 5840)
    ]
    steps = [after - before for before, after in pairwise(counts)]
    assert counts[0] <= 16
    assert all(0 < step <= 6 for step in steps), counts
    assert counts[-1] <= 8 * log2(5840 / 90)


def test_a_day_that_has_not_passed_is_a_band_of_its_own() -> None:
    """An event of tomorrow, as a wrong clock makes them, is counted and reaches into no other day."""
    assert days_of(TODAY + 1, TODAY) == Days(TODAY + 1, 1)


def test_counts_are_by_type_and_by_topic_however_spelled() -> None:
    """An event counts once for its type and once for each of its topics, whose spellings are one."""
    (band,) = fold(
        (),
        [
            (5 * DAY_MS, event("view", "Unit Tests", "unit-tests", "go")),
            (5 * DAY_MS + 9, event("read", "go")),
        ],
        TODAY,
    ).values()
    assert (band.event_count, band.first_ms, band.last_ms) == (2, 5 * DAY_MS, 5 * DAY_MS + 9)
    assert {row.name: row.event_count for row in band.types} == {"view": 1, "read": 1}
    assert [(row.name, row.event_count) for row in band.topics] == [("go", 2), ("unit-tests", 1)]


def test_what_a_band_leaves_out_is_in_its_sums() -> None:
    """A band keeps the commonest types and topics, and the count of all others, so no event is lost from its sums."""
    events = [(DAY_MS, event(f"type{n % 40}", f"topic{n % 200}")) for n in range(1000)]
    (band,) = fold((), events, TODAY).values()
    assert (len(band.types), len(band.topics)) == (TYPES_MAX, TOPICS_MAX)
    assert sum(row.event_count for row in band.types) + band.other_types_count == 1000
    assert sum(row.event_count for row in band.topics) + band.other_topics_count == 1000
    assert band.ByteSize() < 2048


def test_a_clock_that_ran_ahead_leaves_bands_that_do_not_overlap() -> None:
    """Bands made long while the clock showed a later day stay as they are, and take what comes to their days."""
    ahead = fold((), [(day * DAY_MS, event()) for day in range(19_000, 19_900)], TODAY + 4000)
    back = fold(ahead.values(), [(day * DAY_MS, event()) for day in range(19_000, 19_980)], TODAY)
    spans = sorted((band.first_day, band.first_day + band.day_count) for band in back.values())
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert sum(band.event_count for band in back.values()) == 900 + 980
