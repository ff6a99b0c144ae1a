"""Time, injected: the system's, a replay's, or a test's."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from foreword.errors import FieldError

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
_EPOCH = date(1970, 1, 1)
# Not strftime's, which go by the locale of the process: they stand in texts that must not change with it.
_MONTHS = "January February March April May June July August September October November December".split()


class Clock(Protocol):
    """Tells the time."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970-01-01 UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000


class ReplayClock:
    """A clock that starts at another time and then runs at the pace of the machine's.

    The start is tied to the machine's clock, not to the object's creation, so that two processes given the
    same pair agree on the time.
    """

    def __init__(self, as_of_ms: int, started_ms: int | None = None) -> None:
        started = time.time_ns() // 1_000_000 if started_ms is None else started_ms
        self.offset_ms = as_of_ms - started

    def now_ms(self) -> int:
        """Return milliseconds since 1970-01-01 UTC, moved by the replay's offset."""
        return time.time_ns() // 1_000_000 + self.offset_ms


class ManualClock:
    """A clock that moves only when told; for tests."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Return the time last set."""
        return self._now_ms

    def advance(self, milliseconds: int) -> None:
        """Move forward."""
        self._now_ms += milliseconds


def parse_time_ms(text: str, field: str = "time") -> int:
    """Return RFC 3339 `text` as milliseconds since 1970; a time without zone is UTC.

    Raises:
        FieldError: The text is no RFC 3339 time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise FieldError(field, repr(text), "an RFC 3339 time such as 2026-11-21T08:30:00Z") from exc
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def format_time_ms(ms: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_day(text: str, field: str = "day") -> int:
    """Return a day such as 2026-11-21 as days since 1970.

    Raises:
        FieldError: The text is no such day, or one before 1970.
    """
    try:
        # Other forms of ISO 8601, such as 2026W475, are more often a slip than meant.
        day = (datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date() - _EPOCH).days
    except ValueError as exc:
        raise FieldError(field, repr(text), "a day such as 2026-11-21") from exc
    if day < 0:
        raise FieldError(field, text, "1970-01-01 or later")
    return day


def month_text(time_ms: int) -> str:
    """Return milliseconds since 1970 as people name a month, UTC: `March 2016`."""
    day = _EPOCH + timedelta(days=time_ms // DAY_MS)
    return f"{_MONTHS[day.month - 1]} {day.year}"


def day_text(day: int) -> str:
    """Return days since 1970 as a day such as 2026-11-21."""
    return (_EPOCH + timedelta(days=day)).isoformat()
