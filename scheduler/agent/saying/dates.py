"""Dates as they stand in a sentence: of events, never of now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_MONTHS = "January February March April May June July August September October November December".split()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTH_DAYS = 30.44


def month_of(time_ms: int) -> str:
    """Return the month and year of a time in ms since 1970, UTC: `March 2016`."""
    date = _EPOCH + timedelta(milliseconds=time_ms)
    return f"{_MONTHS[date.month - 1]} {date.year}"


def span_of(days: int) -> str:
    """Return a number of days, 45 or more, in months or years: `11 months`, `3 years`."""
    months = round(days / _MONTH_DAYS)
    return f"{months} months" if months < 24 else f"{months // 12} years"
