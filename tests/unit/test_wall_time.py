"""Nights and cron lines by the clock on the wall: summer time, leap days, midnight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from foreword.errors import FieldError
from foreword.wall_time import check_cron, next_cron_ms, next_night_ms, night, zone


def ms(*when: int, there: str = "UTC") -> int:
    return int(datetime(*when, tzinfo=ZoneInfo(there)).timestamp() * 1000)  # type: ignore[arg-type]


def wall(at_ms: int, there: str) -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(there)).strftime("%m-%d %H:%M")


def nights(window: str, there: str, share: float, after_ms: int, count: int) -> list[str]:
    found = []
    for _ in range(count):
        after_ms = next_night_ms(night(window), there, share, after_ms)
        found.append(wall(after_ms, there))
    return found


def test_a_night_in_a_zone_is_by_its_wall() -> None:
    """Half of a night from 2 to 4 is 3 o'clock there, winter and summer."""
    after_ms = ms(2026, 10, 24, 12, there="Europe/Berlin")
    # Summer time ends in the night to the 25th.
    assert nights("02:00-04:00", "Europe/Berlin", 0.5, after_ms, 3) == [
        "10-25 03:00",
        "10-26 03:00",
        "10-27 03:00",
    ]


def test_a_place_that_summer_time_leaves_out_comes_an_hour_later_and_once() -> None:
    """In the night of 29 March 2026 there is no half past two in Berlin; the refresh is at half past three, once."""
    after_ms = ms(2026, 3, 28, 12, there="Europe/Berlin")
    assert nights("02:00-03:00", "Europe/Berlin", 0.5, after_ms, 3) == [
        "03-29 03:30",
        "03-30 02:30",
        "03-31 02:30",
    ]


def test_a_place_that_comes_twice_is_taken_once() -> None:
    """In the night of 25 October 2026 half past two comes twice in Berlin; the refresh is at the first."""
    after_ms = ms(2026, 10, 24, 12, there="Europe/Berlin")
    first = next_night_ms(night("02:00-03:00"), "Europe/Berlin", 0.5, after_ms)
    assert first == ms(2026, 10, 25, 0, 30)
    assert next_night_ms(night("02:00-03:00"), "Europe/Berlin", 0.5, first) == ms(2026, 10, 26, 1, 30)


def test_a_night_may_run_over_midnight() -> None:
    """Of a night from 23 to 3 the last quarter is in the early morning, also when asked for just before it."""
    assert nights("23:00-03:00", "UTC", 0.75, ms(2026, 5, 1, 1), 2) == ["05-01 02:00", "05-02 02:00"]
    assert nights("23:00-03:00", "UTC", 0.0, ms(2026, 5, 1, 1), 1) == ["05-01 23:00"]


@pytest.mark.parametrize(
    "there", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
@pytest.mark.parametrize("share", [0.0, 0.4, 0.999])
def test_there_is_one_night_a_day_all_year(there: str, share: float) -> None:
    """Through two changes and a leap day: 366 nights, each later than the one before, none twice, none missed."""
    at_ms, found = ms(2027, 12, 31, 12, there=there), []
    for _ in range(366):
        at_ms = next_night_ms(night("01:30-03:30"), there, share, at_ms)
        found.append(at_ms)
    days = [datetime.fromtimestamp(one / 1000, ZoneInfo(there)).date() for one in found]
    assert (str(days[0]), str(days[-1])) == ("2028-01-01", "2028-12-31")
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))
    assert all(22 <= (later - earlier) / 3_600_000 <= 26 for earlier, later in pairwise(found))


def test_cron_comes_at_its_times_by_the_wall() -> None:
    """Mondays at four, there; and 29 February only where there is one."""
    at_ms = next_cron_ms("0 4 * * MON", "America/New_York", ms(2026, 3, 4, 12))
    assert wall(at_ms, "America/New_York") == "03-09 04:00"
    leap_ms = next_cron_ms("30 5 29 2 *", "UTC", ms(2026, 3, 1))
    assert datetime.fromtimestamp(leap_ms / 1000, UTC) == datetime(2028, 2, 29, 5, 30, tzinfo=UTC)


def test_cron_is_strictly_later() -> None:
    """Asked at the very minute it comes next at the following time, asked a moment before, at this one."""
    at_ms = ms(2026, 3, 4, 4)
    assert next_cron_ms("0 4 * * *", "UTC", at_ms) == at_ms + 86_400_000
    assert next_cron_ms("0 4 * * *", "UTC", at_ms - 1) == at_ms


@pytest.mark.parametrize(
    "line", ["61 * * * *", "* * *", "@daily", "0 0 30 2 *", "0 0 31 4 *", "", "a b c d e"]
)
def test_lines_that_are_none_or_never_come_are_refused(line: str) -> None:
    """With the field, what was found and what is allowed."""
    with pytest.raises(FieldError) as caught:
        check_cron(line)
    assert caught.value.field == "cron"


def test_zones_that_are_none_are_refused_with_one_that_may_be_meant() -> None:
    """A city alone is answered with its zone."""
    with pytest.raises(FieldError, match="America/New_York, perhaps"):
        zone("New_York")
