"""Text of a table's cell as a value of an event's field."""

from __future__ import annotations

import math
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from foreword.clock import parse_time_ms
from foreword.errors import FieldError
from foreword.v1.event_pb2 import Feedback

# Seconds since 1970 reach this in the year 5138; milliseconds passed it in 1973.
_MILLISECONDS_FROM = 1e11
# What tables write where nothing is known.
_NOTHING = frozenset({"", "n/a", "na", "null", "none", "nan", "unknown"})
_FEEDBACKS = {name.removeprefix("FEEDBACK_").lower(): number for name, number in Feedback.items()}


def as_list(text: str, separator: str) -> list[str]:
    """Return the parts of a list, without empty ones and words for nothing, each once."""
    parts = dict.fromkeys(part.strip() for part in text.split(separator))
    return [part for part in parts if part.lower() not in _NOTHING]


def as_number(field: str, text: str) -> float:
    """Return a finite number.

    Raises:
        FieldError: The text is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise FieldError(field, repr(text), "a finite number")
    return number


def as_time(text: str) -> Timestamp:
    """Return a time given as seconds or milliseconds since 1970, told by their size, or in RFC 3339.

    Raises:
        FieldError: The text is neither.
    """
    try:
        number = float(text)
    except ValueError:
        ms = parse_time_ms(text)
    else:
        number = as_number("time", text)
        ms = round(number if abs(number) >= _MILLISECONDS_FROM else number * 1000)
    try:
        time = Timestamp()
        time.FromMilliseconds(ms)
    except ValueError as exc:
        raise FieldError("time", repr(text), "a time in the years 1 to 9999") from exc
    return time


def as_duration(text: str) -> Duration:
    """Return a duration given in seconds.

    Raises:
        FieldError: The text is no number of seconds, or one beyond what a Duration holds.
    """
    duration = Duration()
    try:
        duration.FromTimedelta(timedelta(seconds=as_number("dwell", text)))
        # Only this looks at the range; one beyond it could not even be written aside as refused.
        duration.ToJsonString()
    except (OverflowError, ValueError) as exc:
        raise FieldError("dwell", repr(text), "a number of seconds") from exc
    return duration


def as_feedback(text: str) -> int:
    """Return the number of a Feedback given by its name, such as `like`.

    Raises:
        FieldError: There is none of that name.
    """
    number = _FEEDBACKS.get(text.lower().removeprefix("feedback_"))
    if number is None:
        raise FieldError("feedback", repr(text), ", ".join(_FEEDBACKS))
    return number
