"""One line about the running session, at the end of a foreword and within the same budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from foreword.budget import cut, leave_out
from foreword.corrections import said, wishes_in
from foreword.frames import session_line
from foreword.naming import Names
from foreword.signs import AGAINST, Signs, corrects, decides
from foreword.store.activity_reader import StoredEvent
from foreword.store.profile_writer import text_etag
from foreword.synonyms import NO_SYNONYMS, Synonyms
from foreword.tokens import TOKENIZER, count_line_tokens, count_tokens
from foreword.v1.profile_service_pb2 import GetForewordResponse

# Newest events of the user looked at; a longer session is told by its newest part.
EVENTS_MAX = 64
TOPICS_MAX = 5
REFUSED_MAX = 3
GOALS_MAX = 2
# Acts by which an application says what the user is after.
_GOAL_TYPES = frozenset({"goal", "task", "intent"})
# What was said in a session may take so much of a budget from the core.
_SAID_SHARE_MAX = 0.5


class Session(NamedTuple):
    """What the newest events of a session tell, by names as they may stand in a text.

    Attributes:
        topics: What it is about, newest first.
        wanted: How the user wants answers to be, as corrections in it say.
        refused: What the user said no to in it, newest first.
        goals: What the user said they are after, newest first.
    """

    topics: Sequence[str] = ()
    wanted: Sequence[str] = ()
    refused: Sequence[str] = ()
    goals: Sequence[str] = ()

    def parts(self) -> list[str]:
        """Return what is said of it."""
        return [
            *([", ".join(self.topics)] if self.topics else []),
            *([f"after {', '.join(self.goals)}"] if self.goals else []),
            *([f"wants {', '.join(self.wanted)}"] if self.wanted else []),
            *([f"skip {', '.join(self.refused)}"] if self.refused else []),
        ]

    def said(self) -> Session:
        """Return what the user said in it, without what it is merely about."""
        return self._replace(topics=())

    def smaller(self) -> Iterator[Session]:
        """Yield the session and less and less of it: topics are left out first, what the user said last."""
        for count in range(len(self.topics), 0, -1):
            yield self._replace(topics=self.topics[:count])
        for count in range(len(self.refused), 0, -1):
            yield self._replace(topics=(), refused=self.refused[:count])
        if self.wanted or self.goals:
            yield self._replace(topics=(), refused=())
        if self.wanted and self.goals:
            yield Session(wanted=self.wanted)


def session_of(
    events: Iterable[StoredEvent],
    session_id: str,
    names: Names,
    signs: Signs,
    synonyms: Synonyms = NO_SYNONYMS,
) -> Session:
    """Return what a session is about: its topics, or the types of its events when it has none.

    Never the text of an event, and only what may stand in a text. `events` come oldest first.
    """
    session = [stored.event for stored in events if stored.event.session_id == session_id]
    refused: dict[str, str] = {}
    wishes: dict[str, str] = {}
    goals: dict[str, str] = {}
    for event in session:
        sign = signs.of(event.type, event.feedback, event.HasField("value"))
        carried = synonyms.keyed(event.topics)
        if decides(sign, event.item_id, len(carried)):
            for key, topic in carried.items():
                refused.pop(key, None)
                if sign in AGAINST:
                    refused[key] = synonyms.shown(topic)
        if event.type.rpartition(".")[2].lower() in _GOAL_TYPES:
            goals |= {key: synonyms.shown(topic) for key, topic in carried.items()}
        if corrects(sign, event.feedback):
            wishes |= dict(wishes_in(event.text))
    session.reverse()
    topics = [topic for event in session for topic in event.topics]
    # Topics that may not be named are no reason to name types: a session about secrets would be told as a "view".
    # Nor is a type worth naming beside what the user said.
    types = [] if topics or wishes else [event.type for event in session]
    said_already = refused.keys() | goals.keys()
    named = [synonyms.shown(topic) for topic in topics if synonyms.key(topic) not in said_already]
    pursued = [goal for key, goal in goals.items() if key not in refused]
    raws = [*named, *types]
    return Session(
        topics=[name.shown for name in names.named(raws, TOPICS_MAX)],
        wanted=said(wishes),
        refused=[name.shown for name in names.named(reversed(refused.values()), REFUSED_MAX)],
        goals=[name.shown for name in names.named(reversed(pursued), GOALS_MAX)],
    )


def make_room(response: GetForewordResponse, session: Session, tokens_max: int) -> None:
    """Fit the core into the budget beside what the user said in the session, without what that contradicts.

    What the user just refused is not to be praised to them from a text of last night. For what the session is merely
    about the core gives no room: what holds over months outweighs what the agent sees in its own conversation.
    """
    if session.refused:
        leave_out(response, session.refused)
    parts = session.said().parts()
    taken = count_tokens("\n" + session_line(response.text, parts)) if parts else 0
    # Where the rest would hold nothing of the core, the core stays and the session goes in if it can.
    cut(response, tokens_max - taken if taken <= _SAID_SHARE_MAX * tokens_max else tokens_max)
    response.etag = text_etag(response.text)


def add_overlay(response: GetForewordResponse, session: Session, tokens_max: int) -> None:
    """Append the line that names as many topics as fit the budget; without room for one, append nothing.

    The core comes first and keeps its bytes, so that a prompt cache holds. What the user said goes before topics: the
    core does not say it before their next refresh.
    """
    for smaller in session.smaller():
        line = session_line(response.text, smaller.parts())
        separator = "\n" if response.text and not response.text.endswith("\n") else ""
        text = response.text + separator + line
        tokens = count_tokens(text)
        if tokens <= tokens_max:
            response.text = text
            response.token_count = tokens
            response.tokenizer = TOKENIZER
            response.etag = text_etag(text)
            response.cuts.add(byte_end=len(text.encode()), token_count=tokens)
            response.parts.add(kind="session", text=line, token_count=count_line_tokens(line))
            return
