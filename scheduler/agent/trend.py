"""What the users of a namespace turn to now, counted from their memories; no user is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from foreword.clock import DAY_MS
from foreword.faded_counts import recast, spellings_of
from foreword.naming import well_shaped
from foreword.store.v1 import store_pb2
from foreword.synonyms import Synonyms
from foreword.topics import commonest, topic_key
from foreword.v1 import profile_pb2

TOPICS_MAX = 40
"""Topics that are kept of a trend: some will not be shown, as rules are changed in the course of a day."""
# How many users' worth of the longer memory is mixed into the newest days: with a hundred recent users the memory still
# has a sixth of the say, with five nearly all of it.
PRIOR_USERS = 20.0


@dataclass
class _Topic:
    """One topic's counts; `spellings` and `keys` are users by how they spell it, as it stands and by `topic_key`."""

    attention: float = 0.0
    recent_attention: float = 0.0
    spellings: dict[str, int] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)

    def said_by_many(self, users_min: int) -> tuple[str, int] | None:
        """Return how a topic may be told to a stranger, and how many users write it so; None where too few do.

        One user's own way to write a topic would tell of that user. Where no one spelling is that of many, what many
        have in common is told; where several topics count as one, the one that most users carry.
        """
        key = min(self.keys, key=lambda each: (-self.keys[each], each))
        text = commonest({text: users for text, users in self.spellings.items() if topic_key(text) == key})
        if self.spellings[text] >= users_min:
            return text, self.spellings[text]
        return (key, self.keys[key]) if self.keys[key] >= users_min else None


@dataclass
class _Counts:
    """What users of one cohort carry. A user has one vote, parted among their topics by how much they do of each."""

    users: int = 0
    recent_users: int = 0
    topics: dict[str, _Topic] = field(default_factory=dict)

    def add(self, votes: Sequence[_Vote], *, is_recent: bool) -> None:
        self.users += 1
        self.recent_users += is_recent
        topics = self.topics
        for key, attention, recent_attention, spellings in votes:
            topic = topics.get(key)
            if topic is None:
                topic = topics[key] = _Topic()
            topic.attention += attention
            topic.recent_attention += recent_attention
            for spelling in spellings:
                topic.spellings[spelling] = topic.spellings.get(spelling, 0) + 1
            for spelled in set(map(topic_key, spellings)):
                topic.keys[spelled] = topic.keys.get(spelled, 0) + 1

    def trend(self, cohort: str, users_min: int) -> store_pb2.Trend:
        row = store_pb2.Trend(cohort=cohort, user_count=self.users, recent_user_count=self.recent_users)
        found = []
        for topic in self.topics.values():
            said = topic.said_by_many(users_min)
            if said is not None:
                found.append(
                    store_pb2.TrendTopic(topic=said[0], score=self._score(topic), user_count=said[1])
                )
        found.sort(key=lambda each: (-each.score, each.topic))
        row.topics.extend(found[:TOPICS_MAX])
        return row

    def _score(self, topic: _Topic) -> float:
        """Return the share of attention in the newest days, shrunk towards the share in the longer memory."""
        known = topic.attention / self.users
        return (topic.recent_attention + PRIOR_USERS * known) / (self.recent_users + PRIOR_USERS)


class _Vote(NamedTuple):
    """What one user carries of a topic: its share of all they did, in the longer memory and of late."""

    key: str
    attention: float
    recent_attention: float
    spellings: tuple[str, ...]

    def joined(self, other: _Vote) -> _Vote:
        """Return both as one."""
        return _Vote(
            self.key,
            self.attention + other.attention,
            self.recent_attention + other.recent_attention,
            tuple(dict.fromkeys(self.spellings + other.spellings)),
        )


