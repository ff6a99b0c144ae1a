"""What a provider says it will still take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias

from foreword.clock import parse_time_ms
from foreword.errors import FieldError

Counted: TypeAlias = Literal["requests", "tokens", "input_tokens", "output_tokens"]

_COUNTED: tuple[Counted, ...] = ("requests", "tokens", "input_tokens", "output_tokens")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How much of one limit is left.

    Attributes:
        counted: What it counts.
        limit: The most there is.
        remaining: What is left now.
        full_seconds: When all of it is there again, seconds from the answer on.
    """

    counted: Counted
    limit: int
    remaining: int
    full_seconds: float


def anthropic_limits(headers: Mapping[str, str]) -> tuple[RateLimit, ...]:
    """Return the limits in an answer of the Messages API; what is not told as documented is left out."""
    now_ms = _answered_ms(headers)
    found = []
    for counted in _COUNTED:
        prefix = f"anthropic-ratelimit-{counted.replace('_', '-')}-"
        full_ms = _time_ms(headers.get(prefix + "reset", ""))
        seconds = None if full_ms is None else (full_ms - now_ms) / 1000
        found.append(
            _limit(counted, headers.get(prefix + "limit"), headers.get(prefix + "remaining"), seconds)
        )
    return tuple(limit for limit in found if limit is not None)


def openai_limits(headers: Mapping[str, str]) -> tuple[RateLimit, ...]:
    """Return the limits in an answer of a chat completions server; few of one's own have any."""
    found = []
    for counted in _COUNTED[:2]:
        seconds = _duration_seconds(headers.get(f"x-ratelimit-reset-{counted}", ""))
        limit, remaining = (headers.get(f"x-ratelimit-{what}-{counted}") for what in ("limit", "remaining"))
        found.append(_limit(counted, limit, remaining, seconds))
    return tuple(limit for limit in found if limit is not None)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return how long an answer asks to wait: seconds, or a date; None when it does not say."""
    said = headers.get("retry-after", "").strip()
    try:
        seconds = float(said)
    except ValueError:
        until_ms = _http_date_ms(said)
        seconds = -1.0 if until_ms is None else (until_ms - _answered_ms(headers)) / 1000
    # Compared this way round, `nan` is left out too.
    return seconds if 0 <= seconds < float("inf") else None


def _limit(
    counted: Counted, limit: str | None, remaining: str | None, seconds: float | None
) -> RateLimit | None:
    if seconds is None or not (limit or "").isdecimal() or not (remaining or "").isdecimal():
        return None
    return RateLimit(counted, int(limit or 0), int(remaining or 0), max(0.0, seconds))


def _answered_ms(headers: Mapping[str, str]) -> int:
    """Return when the provider answered by its own clock, so that a wrong clock here does not matter."""
    dated = _http_date_ms(headers.get("date", ""))
    return dated if dated is not None else int(datetime.now(UTC).timestamp() * 1000)


def _http_date_ms(text: str) -> int | None:
    try:
        return int(parsedate_to_datetime(text).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None


def _time_ms(text: str) -> int | None:
    try:
        return parse_time_ms(text)
    except (FieldError, OverflowError, OSError):
        return None


def _duration_seconds(text: str) -> float | None:
    """Return a duration as these servers write it: `6m0s`, `1.5s`, `20ms`."""
    match = _DURATION.fullmatch(text) if text else None
    if match is None:
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
