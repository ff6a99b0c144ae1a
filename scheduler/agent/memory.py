"""The profile's long memory: counts that fade with a half-life and outlive the raw events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from google.protobuf.duration_pb2 import Duration

from foreword.clock import DAY_MS, HOUR_MS
from foreword.corrections import Wish, wishes_in
from foreword.redaction import redact_value
from foreword.topics import commonest, topic_key
from foreword.v1 import profile_pb2
from scheduler.agent import kept_counts, recent
from scheduler.agent.day_sums import DaySums
from scheduler.agent.evidence import GENERATOR_KEY, Evidence
from scheduler.agent.offers import Offers, is_accepted, offers_of
from scheduler.agent.population import PopulationDelta, length_bucket
from scheduler.agent.recent import Recent

# Longer values are texts or identifiers, not categories.
_VALUE_BYTES_MAX = 64
LENGTH_KEY = "length"
TYPE_FIELD = "type"
# Looked up for every topic of every refresh.
_NO = profile_pb2.STANCE_NO
_KEYS_NOT_KEPT = frozenset({LENGTH_KEY, GENERATOR_KEY})


@dataclass(slots=True)
class TopicCount:
    """Faded counts of one topic; weights at the memory's time, ratings in the application's unit.

    Attributes:
        rating_total: Sum of the ratings, unfaded.
        rating_count: How many that is.
        spellings: Events by how they spelled the topic, unfaded.
        title: What it is called whatever the spellings say, as one that others count as; empty when none do.
        stance: What the user last said of it outright; neither fades nor is pruned.
        stance_ms: When they said so.
        days: What orders the topic: its days by their roots, faded; of events for it.
        accepted: Offers of it that were accepted, unfaded.
        rejected: Those that were rejected.
        against_events: Events that spoke against it, unfaded.
    """

    weight: float = 0.0
    against: float = 0.0
    events: int = 0
    last_seen_ms: int = 0
    rating_sum: float = 0.0
    rating_weight: float = 0.0
    rating_total: float = 0.0
    rating_count: int = 0
    spellings: dict[str, int] = field(default_factory=dict)
    title: str = ""
    stance: profile_pb2.Stance = profile_pb2.STANCE_UNSPECIFIED
    stance_ms: int = 0
    days: DaySums = field(default_factory=DaySums)
    accepted: int = 0
    rejected: int = 0
    against_events: int = 0

    def take_stance(self, stance: profile_pb2.Stance, time_ms: int) -> None:
        """Take over what the user said, unless they said something later; of two at one time the no holds."""
        is_tie_won = time_ms == self.stance_ms and stance == profile_pb2.STANCE_NO
        if not self.stance or time_ms > self.stance_ms or is_tie_won:
            self.stance, self.stance_ms = stance, time_ms

    def name(self) -> str:
        """Return the topic as most events spell it, or as it is called."""
        return self.title or commonest(self.spellings)


@dataclass(slots=True)
class AttributeCount:
    """Faded count of one value of an attribute."""

    weight: float = 0.0
    events: int = 0
    last_seen_ms: int = 0


@dataclass(slots=True)
class Memory:
    """A memory to compute with; `as_of_ms` is the time to which every weight is faded, topics go by `topic_key`.

    `wishes` hold for each key when the user said how answers should be, and what. `days` are as those of a topic, of
    all events. With `is_partial` counts of topics may lack events from before.
    """

    as_of_ms: int
    half_life_ms: float
    topics: dict[str, TopicCount] = field(default_factory=dict)
    attributes: dict[tuple[str, str], AttributeCount] = field(default_factory=dict)
    hours: list[float] = field(default_factory=lambda: [0.0] * 24)
    events: int = 0
    weight: float = 0.0
    length_sum: float = 0.0
    length_weight: float = 0.0
    rating_sum: float = 0.0
    rating_square_sum: float = 0.0
    rating_weight: float = 0.0
    rating_total: float = 0.0
    rating_count: int = 0
    is_partial: bool = False
    wishes: dict[str, tuple[int, str]] = field(default_factory=dict)
    recent: Recent = field(default_factory=Recent)
    days: DaySums = field(default_factory=DaySums)
    offers: Offers = field(default_factory=Offers)

    def fade_factor(self, time_ms: int) -> float:
        """Return what a weight of the memory is worth at a later time."""
        return float(2.0 ** ((self.as_of_ms - time_ms) / self.half_life_ms))

    def says_something(self) -> bool:
        """Return whether the user said something outright, which is known from the first event on."""
        return bool(self.wishes) or any(
            count.stance == profile_pb2.STANCE_NO for count in self.topics.values()
        )

    def take_wish(self, wish: Wish, time_ms: int) -> None:
        """Take over how the user wants answers to be, unless they said otherwise later."""
        self.wishes[wish.key] = max((time_ms, wish.value), self.wishes.get(wish.key, (0, "")))


def fold(
    previous: profile_pb2.Memory | None, news: Sequence[Evidence], half_life_days: float
) -> tuple[Memory, PopulationDelta]:
    """Return the memory with the news added, and what they add to the population.

    Every event counts `2 ** -((as_of - time) / half_life)`, where `as_of` is the newest event's time, so the order
    of arrival does not matter and folding in parts equals folding at once, until a limit drops the weakest topic.
    `DaySums` says what that means for the sums over days.
    """
    previous_as_of_ms = previous.as_of.ToMilliseconds() if previous is not None else 0
    as_of_ms = max([previous_as_of_ms, *(item.time_ms for item in news)])
    memory = _faded(previous, as_of_ms, half_life_days * DAY_MS)
    delta = PopulationDelta(as_of_ms=as_of_ms, user_count=int(not memory.events and bool(news)))
    for item in news:
        _add(memory, delta, item)
    recent.remember(memory.recent, news)
    _add_days(memory, news)
    return memory, delta


def decide(memory: Memory, evidence: Sequence[Evidence]) -> None:
    """Take over what events of the window decide: the operator's signs may have changed since they were folded."""
    for item in evidence:
        for topic in item.topics if item.decides else ():
            if topic in memory.topics:
                memory.topics[topic].take_stance(stance_of(item), item.time_ms)


