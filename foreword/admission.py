"""Which events are taken, whoever takes them: the sidecar, or an import straight into the store."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from foreword import keys, synthetic
from foreword.clock import DAY_MS, format_time_ms
from foreword.errors import FieldError
from foreword.keys import UserKey
from foreword.text_size import check_text
from foreword.v1.activity_service_pb2 import RefusedEvent
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.event_pb2 import Event, Feedback

SESSION_END = "session.end"

TYPE_BYTES_MAX = 64
ITEM_ID_BYTES_MAX = 256
TOPICS_MAX = 32
TOPIC_BYTES_MAX = 128
TEXT_BYTES_MAX = 8192
SESSION_ID_BYTES_MAX = 128
ATTRIBUTES_MAX = 32
ATTRIBUTE_KEY_BYTES_MAX = 64
ATTRIBUTE_VALUE_BYTES_MAX = 256
# Of the largest models of texts, shortened; 4 KB an event.
VECTOR_MAX = 1024
# Duration's own range: beyond it a duration cannot be written as JSON, so that no export of the user would end.
DWELL_SECONDS_MAX = 315_576_000_000
# How far ahead of the time of receipt an event may be: more than any zone or clock is off by mistake.
AHEAD_MS_MAX = DAY_MS

_NANOS = 1_000_000_000
_FEEDBACKS = frozenset(Feedback.values())


class NewEvent(NamedTuple):
    """A checked event, ready to be written."""

    user: UserKey
    """User key."""
    event_id: str
    time_ms: int
    body: bytes
    """Serialized Event."""
    ends_session: bool


class Admission(NamedTuple):
    """What became of the events of one call."""

    kept: list[NewEvent]
    refused: list[RefusedEvent]


def admit(events: Iterable[Event], receipt_ms: int, *, namespace: str = "") -> Admission:
    """Return the events ready to be written, and the others with the reason.

    Args:
        events: Changed in place: one without a time gets the time of receipt, and what this version does not know of
            them is dropped.
        receipt_ms: The time of receipt.
        namespace: That of events which name none.
    """
    found = Admission([], [])
    for index, event in enumerate(events):
        if namespace and not event.namespace:
            event.namespace = namespace
        try:
            found.kept.append(checked(event, receipt_ms))
        except FieldError as exc:
            found.refused.append(_refused(index, event, exc))
    return found


def without_forgotten(admission: Admission, places: Sequence[int]) -> list[RefusedEvent]:
    """Return what an answer says of all events that were not recorded, in request order.

    Args:
        admission: What `admit` made of the request.
        places: Of those that the store did not take, among the kept: they lie in a time whose ids are forgotten.
    """
    if not places:
        return admission.refused
    taken_out = {refused.index for refused in admission.refused}
    indexes = [index for index in range(len(admission.kept) + len(taken_out)) if index not in taken_out]
    forgotten = [_forgotten(indexes[place], admission.kept[place]) for place in places]
    return sorted([*admission.refused, *forgotten], key=lambda refused: refused.index)


def _forgotten(index: int, event: NewEvent) -> RefusedEvent:
    return RefusedEvent(
        index=index,
        event_id=event.event_id,
        field=f"events[{index}].time",
        message=f"found {format_time_ms(event.time_ms)}, a time of which the user's event ids are forgotten, so that "
        "nobody can say whether it counted already; allowed: times outside it (store.ids_days)",
        reason=ErrorReason.ERROR_REASON_ID_FORGOTTEN,
    )


def checked(event: Event, receipt_ms: int) -> NewEvent:
    """Return an event ready to be written; one without a time gets the time of receipt.

    Fields this version does not know are dropped: nothing bounds them.

    Raises:
        FieldError: Names the field within the event, such as `topics[0]`.
    """
    # Each field is read once, and measured in bytes only when it might be too long: a call each would double the work.
    event_id, kind, item_id = event.event_id, event.type, event.item_id
    text, session_id = event.text, event.session_id
    if not 0 < len(event_id) * 4 <= keys.EVENT_ID_BYTES_MAX:
        check_text("event_id", event_id, keys.EVENT_ID_BYTES_MAX, bytes_min=1)
    user = keys.user_key(event.user_id, event.namespace)
    if not 0 < len(kind) * 4 <= TYPE_BYTES_MAX:
        check_text("type", kind, TYPE_BYTES_MAX, bytes_min=1)
    if len(item_id) * 4 > ITEM_ID_BYTES_MAX:
        check_text("item_id", item_id, ITEM_ID_BYTES_MAX)
    if len(text) * 4 > TEXT_BYTES_MAX:
        check_text("text", text, TEXT_BYTES_MAX)
    if len(session_id) * 4 > SESSION_ID_BYTES_MAX:
        check_text("session_id", session_id, SESSION_ID_BYTES_MAX)
    _check_topics(event)
    _check_attributes(event)
    if event.namespace == synthetic.NAMESPACE:
        synthetic.check_event(event.namespace, event.attributes)
    _check_numbers(event)
    time_ms = _time_ms(event, receipt_ms)
    event.DiscardUnknownFields()
    return NewEvent(user, event_id, time_ms, event.SerializeToString(), kind == SESSION_END)


def _refused(index: int, event: Event, exc: FieldError) -> RefusedEvent:
    """Return how an answer names an event that `checked` refused."""
    return RefusedEvent(
        index=index,
        event_id=event.event_id,
        field=f"events[{index}].{exc.field}",
        message=f"found {exc.found}; allowed: {exc.allowed}",
        reason=ErrorReason.ERROR_REASON_FIELD_INVALID,
    )


def _check_topics(event: Event) -> None:
    # A slice is a plain list, looped over in half the time.
    topics = event.topics[:]
    if len(topics) > TOPICS_MAX:
        raise FieldError("topics", f"{len(topics)} topics", f"at most {TOPICS_MAX} topics")
    for topic in topics:
        if not 0 < len(topic) * 4 <= TOPIC_BYTES_MAX:
            check_text(f"topics[{topics.index(topic)}]", topic, TOPIC_BYTES_MAX, bytes_min=1)


def _check_attributes(event: Event) -> None:
    attributes = event.attributes
    if not attributes:
        return
    if len(attributes) > ATTRIBUTES_MAX:
        raise FieldError("attributes", f"{len(attributes)} keys", f"at most {ATTRIBUTES_MAX} keys")
    # Not `items()`, which is a view written in Python and takes thrice as long.
    for key in attributes:
        value = attributes[key]
        if not 0 < len(key) * 4 <= ATTRIBUTE_KEY_BYTES_MAX:
            check_text("attributes", key, ATTRIBUTE_KEY_BYTES_MAX, bytes_min=1)
        if len(value) * 4 > ATTRIBUTE_VALUE_BYTES_MAX:
            check_text(f"attributes[{key!r}]", value, ATTRIBUTE_VALUE_BYTES_MAX)


def _check_numbers(event: Event) -> None:
    if event.HasField("dwell"):
        seconds, nanos = event.dwell.seconds, event.dwell.nanos
        if not (0 <= seconds < DWELL_SECONDS_MAX and 0 <= nanos < _NANOS):
            allowed = f"0 seconds or more, under {DWELL_SECONDS_MAX:,}"
            raise FieldError("dwell", f"{seconds + nanos / _NANOS:g} seconds", allowed)
    feedback = event.feedback
    if feedback not in _FEEDBACKS:
        raise FieldError("feedback", str(feedback), "a value of the enum Feedback")
    if event.vector:
        _check_vector(event.vector)
    if event.HasField("value") and not math.isfinite(event.value):
        raise FieldError("value", str(event.value), "a finite number")


def _check_vector(vector: Sequence[float]) -> None:
    if len(vector) > VECTOR_MAX:
        raise FieldError("vector", f"{len(vector):,} numbers", f"at most {VECTOR_MAX:,}")
    if not all(map(math.isfinite, vector)):
        raise FieldError("vector", "a number that is not finite", "finite numbers")


def _time_ms(event: Event, receipt_ms: int) -> int:
    if not event.HasField("time"):
        event.time.FromMilliseconds(receipt_ms)
        return receipt_ms
    time: Timestamp = event.time
    seconds, nanos = time.seconds, time.nanos
    time_ms = seconds * 1000 + nanos // 1_000_000
    if not (0 <= time_ms <= receipt_ms + AHEAD_MS_MAX and 0 <= nanos < _NANOS):
        latest = format_time_ms(receipt_ms + AHEAD_MS_MAX)
        found = f"{seconds} seconds and {nanos} nanoseconds since 1970"
        raise FieldError(
            "time", found, f"1970-01-01T00:00:00Z to {latest}, a day ahead of the sidecar's time"
        )
    return time_ms
