"""One line about the running session, at the end of a foreword and within the same budget."""

from __future__ import annotations

from collections.abc import Iterable

from foreword.frames import session_line
from foreword.naming import Names
from foreword.store.activity_reader import StoredEvent
from foreword.store.profile_writer import text_etag
from foreword.tokens import TOKENIZER, count_tokens
from foreword.v1.profile_service_pb2 import GetForewordResponse

# Newest events of the user looked at; a longer session is told by its newest part.
EVENTS_MAX = 64
TOPICS_MAX = 5


def session_topics(events: Iterable[StoredEvent], session_id: str, names: Names) -> list[str]:
    """Return what a session is about, newest first: its topics, or the types of its events when it has none.

    Never the text of an event, and only what may stand in a text. `events` come oldest first.
    """
    session = [stored.event for stored in events if stored.event.session_id == session_id]
    session.reverse()
    topics = [topic for event in session for topic in event.topics]
    # Topics that may not be named are no reason to name types: a session about secrets would be told as a "view".
    raws = topics or [event.type for event in session]
    return [name.shown for name in names.named(raws, TOPICS_MAX)]


def add_overlay(response: GetForewordResponse, topics: list[str], tokens_max: int) -> None:
    """Append the line that names as many topics as fit the budget; without room for one, append nothing.

    The core is never cut for it: what holds over months outweighs what the agent sees in its own conversation. It
    comes first and keeps its bytes, so that a prompt cache holds.
    """
    for count in range(len(topics), 0, -1):
        line = session_line(response.text, topics[:count])
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