def stance_of(item: Evidence) -> profile_pb2.Stance:
    """Return which way an event decides that does."""
    return profile_pb2.STANCE_NO if item.against else profile_pb2.STANCE_YES


def to_proto(memory: Memory) -> profile_pb2.Memory:
    """Return the memory as the profile carries it, within its limit: see `kept_counts`."""
    proto = profile_pb2.Memory(event_count=memory.events, total_weight=memory.weight)
    proto.as_of.FromMilliseconds(memory.as_of_ms)
    proto.half_life.CopyFrom(Duration(seconds=int(memory.half_life_ms // 1000)))
    if memory.weight:
        proto.hour_weights.extend(memory.hours)
    if memory.length_weight:
        proto.mean_length = memory.length_sum / memory.length_weight
        proto.length_weight = memory.length_weight
    for key, (time_ms, value) in sorted(memory.wishes.items()):
        proto.wishes.add(key=key, value=value).time.FromMilliseconds(time_ms)
    proto.rating_sum = memory.rating_sum
    proto.rating_square_sum = memory.rating_square_sum
    proto.rating_weight = memory.rating_weight
    proto.rating_total, proto.rating_count = memory.rating_total, memory.rating_count
    recent.write(memory.recent, proto)
    memory.days.write(proto)
    memory.offers.write(proto)
    kept_counts.write(memory.topics, memory.attributes, proto)
    proto.is_partial = memory.is_partial or len(proto.topics) < len(memory.topics)
    return proto


def _faded(previous: profile_pb2.Memory | None, as_of_ms: int, half_life_ms: float) -> Memory:
    memory = Memory(as_of_ms, half_life_ms)
    if previous is None:
        return memory
    age_ms = as_of_ms - previous.as_of.ToMilliseconds()
    fade = 2.0 ** (-age_ms / half_life_ms)
    for row in previous.topics:
        # Rows of an older version may be several spellings of one topic.
        count = memory.topics.setdefault(topic_key(row.value), TopicCount())
        count.weight += row.weight * fade
        count.against += row.negative_weight * fade
        count.events += row.event_count
        count.last_seen_ms = max(count.last_seen_ms, row.last_seen.ToMilliseconds())
        count.rating_sum += row.rating_sum * fade
        count.rating_weight += row.rating_weight * fade
        count.accepted += row.accepted_count
        count.rejected += row.rejected_count
        count.against_events += row.against_count
        count.rating_total += row.rating_total
        count.rating_count += row.rating_count
        if row.stance:
            count.take_stance(row.stance, row.stance_time.ToMilliseconds())
        if row.last_day or not row.weight:
            count.days.take(row, age_ms)
        else:
            count.days.assume(row.weight * fade, half_life_ms, row.last_seen.ToMilliseconds())
        for spelling in row.spellings:
            count.spellings[spelling.text] = spelling.event_count
        if not row.spellings:
            count.spellings[row.value] = row.event_count
    for row in previous.attributes:
        memory.attributes[row.field, row.value] = AttributeCount(
            row.weight * fade, row.event_count, row.last_seen.ToMilliseconds()
        )
    if len(previous.hour_weights) == 24:
        memory.hours = [weight * fade for weight in previous.hour_weights]
    memory.events = previous.event_count
    memory.weight = previous.total_weight * fade
    memory.length_weight = previous.length_weight * fade
    memory.length_sum = previous.mean_length * memory.length_weight
    memory.rating_sum = previous.rating_sum * fade
    memory.rating_square_sum = previous.rating_square_sum * fade
    memory.rating_weight = previous.rating_weight * fade
    memory.rating_total, memory.rating_count = previous.rating_total, previous.rating_count
    memory.is_partial = previous.is_partial or bool(previous.rating_weight and not previous.rating_count)
    for held in previous.wishes:
        memory.take_wish(Wish(held.key, held.value), held.time.ToMilliseconds())
    memory.recent = recent.recent_of(previous)
    if previous.last_day or not previous.total_weight:
        memory.days.take(previous, age_ms)
    else:
        memory.days.assume(memory.weight, half_life_ms, previous.as_of.ToMilliseconds())
    memory.offers = offers_of(previous)
    return memory


def _add(memory: Memory, delta: PopulationDelta, item: Evidence) -> None:
    event, time_ms = item.event, item.time_ms
    weight = item.weight * 2.0 ** ((time_ms - memory.as_of_ms) / memory.half_life_ms)
    memory.events += 1
    memory.weight += weight
    memory.hours[time_ms // HOUR_MS % 24] += weight
    delta.total_weight += weight
    delta.event_count += 1
    if item.rating is not None:
        memory.rating_sum += weight * item.rating
        memory.rating_square_sum += weight * item.rating * item.rating
        memory.rating_weight += weight
        memory.rating_total += item.rating
        memory.rating_count += 1
    for topic, spelling in item.topics.items():
        _add_topic(memory, delta, topic, item, weight)
        spellings = memory.topics[topic].spellings
        spellings[spelling] = spellings.get(spelling, 0) + 1
    _add_offer(memory, item)
    for wish in wishes_in(event.text) if item.corrects else ():
        memory.take_wish(wish, time_ms)
    _add_attribute(memory, TYPE_FIELD, event.type, weight, time_ms)
    for name, value in event.attributes.items():
        if name == LENGTH_KEY:
            _add_length(memory, delta, value, weight)
        elif _is_category(name, value):
            _add_attribute(memory, name, value, weight, time_ms)


def _add_days(memory: Memory, news: Sequence[Evidence]) -> None:
    """Add the news to the sums over days, day by day, since the root is of a whole day."""
    all_days: dict[int, float] = {}
    topic_days: dict[str, dict[int, float]] = {}
    for item in news:
        # A time before 1970 is a mistake, and long faded either way.
        day = max(0, item.time_ms // DAY_MS)
        all_days[day] = all_days.get(day, 0.0) + item.weight
        for topic in () if item.against else item.topics:
            days = topic_days.setdefault(topic, {})
            days[day] = days.get(day, 0.0) + item.weight
    memory.days.add(all_days, memory.as_of_ms)
    for topic, days in topic_days.items():
        memory.topics[topic].days.add(days, memory.as_of_ms)


def _add_topic(memory: Memory, delta: PopulationDelta, topic: str, item: Evidence, weight: float) -> None:
    count = memory.topics.get(topic)
    if count is None:
        count = memory.topics[topic] = TopicCount()
    for_weight, against_weight, events = delta.topics.get(topic, (0.0, 0.0, 0))
    if item.against:
        count.against += weight
        count.against_events += 1
        against_weight += weight
    else:
        count.weight += weight
        for_weight += weight
    delta.topics[topic] = (for_weight, against_weight, events + 1)
    count.events += 1
    count.last_seen_ms = max(count.last_seen_ms, item.time_ms)
    if item.decides:
        count.take_stance(stance_of(item), item.time_ms)
    if item.rating is not None:
        count.rating_sum += weight * item.rating
        count.rating_weight += weight
        count.rating_total += item.rating
        count.rating_count += 1


def _add_offer(memory: Memory, item: Evidence) -> None:
    accepted = is_accepted(item.event.type, item.event.feedback)
    if accepted is None:
        return
    memory.offers.add(accepted, _length_of(item.event.attributes.get(LENGTH_KEY, "")))
    for topic in item.topics:
        memory.topics[topic].accepted += accepted
        memory.topics[topic].rejected += not accepted


def _add_attribute(memory: Memory, name: str, value: str, weight: float, time_ms: int) -> None:
    count = memory.attributes.get((name, value))
    if count is None:
        count = memory.attributes[name, value] = AttributeCount()
    count.weight += weight
    count.events += 1
    count.last_seen_ms = max(count.last_seen_ms, time_ms)


def _add_length(memory: Memory, delta: PopulationDelta, value: str, weight: float) -> None:
    length = _length_of(value)
    if length is None:
        return
    memory.length_sum += weight * length
    memory.length_weight += weight
    bucket = length_bucket(length)
    delta.lengths[bucket] = delta.lengths.get(bucket, 0.0) + weight


# Looked up for every attribute of every event, while few values are in use.
@lru_cache(maxsize=4096)
def _is_category(name: str, value: str) -> bool:
    """Tell whether an attribute sorts events into kinds; numbers, identifiers and what is personal do not."""
    return (
        name not in _KEYS_NOT_KEPT
        and not name.lower().endswith("id")
        and 0 < len(value.encode()) <= _VALUE_BYTES_MAX
        and _number(value) is None
        and redact_value(name, value) == value
    )


def _length_of(value: str) -> float | None:
    length = _number(value)
    return length if length is not None and 0 < length < 1e12 else None


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
