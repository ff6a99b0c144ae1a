"""What all users of a namespace do: the prior a single user's few events are shrunk towards."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from foreword.clock import DAY_MS
from foreword.faded_counts import put_spellings, recast, spellings_of
from foreword.store.v1 import store_pb2
from foreword.synonyms import NO_SYNONYMS, Synonyms
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.name_users import NameUsers

# The store's limit on a population row: 2,000 topics are about 100 kB and cover nearly all weight of any namespace.
TOPICS_MAX = 2000
# Pruning down to TOPICS_MAX costs a sort; waiting until a quarter more have come makes it rare.
_TOPICS_BEFORE_PRUNING = TOPICS_MAX * 5 // 4
# Lengths from 2^0 to 2^32, in whatever unit events use.
LENGTH_BUCKETS = 32
# Below this faded weight a percentile says more about chance than about the user.
_LENGTH_WEIGHT_MIN = 20.0
# Weights are held relative to a reference time and grow as time passes; at 2^200 the reference is moved on.
_SCALE_EXPONENT_MAX = 200.0


@dataclass(frozen=True, slots=True)
class Told:
    """What models are told of a population.

    Attributes:
        text: The text.
        since_ms: When it was made.
        user_count: How many users had contributed then.
    """

    text: str
    since_ms: int
    user_count: int


@dataclass
class PopulationDelta:
    """What one refresh adds to the population; weights faded to `as_of_ms`.

    Attributes:
        as_of_ms: The time to which the weights are faded.
        topics: For each topic, by `topic_key`, the weight for and against it, and the number of events.
        total_weight: Faded weight of all the events.
        lengths: Faded weight by bucket of text length, as in `Population.length_weights`.
        user_count: 1 when the user contributes for the first time, else 0.
        event_count: The events, unfaded.
        names: What the user's activity carries, by `topic_key`; only where the policy of words is `shared`.
        user_mark: Stands for the user in the counts of these names.
        spellings: Of topics that others count as, how many events carried which other, by `topic_key`.
    """

    as_of_ms: int
    topics: dict[str, tuple[float, float, int]] = field(default_factory=dict)
    total_weight: float = 0.0
    lengths: dict[int, float] = field(default_factory=dict)
    user_count: int = 0
    event_count: int = 0
    names: frozenset[str] = frozenset()
    user_mark: int = 0
    spellings: dict[str, dict[str, int]] = field(default_factory=dict)


class PopulationView:
    """The population of one namespace, held in memory and kept current by deltas.

    A lookup costs a dictionary access; fading costs nothing, since weights are held relative to a reference
    time and scaled when read.

    Attributes:
        name_users: How many users carry each name.
        told: What models are told of it; held here, so that it stays the same for hours.
        synonyms: Which of its topics mean the same; every topic here is one that none of them counts as another.
    """

    def __init__(self, half_life_days: float, synonyms: Synonyms = NO_SYNONYMS) -> None:
        self.synonyms = synonyms
        self._half_life_ms = half_life_days * DAY_MS
        self._reference_ms = 0
        self._as_of_ms = 0
        self._topics: dict[str, list[float]] = {}
        self._last_seen_ms: dict[str, int] = {}
        # Only of topics that others count as: what of them a split gives back.
        self._spellings: dict[str, dict[str, int]] = {}
        self._total = 0.0
        self._lengths = [0.0] * LENGTH_BUCKETS
        self._user_count = 0
        self._event_count = 0
        self.name_users = NameUsers()
        self.told: Told | None = None

    @classmethod
    def from_proto(
        cls, row: store_pb2.Population, half_life_days: float, synonyms: Synonyms = NO_SYNONYMS
    ) -> PopulationView:
        """Return the view that a stored row describes, under the synonyms in force."""
        view = cls(half_life_days, synonyms)
        view._reference_ms = view._as_of_ms = row.as_of_ms
        for count in recast(row.topics, synonyms):
            topic = topic_key(count.value)
            # Rows of an older version may be several spellings of one topic.
            entry = view._topics.setdefault(topic, [0.0, 0.0, 0.0])
            entry[0] += count.weight
            entry[1] += count.negative_weight
            entry[2] += count.event_count
            view._last_seen_ms[topic] = max(
                view._last_seen_ms.get(topic, 0), count.last_seen.ToMilliseconds()
            )
            if count.spellings:
                view._spellings[topic] = spellings_of(count)
        view._total = row.total_weight
        for bucket, weight in enumerate(row.length_weights[:LENGTH_BUCKETS]):
            view._lengths[bucket] = weight
        view._user_count = row.user_count
        view._event_count = row.event_count
        view.name_users = NameUsers(row.names)
        return view

    def to_proto(self) -> store_pb2.Population:
        """Return the row to store: the strongest 2,000 topics, faded to the newest time folded in."""
        self._prune(TOPICS_MAX)
        scale = self._scale(self._as_of_ms)
        row = store_pb2.Population(
            as_of_ms=self._as_of_ms,
            total_weight=self._total / scale,
            user_count=self._user_count,
            event_count=self._event_count,
        )
        ranked = sorted(self._topics.items(), key=lambda item: (-item[1][0] - item[1][1], item[0]))
        for topic, (weight, negative, events) in ranked:
            count = row.topics.add(
                value=topic, weight=weight / scale, negative_weight=negative / scale, event_count=int(events)
            )
            count.last_seen.FromMilliseconds(self._last_seen_ms[topic])
            spelled = {key: events for key, events in self._spellings.get(topic, {}).items() if events}
            put_spellings(count, spelled or {topic: int(events)})
        if any(self._lengths):
            row.length_weights.extend(weight / scale for weight in self._lengths)
        row.names.extend(self.name_users.rows())
        return row

    @property
    def user_count(self) -> int:
        """Return how many users ever contributed."""
        return self._user_count

    def share(self, topic: str) -> float:
        """Return the share of all users' weighted events that carry the topic, from 0 to 1; by `topic_key`."""
        entry = self._topics.get(topic)
        return min(1.0, entry[0] / self._total) if entry is not None and self._total > 0 else 0.0

    def events(self, topic: str) -> int:
        """Return how many events carried a topic itself, unfaded, whatever it counts as."""
        key = topic_key(topic)
        spelled = self._spellings.get(self.synonyms.key(topic))
        if spelled is not None:
            return spelled.get(key, 0)
        return int(self._topics[key][2]) if key in self._topics else 0

    def event_share(self, topic: str, own: int, own_total: int) -> float | None:
        """Return the share of the other users' events that carry the topic, unfaded.

        Args:
            topic: By `topic_key`.
            own: Events of the topic that the user has in here already.
            own_total: All events that the user has in here already.

        Returns:
            From 0 to 1; None without events of others, and in a row of an older version.
        """
        entry, others = self._topics.get(topic), self._event_count - own_total
        if others <= 0:
            return None
        return min(1.0, max(0.0, entry[2] - own) / others) if entry is not None else 0.0

    def common(self, users_min: int) -> list[tuple[str, float]]:
        """Return the topics that so many users' events carry, by `topic_key`, each with its share; ordered by it.

        Users are counted only where names are: where the policy of words is `shared`, or a model may be asked.
        """
        common = [
            (topic, self.share(topic)) for topic in self._topics if self.name_users.users(topic) >= users_min
        ]
        return sorted(common, key=lambda item: (-item[1], item[0]))

    def median_length(self) -> int | None:
        """Return the power of two at or below the median length of texts; None while too few are known."""
        total, below = sum(self._lengths), 0.0
        if total / self._scale(self._as_of_ms) < _LENGTH_WEIGHT_MIN:
            return None
        for bucket, weight in enumerate(self._lengths):
            below += weight
            if below * 2 >= total:
                return int(2**bucket)
        return None

    def length_percentile(self, length: float) -> int | None:
        """Return which percentage of all texts is shorter, 0 to 100; None while too few are known."""
        total = sum(self._lengths)
        if total / self._scale(self._as_of_ms) < _LENGTH_WEIGHT_MIN:
            return None
        position = math.log2(max(length, 1.0))
        bucket = min(int(position), LENGTH_BUCKETS - 1)
        below = sum(self._lengths[:bucket]) + self._lengths[bucket] * min(position - bucket, 1.0)
        return round(100 * below / total)

    def fold(self, delta: PopulationDelta) -> None:
        """Add what a refresh found; call it once, when the refresh's transaction is committed."""
        self._move_to(delta.as_of_ms)
        scale = self._scale(delta.as_of_ms)
        for topic, (weight, negative, events) in delta.topics.items():
            entry = self._topics.setdefault(topic, [0.0, 0.0, 0.0])
            # Deleted events are added as less than nothing.
            entry[0] = max(0.0, entry[0] + weight * scale)
            entry[1] = max(0.0, entry[1] + negative * scale)
            entry[2] = max(0.0, entry[2] + events)
            self._last_seen_ms[topic] = max(self._last_seen_ms.get(topic, 0), delta.as_of_ms)
            if topic in self._spellings or topic in delta.spellings:
                self._count_spellings(topic, events, delta.spellings.get(topic, {}))
            if not entry[2]:
                self._forget(topic)
        self._total = max(0.0, self._total + delta.total_weight * scale)
        for bucket, weight in delta.lengths.items():
            self._lengths[bucket] = max(0.0, self._lengths[bucket] + weight * scale)
        # A row of an older version has no count: it stays without one, rather than with a part.
        if self._event_count or not self._user_count:
            self._event_count = max(0, self._event_count + delta.event_count)
        self._user_count += delta.user_count
        self.name_users.add(delta.names, delta.user_mark)
        if len(self._topics) > _TOPICS_BEFORE_PRUNING:
            self._prune(TOPICS_MAX)

    def subtract(self, memory: profile_pb2.Memory) -> None:
        """Take an erased user's memory out again.

        Text lengths go by the memory's mean, since it keeps no distribution; weight that pruning already
        dropped is not missed.
        """
        as_of_ms = memory.as_of.ToMilliseconds()
        self._move_to(as_of_ms)
        scale = self._scale(as_of_ms)
        for count in recast(memory.topics, self.synonyms):
            topic = topic_key(count.value)
            entry = self._topics.get(topic)
            if entry is None:
                continue
            entry[0] = max(0.0, entry[0] - count.weight * scale)
            entry[1] = max(0.0, entry[1] - count.negative_weight * scale)
            entry[2] = max(0.0, entry[2] - count.event_count)
            self._take_spellings(topic, spellings_of(count))
            if not entry[2]:
                self._forget(topic)
        self._total = max(0.0, self._total - memory.total_weight * scale)
        if memory.HasField("mean_length"):
            bucket = length_bucket(memory.mean_length)
            self._lengths[bucket] = max(0.0, self._lengths[bucket] - memory.length_weight * scale)
        self._user_count = max(0, self._user_count - 1)
        self._event_count = max(0, self._event_count - memory.event_count)

    def _count_spellings(self, topic: str, events: int, others: dict[str, int]) -> None:
        spelled = self._spellings.setdefault(topic, {topic: max(0, int(self._topics[topic][2]) - events)})
        for key, count in {**others, topic: events - sum(others.values())}.items():
            # Deleted events are added as less than nothing.
            spelled[key] = max(0, spelled.get(key, 0) + count)

    def _take_spellings(self, topic: str, spellings: Mapping[str, int]) -> None:
        spelled = self._spellings.get(topic, {})
        for text, events in spellings.items():
            key = topic_key(text)
            if key in spelled:
                spelled[key] = max(0, spelled[key] - events)

    def _forget(self, topic: str) -> None:
        del self._topics[topic], self._last_seen_ms[topic]
        self._spellings.pop(topic, None)

    def _scale(self, time_ms: int) -> float:
        """Return what a weight of one at `time_ms` is worth in the units held."""
        return float(2.0 ** ((time_ms - self._reference_ms) / self._half_life_ms))

    def _move_to(self, time_ms: int) -> None:
        if not self._reference_ms:
            self._reference_ms = self._as_of_ms = time_ms
        self._as_of_ms = max(self._as_of_ms, time_ms)
        if (self._as_of_ms - self._reference_ms) / self._half_life_ms > _SCALE_EXPONENT_MAX:
            self._rebase()

    def _rebase(self) -> None:
        # Not divided by `_scale`: that overflows over a thousand half-lives, which an event of 1970 is away.
        fade = 2.0 ** ((self._reference_ms - self._as_of_ms) / self._half_life_ms)
        for entry in self._topics.values():
            entry[0] *= fade
            entry[1] *= fade
        self._lengths = [weight * fade for weight in self._lengths]
        self._total *= fade
        self._reference_ms = self._as_of_ms

    def _prune(self, topics_max: int) -> None:
        if len(self._topics) <= topics_max:
            return
        kept = heapq.nsmallest(
            topics_max, self._topics.items(), key=lambda item: (-item[1][0] - item[1][1], item[0])
        )
        for topic in self._topics.keys() - dict(kept).keys():
            self._forget(topic)


def length_bucket(length: float) -> int:
    """Return the bucket of a text length: the power of two at or below it."""
    return min(max(int(math.log2(max(length, 1.0))), 0), LENGTH_BUCKETS - 1)
