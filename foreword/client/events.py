"""Events as a caller gives them, made ready to be sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Required, TypeAlias, TypedDict

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from foreword import arguments
from foreword.arguments import shown
from foreword.client.calls import duration
from foreword.clock import parse_time_ms
from foreword.errors import FieldError
from foreword.v1.event_pb2 import Event, Feedback


class EventFields(TypedDict, total=False):
    """The fields of an event by name, for type checkers; event.proto says what each means. None leaves one out."""

    user_id: Required[str]
    type: Required[str]
    event_id: str | None
    namespace: str | None
    time: datetime | str | Timestamp | Mapping[str, int] | None
    """RFC 3339 where it is text; without a zone it is UTC."""
    item_id: str | None
    # Not Sequence[str], which a single text is.
    topics: list[str] | tuple[str, ...] | AbstractSet[str] | None
    text: str | None
    session_id: str | None
    dwell: timedelta | float | Duration | Mapping[str, int] | None
    """Seconds where it is a number."""
    feedback: (
        Feedback
        | Literal[
            "FEEDBACK_UNSPECIFIED",
            "FEEDBACK_LIKE",
            "FEEDBACK_DISLIKE",
            "FEEDBACK_ACCEPT",
            "FEEDBACK_REJECT",
            "FEEDBACK_CORRECTION",
        ]
        | None
    )
    value: float | None
    attributes: Mapping[str, str] | None
    vector: Sequence[float] | None


EventLike: TypeAlias = Event | EventFields
"""An Event, or its fields by name."""


class UnknownFieldError(FieldError):
    """An event has no field of this name."""


def given_events(events: Any, fields: Mapping[str, Any]) -> list[Any]:
    """Return what a caller gave for events as a list, each one not yet looked at.

    Raises:
        FieldError: It is no list of any kind, or there are keywords beside it.
    """
    if fields and (isinstance(events, (Event, Mapping)) or events):
        raise FieldError("events", "events and keywords", "events, or the fields of one event as keywords")
    if fields:
        return [fields]
    if isinstance(events, (Event, Mapping)):
        return [events]
    if isinstance(events, (str, bytes)) or not isinstance(events, Iterable):
        raise FieldError(
            "events", shown(events), "an event or several, each an Event or a mapping of its fields"
        )
    return list(events)


def make_event(source: Any, namespace: str) -> Event:
    """Return an event of the caller's as one of our own, with an id and a namespace.

    Raises:
        FieldError: It is none, or a field is of the wrong kind.
    """
    event = Event()
    if isinstance(source, Event):
        event.CopyFrom(source)
    elif isinstance(source, Mapping):
        event.MergeFrom(
            Event(**{name: _value(name, value) for name, value in source.items() if value is not None})
        )
    else:
        raise FieldError("", shown(source), "an Event, or a mapping of its fields")
    event.event_id = event.event_id or os.urandom(16).hex()
    event.namespace = event.namespace or namespace
    return event


def _value(name: Any, value: Any) -> Any:
    """Return a field's value as the Event takes it."""
    convert = _FIELDS.get(name) if isinstance(name, str) else None
    if convert is None:
        raise UnknownFieldError(
            str(name), "a field that no event has", ", ".join(_FIELDS), hint=_meant(str(name))
        )
    return convert(name, value)


def _meant(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, _FIELDS, n=1)
    return f"did you mean {near[0]}?" if near else ""


def _time(name: str, value: Any) -> Any:
    if isinstance(value, (Timestamp, Mapping)):
        return _message(name, value, Timestamp)
    if isinstance(value, str):
        time_ms = parse_time_ms(value, name)
    elif isinstance(value, datetime):
        time_ms = int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1000)
    else:
        raise FieldError(
            name, shown(value), "a datetime, RFC 3339 such as 2026-11-21T08:30:00Z, or a Timestamp"
        )
    return {"seconds": time_ms // 1000, "nanos": time_ms % 1000 * 1_000_000}


def _dwell(name: str, value: Any) -> Any:
    if isinstance(value, (Duration, Mapping)):
        return _message(name, value, Duration)
    return duration(arguments.seconds(name, value.total_seconds() if isinstance(value, timedelta) else value))


def _message(name: str, value: Any, kind: type[Timestamp] | type[Duration]) -> Timestamp | Duration:
    try:
        return value if isinstance(value, kind) else kind(**value)
    except (TypeError, ValueError):
        raise FieldError(
            name, shown(value), f"a {kind.__name__}, whose fields are seconds and nanos"
        ) from None


def _feedback(name: str, value: Any) -> Any:
    return arguments.choice(name, value, Feedback)


_FIELDS: dict[str, Callable[[str, Any], Any]] = {
    "event_id": arguments.text,
    "user_id": arguments.text,
    "namespace": arguments.text,
    "time": _time,
    "type": arguments.text,
    "item_id": arguments.text,
    "topics": arguments.texts,
    "text": arguments.text,
    "session_id": arguments.text,
    "dwell": _dwell,
    "feedback": _feedback,
    "value": arguments.number,
    "attributes": arguments.attributes,
    "vector": arguments.vector,
}