class TrendCounts:
    """Counts users one by one, for a namespace and its cohorts.

    Args:
        now_ms: As of when.
        recent_days: How many days, today included, are the newest.
        synonyms: Which topics mean the same.
        topics: By `topic_key`, those that are counted, which bounds the memory it takes; None for all.
        cohort_attribute: Parts the users; empty parts nobody.
        cohorts: Those that are counted, as `largest_cohorts` orders them.
    """

    def __init__(
        self,
        now_ms: int,
        *,
        recent_days: int,
        synonyms: Synonyms,
        topics: Set[str] | None = None,
        cohort_attribute: str = "",
        cohorts: Sequence[str] = (),
    ) -> None:
        self._first_day = now_ms // DAY_MS - recent_days + 1
        self._synonyms = synonyms
        self._topics = topics
        self._cohort_attribute = cohort_attribute
        self._whole = _Counts()
        self._cohorts = {cohort: _Counts() for cohort in cohorts}

    def add(self, memory: profile_pb2.Memory) -> None:
        """Count one user; call it once for each."""
        votes = self._votes(memory)
        if not votes:
            return
        is_recent = _last_day(memory) >= self._first_day
        self._whole.add(votes, is_recent=is_recent)
        of_cohort = self._cohorts.get(cohort_of(memory, self._cohort_attribute))
        if of_cohort is not None:
            of_cohort.add(votes, is_recent=is_recent)

    def trends(self, users_min: int) -> list[store_pb2.Trend]:
        """Return the trend of the whole namespace, then those of its cohorts; none of nobody.

        Args:
            users_min: Users who must carry a topic.
        """
        counted = [("", self._whole), *self._cohorts.items()]
        return [counts.trend(cohort, users_min) for cohort, counts in counted if counts.users]

    def _votes(self, memory: profile_pb2.Memory) -> list[_Vote]:
        rows = [row for row in recast(memory.topics, self._synonyms) if _speaks_for(row)]
        weights = [row.weight for row in rows]
        recent = [_recent(row, memory) if _last_day(row) >= self._first_day else 0.0 for row in rows]
        total, recent_total = sum(weights), sum(recent) or 1.0
        votes: dict[str, _Vote] = {}
        for row, weight, late in zip(rows, weights, recent, strict=True):
            if self._topics is not None and topic_key(row.value) not in self._topics:
                continue
            key, spellings = topic_key(row.value), spellings_of(row) if row.spellings else (row.value,)
            vote = _Vote(key, weight / total, late / recent_total, tuple(spellings))
            # Rows of an older version may be several spellings of one topic, and nobody counts twice.
            votes[key] = vote if key not in votes else votes[key].joined(vote)
        return list(votes.values())


def largest_cohorts(users: Mapping[str, int], *, users_min: int, count: int) -> list[str]:
    """Return the cohorts of most users, those first, of at least so many; of equals in the order of the alphabet."""
    large = [cohort for cohort, number in users.items() if cohort and number >= users_min]
    return sorted(large, key=lambda cohort: (-users[cohort], cohort))[:count]


def cohort_of(memory: profile_pb2.Memory, attribute: str) -> str:
    """Return the cohort a user belongs to: the value of an attribute that most of what they did carries.

    In small letters; empty without one, and where the value has not the shape of a name.
    """
    if not attribute:
        return ""
    rows = [row for row in memory.attributes if row.field == attribute]
    if not rows:
        return ""
    strongest = min(rows, key=lambda row: (-row.weight, row.value))
    named = well_shaped(strongest.value)
    return "" if named is None else topic_key(named)


def _speaks_for(row: profile_pb2.FadedCount) -> bool:
    """Return whether a user turns to a topic, rather than away from it."""
    return row.stance != profile_pb2.STANCE_NO and row.weight > row.negative_weight


def _recent(row: profile_pb2.FadedCount, memory: profile_pb2.Memory) -> float:
    """Return how much a user does of a topic of late, in units that only compare within the user."""
    return row.short_day_sum if memory.last_day else row.weight


def _last_day(counted: profile_pb2.FadedCount | profile_pb2.Memory) -> int:
    if counted.last_day:
        return counted.last_day
    # Of before days were counted.
    time = counted.last_seen if isinstance(counted, profile_pb2.FadedCount) else counted.as_of
    return time.ToMilliseconds() // DAY_MS
