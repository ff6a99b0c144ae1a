"""What the demo replays: real people's events, and what one of them does next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from foreword.v1.event_pb2 import Event

# The replay begins this long after the last event, when every session has ended by its idle timeout.
REST_MS = 3_600_000


@dataclass(frozen=True)
class DemoData:
    """Events of real people.

    Attributes:
        title: What they are, in a few words.
        terms: Whose they are and on what terms; printed before use.
        events: All events, any order; each has a time.
        people: What the users are called: viewers, authors.
    """

    title: str
    terms: str
    events: Sequence[Event]
    people: str

    @cached_property
    def users(self) -> list[str]:
        """The users, most active first."""
        return [user for user, _ in Counter(event.user_id for event in self.events).most_common()]

    @cached_property
    def size(self) -> str:
        """How many events of how many people, in words."""
        count = len(self.users)
        people = self.people if count != 1 else self.people.removesuffix("s")
        return f"{len(self.events):,} events of {count:,} {people}"

    @cached_property
    def as_of_ms(self) -> int:
        """The time at which the replay begins."""
        return max(event.time.ToMilliseconds() for event in self.events) + REST_MS

    def topics(self) -> list[str]:
        """All topics, most frequent first."""
        return [
            topic
            for topic, _ in Counter(topic for event in self.events for topic in event.topics).most_common()
        ]


def next_session(user_id: str, like: Event, topic: str, count: int) -> list[Event]:
    """Return a made-up session: `count` acts of the same kind as `like` on one topic, and the session's end.

    They carry no time, so they happen when the sidecar receives them.
    """
    acts = []
    for number in range(count):
        act = Event()
        act.CopyFrom(like)
        act.ClearField("time")
        act.ClearField("text")
        act.user_id, act.event_id, act.item_id = user_id, f"demo-live-{number}", f"demo item {number}"
        act.topics[:] = [topic]
        acts.append(act)
    return [*acts, Event(event_id="demo-live-end", user_id=user_id, type="session.end")]
