"""One line about the running session, at the end of a foreword and within the same budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from foreword.frames import session_line
from foreword.naming import Names
from foreword.signs import AGAINST, Signs, decides
from foreword.store.activity_reader import StoredEvent
from foreword.store.profile_writer import text_etag
from foreword.tokens import TOKENIZER, count_tokens
from foreword.topics import topic_key
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_service_pb2 import GetForewordResponse

# Newest events of the user looked at; a longer session is told by its newest part.
EVENTS_MAX = 64
TOPICS_MAX = 5
REFUSED_MAX = 3


class Session(NamedTuple):
    """What the newest events of a session tell, by names as they may stand in a text.

    Attributes:
        topics: What it is about, newest first.
        refused: What the user said no to in it, newest first.
    """

    topics: list[str]
    refused: list[str]


def session_of(events: Iterable[StoredEvent], session_id: str, names: Names, signs: Signs) -> Session:
    """Return what a session is about: its topics, or the types of its events when it has none.

    Never the text of an event, and only what may stand in a text. `events` come oldest first.
    """
    session = [stored.event for stored in events if stored.event.session_id == session_id]
    refused: dict[str, str] = {}
    for event in session:
        sign = signs.of(event.type, event.feedback, event.HasField("value"))
        if decides(sign, event.item_id, len(event.topics)):
            for topic in event.topics:
                refused.pop(topic_key(topic), None)
                if sign in AGAINST:
                    refused[topic_key(topic)] = topic
    session.reverse()
    topics = [topic for event in session for topic in event.topics]
    # Topics that may not be named are no reason to name types: a session about secrets would be told as a "view".
    raws = (
        [topic for topic in topics if topic_key(topic) not in refused] if topics else map(_type_of, session)
    )
    return Session(
        [name.shown for name in names.named(raws, TOPICS_MAX)],
        [name.shown for name in names.named(reversed(refused.values()), REFUSED_MAX)],
    )


def add_overlay(response: GetForewordResponse, session: Session, tokens_max: int) -> None:
    """Append the line that names as many topics as fit the budget; without room for one, append nothing.

    The core is never cut for it: what holds over months outweighs what the agent sees in its own conversation. It
    comes first and keeps its bytes, so that a prompt cache holds. What was refused goes before topics: the core does
    not say it before the user's next refresh.
    """
    for topics_count, refused_count in _sizes(session):
        line = session_line(response.text, session.topics[:topics_count], session.refused[:refused_count])
        separator = "\n" if response.text and not response.text.endswith("\n") else ""
        text = response.text + separator + line
        tokens = count_tokens(text)
        if tokens <= tokens_max:
            response.text = text
            response.token_count = tokens
            response.tokenizer = TOKENIZER
            response.etag = text_etag(text)
            response.cuts.add(byte_end=len(text.encode()), token_count=tokens)
            return


def _sizes(session: Session) -> Iterator[tuple[int, int]]:
    """Yield how many topics and how many refused names to try, most first; what was refused is left out last."""
    yield from ((count, len(session.refused)) for count in range(len(session.topics), 0, -1))
    yield from ((0, count) for count in range(len(session.refused), 0, -1))


def _type_of(event: Event) -> str:
    return event.type
