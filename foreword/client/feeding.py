"""A long feed of events: in streams that are each answered, and sent again when they break."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from foreword import arguments
from foreword.client.calls import BATCH_MAX
from foreword.client.events import make_event
from foreword.client.recording import BATCH_BYTES_MAX
from foreword.errors import FieldError
from foreword.v1.activity_service_pb2 import StreamEventsRequest, StreamEventsResponse
from foreword.v1.event_pb2 import Event

# Messages of one stream. They are kept until it is answered, to be sent again if it breaks: 20,000 events, some 10 MB.
MESSAGES_MAX = 20
NAMED_MAX = 1000


class Feeding:
    """Makes events ready as they are needed, and sums up the answers.

    Args:
        events: Any number; taken from as they are sent.
        namespace: That of events which name none.

    Attributes:
        response: The sum of the answers; places count from the first event.

    Raises:
        FieldError: `events` is no list of any kind.
    """

    def __init__(self, events: Any, namespace: str) -> None:
        if isinstance(events, (str, bytes, Mapping, Event)) or not isinstance(events, Iterable):
            raise FieldError(
                "events", arguments.shown(events), "events, each an Event or a mapping of its fields"
            )
        self.response = StreamEventsResponse()
        self._events = enumerate(events)
        self._namespace = namespace
        self._settled_count = 0

    def streams(self) -> Iterator[list[StreamEventsRequest]]:
        """Yield the messages of each stream; add its answer before taking the next.

        Raises:
            FieldError: An event is of the wrong kind; those before it are settled, or in the messages yielded last.
        """
        messages: list[StreamEventsRequest] = []
        for message in self._messages():
            messages.append(message)
            if len(messages) == MESSAGES_MAX:
                yield messages
                messages = []
        if messages:
            yield messages

    def add(self, messages: list[StreamEventsRequest], answer: StreamEventsResponse) -> None:
        """Add the answer to a stream."""
        total, first = self.response, self._settled_count
        total.accepted_count += answer.accepted_count
        total.duplicate_count += answer.duplicate_count
        total.refused_count += answer.refused_count
        for refused in answer.refused[: NAMED_MAX - len(total.refused)]:
            place = first + refused.index
            refused.field = refused.field.replace(f"events[{refused.index}]", f"events[{place}]", 1)
            refused.index = place
            total.refused.append(refused)
        self._settled_count += sum(len(message.events) for message in messages)

    def _messages(self) -> Iterator[StreamEventsRequest]:
        message, size_bytes = StreamEventsRequest(), 0
        for place, source in self._events:
            event = self._made(place, source)
            event_bytes = event.ByteSize()
            if len(message.events) == BATCH_MAX or (
                message.events and size_bytes + event_bytes > BATCH_BYTES_MAX
            ):
                yield message
                message, size_bytes = StreamEventsRequest(), 0
            message.events.append(event)
            size_bytes += event_bytes
        if message.events:
            yield message

    def _made(self, place: int, source: Any) -> Event:
        try:
            return make_event(source, self._namespace)
        except FieldError as exc:
            field = f"events[{place}].{exc.field}" if exc.field else f"events[{place}]"
            raise FieldError(field, exc.found, exc.allowed, hint=exc.hint) from exc
