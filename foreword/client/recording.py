"""Recording events: what is to be sent, in which calls, and one answer for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from foreword.client.calls import BATCH_MAX
from foreword.client.events import UnknownFieldError, given_events, make_event
from foreword.errors import FieldError
from foreword.v1.activity_service_pb2 import RecordEventsResponse
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.event_pb2 import Event

# A thousand events at all their limits exceed what the sidecar takes in one message, 16 MiB by default.
BATCH_BYTES_MAX = 4 << 20


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
            given = given_events(events, fields)
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

    def batches(self) -> Iterator[list[tuple[int, Event]]]:
        """Yield the kept events in lists that one call takes, by number and by size."""
        batch: list[tuple[int, Event]] = []
        size_bytes = 0
        for place, event in self.kept:
            event_bytes = event.ByteSize()
            if batch and (len(batch) >= BATCH_MAX or size_bytes + event_bytes > BATCH_BYTES_MAX):
                yield batch
                batch, size_bytes = [], 0
            batch.append((place, event))
            size_bytes += event_bytes
        if batch:
            yield batch

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
            # As the sidecar says it, and what to write instead.
            message=str(mistake.error).removeprefix(f"{mistake.error.field}: "),
            reason=ErrorReason.ERROR_REASON_FIELD_INVALID,
        )
