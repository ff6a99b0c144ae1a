"""Times by the clock on a wall: zones, nights and cron lines, and when each comes next."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from foreword.errors import FieldError

_NIGHT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_DAY_MINUTES = 24 * 60
_MINUTE_MS = 60_000
_EPOCH = date(1970, 1, 1)
# Whatever day it is tried from: what comes at all comes within the 50 years that are looked through.
_TRIED_FROM = datetime(2026, 1, 1, tzinfo=UTC)


class Night(NamedTuple):
    """A window of the day by the clock on the wall; it may run over midnight."""

    start_minute: int
    """Minutes since midnight."""
    minutes: int
    """How long it is; 1 to 1,439."""


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        FieldError: There is none of this name; `time_zone` is the field.
    """
    if name not in available_timezones():
        near = [known for known in available_timezones() if known.lower().endswith(f"/{name.lower()}")]
        meant = f"; {' or '.join(sorted(near)[:2])}, perhaps" if near else ""
        raise FieldError("time_zone", repr(name), f"a name as in Europe/Berlin, or UTC{meant}")
    return ZoneInfo(name)


@lru_cache(maxsize=256)
def night(text: str) -> Night:
    """Return the window that a text such as `23:30-04:00` names.

    Raises:
        FieldError: It names none; `night` is the field.
    """
    found = _NIGHT.fullmatch(text)
    if found is None:
        raise FieldError("night", repr(text), "two times of day, as in 03:00-04:00")
    start, end = (int(found[place]) * 60 + int(found[place + 1]) for place in (1, 3))
    if start == end:
        raise FieldError("night", repr(text), "two times of day that differ, as in 03:00-04:00")
    return Night(start, (end - start) % _DAY_MINUTES)


def check_cron(line: str) -> None:
    """Refuse a cron line that is none, or that never comes.

    Raises:
        FieldError: `cron` is the field.
    """
    if len(line.split()) != 5:
        fields = len(line.split())
        raise FieldError("cron", f"{line!r} with {fields} fields", "five: minute hour day month weekday")
    try:
        next(CronSim(line, _TRIED_FROM))
    except CronSimError as exc:
        raise FieldError(
            "cron", f"{line!r}: {exc}", "minute hour day month weekday, as cron has them"
        ) from exc
    except StopIteration as exc:
        raise FieldError("cron", f"{line!r}, which never comes", "a line whose day there is") from exc


def next_night_ms(window: Night, zone_name: str, share: float, after_ms: int) -> int:
    """Return when a night's place comes next, in ms since 1970, later than a time.

    A place that a change to summer time leaves out comes as long after midnight as it otherwise would, an hour later by
    the wall; one that comes twice is the first.

    Args:
        window: The night.
        zone_name: Where it is.
        share: Which place in it, from 0 to below 1.
        after_ms: In ms since 1970.
    """
    there = zone(zone_name)
    offset = timedelta(milliseconds=int((window.start_minute + share * window.minutes) * _MINUTE_MS))
    today = datetime.fromtimestamp(after_ms / 1000, there).replace(
        hour=0, minute=0, second=0, microsecond=0, tzinfo=None
    )
    # From the day before: a night may run over midnight.
    for day in range(-1, 3):
        at_ms = _at_ms(today + timedelta(days=day) + offset, there)
        if at_ms > after_ms:
            return at_ms
    raise AssertionError("no night within two days")


def night_over(window: Night, zone_name: str, now_ms: int) -> int:
    """Return the newest night that is over, in days since 1970 by the wall of its end; 0 before there was one."""
    now = datetime.fromtimestamp(now_ms / 1000, zone(zone_name)).replace(tzinfo=None)
    ended = now - timedelta(minutes=window.start_minute + window.minutes)
    return max(0, (ended.date() - _EPOCH).days)


def next_cron_ms(line: str, zone_name: str, after_ms: int) -> int:
    """Return when a cron line comes next, in ms since 1970, later than a time; summer time as Debian's cron has it."""
    return _next_cron_ms(line, zone_name, after_ms // _MINUTE_MS)


@lru_cache(maxsize=4096)
def _next_cron_ms(line: str, zone_name: str, after_minute: int) -> int:
    # By the minute, so that users looked at together share one search.
    after = datetime.fromtimestamp(after_minute * 60, zone(zone_name))
    return int(next(CronSim(line, after)).timestamp() * 1000)


def _at_ms(local: datetime, there: ZoneInfo) -> int:
    return int(local.replace(tzinfo=there).timestamp() * 1000)
