"""The words of an event, as statements are held against them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foreword.v1 import event_pb2
from scheduler.agent.evidence import GENERATOR_KEY, Evidence
from scheduler.agent.framing import VERSION_NUMBER
from scheduler.agent.stems import words_in

_FEEDBACK = {
    number: name.removeprefix("FEEDBACK_").lower() for name, number in event_pb2.Feedback.items() if number
}
_VERSION = re.compile(r"\d\.\d")


class EventWords:
    """Reads the words of events, each event once. Made for one refresh."""

    def __init__(self) -> None:
        self._found: dict[str, frozenset[str]] = {}

    def of(self, item: Evidence) -> frozenset[str]:
        """Return the stems of all that an event says: topics, text, item, type, values and feedback."""
        event_id = item.event.event_id
        if event_id not in self._found:
            self._found[event_id] = frozenset(_words(item))
        return self._found[event_id]


def label_words(item: Evidence) -> frozenset[str]:
    """Return the stems of what an event is filed under: topics, item, type and values, but not its text."""
    return frozenset(_labels(item))


def topic_words(item: Evidence) -> frozenset[str]:
    """Return the stems of an event's topics."""
    return frozenset(word for topic in item.topics.values() for word in words_in(topic))


def _words(item: Evidence) -> Iterator[str]:
    event = item.event
    yield from _labels(item)
    yield from words_in(event.text)
    if event.feedback in _FEEDBACK:
        yield from words_in(_FEEDBACK[event.feedback])
    if _VERSION.search(event.text) or _VERSION.search(event.item_id):
        yield VERSION_NUMBER


def _labels(item: Evidence) -> Iterator[str]:
    event = item.event
    for text in (*item.topics.values(), event.item_id, event.type):
        yield from words_in(text)
    for key, value in event.attributes.items():
        if key != GENERATOR_KEY:
            yield from words_in(value)
