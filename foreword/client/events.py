"""Events as a caller gives them, made ready to be sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, Required, TypeAlias, TypedDict

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from foreword import arguments
from foreword.arguments import shown
from foreword.client.calls import duration
from foreword.clock import parse_time_ms
from foreword.errors import FieldError
from foreword.v1.activity_service_pb2 import RecordEventsResponse
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.event_pb2 import Event, Feedback

BATCH_MAX = 1000
# A thousand events at all their limits exceed what the sidecar takes in one message, 16 MiB by default.
BATCH_BYTES_MAX = 4 << 20


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


EventLike: TypeAlias = Event | EventFields
"""An Event, or its fields by name."""


class UnknownFieldError(FieldError):
    """An event has no field of this name."""


class Mistake(NamedTuple):
    """Why something given for an event cannot be sent."""

    error: FieldError
    place: str
    """The field among all events given, such as `events[3].topics`."""
    is_of_call: bool
    """Whether the call as written is at fault, not one event of several."""


class Recording:
    """Events made ready to be sent, and one answer for all the calls they take.

    Args:
        events: One event or several, as the caller gave them.
        fields: The fields of a single event instead.
        namespace: That of events which name none.

    Attributes:
        kept: Events with their places among all that were given.
        response: The sum of the answers; places count from the first event given.
        mistakes: What could not be made ready; refused in the answer too.
    """

    def __init__(self, events: Any, fields: Mapping[str, Any], namespace: str) -> None:
        self.kept: list[tuple[int, Event]] = []
        self.response = RecordEventsResponse()
        self.mistakes: list[Mistake] = []
        try:
            given = _given(events, fields)
        except FieldError as exc:
            self._refuse(Mistake(exc, exc.field, is_of_call=True), 0)
            return
        for index, source in enumerate(given):
            try:
                self.kept.append((index, make_event(source, namespace)))
            except FieldError as exc:
                place = f"events[{index}].{exc.field}" if exc.field else f"events[{index}]"
                is_of_call = bool(fields) or isinstance(exc, UnknownFieldError)
                event_id = source.get("event_id") if isinstance(source, Mapping) else None
                self._refuse(Mistake(exc, place, is_of_call), index, event_id)

    def add(self, batch: Sequence[tuple[int, Event]], answer: RecordEventsResponse) -> None:
        """Add the answer to a call."""
        self.response.accepted_count += answer.accepted_count
        self.response.duplicate_count += answer.duplicate_count
        for refused in answer.refused:
            index = batch[refused.index][0]
            refused.field = refused.field.replace(f"events[{refused.index}]", f"events[{index}]", 1)
            refused.index = index
            self.response.refused.append(refused)
        if answer.refused:
            # Those that were never sent stand before.
            self.response.refused.sort(key=lambda refused: refused.index)

    def _refuse(self, mistake: Mistake, index: int, event_id: Any = None) -> None:
        self.mistakes.append(mistake)
        self.response.refused.add(
            index=index,
            event_id=event_id if isinstance(event_id, str) and event_id.isprintable() else "",
            field=mistake.place,
            # As the sidecar says it.
            message=f"found {mistake.error.found}; allowed: {mistake.error.allowed}",
            reason=ErrorReason.ERROR_REASON_FIELD_INVALID,
        )


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


def event_batches(events: Iterable[tuple[int, Event]]) -> Iterator[list[tuple[int, Event]]]:
    """Yield events in lists that one call takes, by number and by size."""
    batch: list[tuple[int, Event]] = []
    size_bytes = 0
    for place, event in events:
        event_bytes = event.ByteSize()
        if batch and (len(batch) >= BATCH_MAX or size_bytes + event_bytes > BATCH_BYTES_MAX):
            yield batch
            batch, size_bytes = [], 0
        batch.append((place, event))
        size_bytes += event_bytes
    if batch:
        yield batch


def _given(events: Any, fields: Mapping[str, Any]) -> list[Any]:
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


def _value(name: Any, value: Any) -> Any:
    """Return a field's value as the Event takes it."""
    convert = _FIELDS.get(name) if isinstance(name, str) else None
    if convert is None:
        raise UnknownFieldError(str(name), "a field that no event has", _known_fields(str(name)))
    return convert(name, value)


def _known_fields(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, _FIELDS, n=1)
    return f"{', '.join(_FIELDS)}{f'; did you mean {near[0]}?' if near else ''}"


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


def _attributes(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise FieldError(name, shown(value), "a mapping of text to text")
    return {
        arguments.text(name, key): arguments.text(f"{name}[{key!r}]", item) for key, item in value.items()
    }


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
    "attributes": _attributes,
}
