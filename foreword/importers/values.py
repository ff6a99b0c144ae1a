"""What a table's cell or a JSON value means as a field of an event."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from foreword import arguments
from foreword.clock import parse_time_ms
from foreword.errors import FieldError
from foreword.naming.messages import quoted
from foreword.v1.event_pb2 import Feedback

# Seconds since 1970 reach this in the year 5138; milliseconds passed it in 1973.
_MILLISECONDS_FROM = 1e11
# A Timestamp's range.
_SECONDS_MIN, _SECONDS_MAX = -62_135_596_800, 253_402_300_799
_TIMES = "a time in the years 1 to 9999"
# The usual form of RFC 3339 is read directly, many times as fast as by Timestamp, which knows offsets and nine digits.
_USUAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}|\.\d{6})?Z", re.ASCII)
# What tables write where nothing is known.
_NOTHING = frozenset({"", "n/a", "na", "null", "none", "nan", "unknown"})
_FEEDBACKS = {name.removeprefix("FEEDBACK_").lower(): number for name, number in Feedback.items()}


def as_list(text: str, separator: str) -> list[str]:
    """Return the parts of a list, without empty ones and words for nothing, each once."""
    parts = dict.fromkeys(part.strip() for part in text.split(separator))
    return [part for part in parts if part.lower() not in _NOTHING]


def as_number(field: str, value: Any) -> float:
    """Return a finite number, given as one or as text.

    Raises:
        FieldError: It is none.
    """
    number = _number(value)
    if number is None or not math.isfinite(number):
        raise FieldError(field, _shown(value), "a finite number")
    return number


def as_time(field: str, value: Any) -> Timestamp:
    """Return a time given as seconds or milliseconds since 1970, told by their size, or in RFC 3339.

    A time without a zone is UTC.

    Raises:
        FieldError: It is none of them, or out of a Timestamp's range.
    """
    if isinstance(value, str) and _USUAL_TIME.fullmatch(value):
        return _usual_time(field, value)
    number = _number(value)
    if number is None and not isinstance(value, str):
        raise FieldError(field, _shown(value), "an RFC 3339 time, or seconds since 1970")
    try:
        if number is None:
            return _text_time(field, value)
        # What is no finite number cannot be rounded.
        seconds, ms = divmod(round(number * 1000 if abs(number) < _MILLISECONDS_FROM else number), 1000)
    except (OverflowError, ValueError) as exc:
        raise FieldError(field, _shown(value), _TIMES) from exc
    if not _SECONDS_MIN <= seconds <= _SECONDS_MAX:
        raise FieldError(field, _shown(value), _TIMES)
    return Timestamp(seconds=seconds, nanos=ms * 1_000_000)


def as_duration(field: str, value: Any) -> Duration:
    """Return a duration given in seconds, as a number or as text, or as protobuf writes it: `2.5s`.

    Raises:
        FieldError: It is no number of seconds, or one beyond what a Duration holds.
    """
    duration = Duration()
    try:
        if isinstance(value, str) and value.endswith("s"):
            duration.FromJsonString(value)
        else:
            duration.FromTimedelta(timedelta(seconds=as_number(field, value)))
            # Only this looks at the range; one beyond it could not even be written aside as refused.
            duration.ToJsonString()
    except (OverflowError, ValueError, FieldError) as exc:
        raise FieldError(field, _shown(value), "a number of seconds") from exc
    return duration


def as_feedback(field: str, value: Any) -> int:
    """Return the number of a Feedback given by its name, such as `like` or `FEEDBACK_LIKE`, or by its number.

    Raises:
        FieldError: There is none of that name or number.
    """
    if isinstance(value, str):
        number = _FEEDBACKS.get(value.lower().removeprefix("feedback_"))
    else:
        number = value if type(value) is int and value in _FEEDBACKS.values() else None
    if number is None:
        raise FieldError(field, _shown(value), ", ".join(_FEEDBACKS))
    return number


def _number(value: Any) -> float | None:
    """Return a number given as one or as text; None for anything else, True and False among it."""
    if type(value) not in (int, float, str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
    except OverflowError:
        return math.inf


def _usual_time(field: str, text: str) -> Timestamp:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise FieldError(field, _shown(text), "a day and a time of day that there are") from exc
    # Whole seconds and micros apart: a float of both would round.
    seconds = int(moment.replace(microsecond=0).timestamp())
    return Timestamp(seconds=seconds, nanos=moment.microsecond * 1000)


def _text_time(field: str, text: str) -> Timestamp:
    time = Timestamp()
    try:
        time.FromJsonString(text)
    except ValueError:
        try:
            time.FromMilliseconds(parse_time_ms(text, field))
        except FieldError as exc:
            raise FieldError(field, _shown(text), f"{exc.allowed}, or seconds since 1970") from exc
    return time


def _shown(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else arguments.shown(value)
