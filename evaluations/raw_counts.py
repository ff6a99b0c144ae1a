"""What users did, counted from their events alone: what texts are held against.

Nothing here comes from the agent, whose counts are what is doubted; only when two spellings are one topic, and what an
act says of its topics, is the kernel's to tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from foreword.clock import DAY_MS
from foreword.signs import AGAINST, Sign, Signs, corrects, decides
from foreword.topics import topic_key
from foreword.v1 import event_pb2

_SIGNS = Signs()
_RATING_VERBS = frozenset({"rate", "rated", "rating", "review", "score", "stars"})
# Types that bound a session or a connection: nothing was done in them.
_FRAMES = frozenset({"session", "heartbeat", "ping", "login", "logout"})
KNOWN_ACTS_MIN = 4
"""With fewer acts nothing is said of a user."""


class Act(NamedTuple):
    """One event of a user.

    Attributes:
        event: The event.
        time_ms: When, in ms since 1970.
        topics: Its topics, by `topic_key`.
        against: It speaks against its topics.
        decision: 1 when it decides for its topics, -1 against them, else 0.
        corrects: It says how answers should be.
        rating: The rating given; None without one.
    """

    event: event_pb2.Event
    time_ms: int
    topics: frozenset[str]
    against: bool
    decision: int
    corrects: bool
    rating: float | None

    @property
    def day(self) -> int:
        """The day, in days since 1970."""
        return self.time_ms // DAY_MS


def acts_of(events: Iterable[event_pb2.Event]) -> list[Act]:
    """Return the acts in a file's events, ascending by time; what only bounds a session is none."""
    acts = [_act(event) for event in events if event.type.partition(".")[0].lower() not in _FRAMES]
    return sorted(acts, key=lambda act: (act.time_ms, act.event.event_id))


def _act(event: event_pb2.Event) -> Act:
    verb = event.type.rpartition(".")[2].lower()
    topics = frozenset(map(topic_key, event.topics))
    has_value = event.HasField("value")
    sign = _SIGNS.of(event.type, event.feedback, has_value)
    against = sign in AGAINST
    decided = sign is not Sign.NEUTRAL and decides(sign, event.item_id, len(topics))
    return Act(
        event,
        event.time.seconds * 1000 + event.time.nanos // 1_000_000,
        topics,
        against,
        (-1 if against else 1) if decided else 0,
        corrects(sign, event.feedback),
        event.value if has_value and verb in _RATING_VERBS else None,
    )


class User:
    """What one user did, ascending by time.

    Attributes:
        acts: All of it.
        topics: Acts by topic.
    """

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.topics: Counter[str] = Counter()

    def newest(self, count: int) -> Sequence[Act]:
        """Return the newest acts."""
        return self.acts[-count:]

    def newest_and_tied(self, count: int) -> Sequence[Act]:
        """Return the newest acts, and with the oldest of them all others of its moment."""
        edge_ms = self.newest(count)[0].time_ms
        return [act for act in self.acts if act.time_ms >= edge_ms]

    def last_days(self, days: int) -> Sequence[Act]:
        """Return the acts of so many days up to the last one: of the user's time, not of the reader's."""
        start_ms = self.acts[-1].time_ms - days * DAY_MS
        return [act for act in self.acts if act.time_ms >= start_ms]

    def share(self, topic: str) -> float:
        """Return the share of all acts that have a topic."""
        return self.topics[topic] / len(self.acts)


class Namespace:
    """What all users of a namespace did until a time.

    Attributes:
        users: Each user, by id.
        topics: Acts of all users by topic.
        acts: How many in all.
        users_of: How many users have each topic.
        known_users: How many users have at least 4 acts, of whom anything is said.
    """

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.topics: Counter[str] = Counter()
        self.users_of: Counter[str] = Counter()
        self.acts = 0
        self.known_users = 0

    def add(self, acts: Iterable[Act]) -> None:
        """Add acts; each user's in the order of time."""
        for act in acts:
            user = self.users.setdefault(act.event.user_id, User())
            user.acts.append(act)
            self.known_users += len(user.acts) == KNOWN_ACTS_MIN
            self.acts += 1
            for topic in act.topics:
                user.topics[topic] += 1
                self.topics[topic] += 1
                self.users_of[topic] += user.topics[topic] == 1

    def others_share(self, user: User, topic: str) -> float:
        """Return the share that a topic has of what all the other users did."""
        others = self.acts - len(user.acts)
        return (self.topics[topic] - user.topics[topic]) / others if others else 0.0


def mean(values: Iterable[float]) -> float | None:
    """Return the mean; None of nothing."""
    found = list(values)
    return sum(found) / len(found) if found else None


def count(acts: Iterable[Act], holds: Callable[[Act], bool]) -> int:
    """Return how many acts something holds of."""
    return sum(map(holds, acts))
