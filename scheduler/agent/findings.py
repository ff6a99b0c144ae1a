"""What code reads out of a user's activity before any provider is asked; every number traces to counted events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from foreword.corrections import wishes_in
from foreword.naming import Names
from foreword.signs import Signs
from foreword.synonyms import Synonyms
from foreword.v1 import profile_pb2
from foreword.vocabulary import KindWords, Medium, Vocabulary
from scheduler.agent.affinity import Affinity
from scheduler.agent.evidence import Evidence
from scheduler.agent.kind import kind_of, medium_of
from scheduler.agent.memory import TYPE_FIELD, Memory
from scheduler.agent.population import PopulationView
from scheduler.agent.window import Window

_DEPTH_KEY = "depth"
# How one call of a tool went, and what one suggestion was like: nothing that anybody looks for.
_OF_ONE_ACT = frozenset({"outcome", "position", "lines", "confidence"})
_DEPTHS: Mapping[str, profile_pb2.Depth] = {
    "overview": profile_pb2.DEPTH_OVERVIEW,
    "standard": profile_pb2.DEPTH_STANDARD,
    "deep": profile_pb2.DEPTH_DEEP,
}
# A habit shows in this many events, and in at least half of them.
_DEPTH_EVENTS_MIN = 3
_LENGTH_WEIGHT_MIN = 2.0
# Hours can only be called quiet when there was time enough to be active in them.
_QUIET_EVENTS_MIN = 20
# One long evening leaves 19 hours without activity, and says nothing about the user's nights.
_QUIET_DAYS_MIN = 5
_QUIET_HOURS_MIN = 4
# An hour with less than this share of the activity counts as quiet: one late night in a hundred changes nothing.
_QUIET_SHARE_MAX = 0.01


@dataclass(frozen=True, slots=True)
class AttributeShare:
    """A value of an attribute with its share of the user's weighted events, 0 to 1, and the events counted."""

    field: str
    value: str
    share: float
    evidence_count: int


@dataclass(frozen=True, eq=False)
class Findings:
    """All that is read out of one user's activity.

    Attributes:
        kind: The kind of most of the activity: what is said of it, and what it shows.
        medium: What is rated or played, where events say so.
        high: Topics that draw the user, strongest first.
        low: Topics the user said no to, the newest first, then those they turned away from, strongest first.
        attributes: Attribute values, strongest first; the event type is not among them, nor what the user said no to.
        window: The weights of the window.
        memory: The memory with all new events.
        known: Every event read in this refresh that counts, by id.
        news: The ids among them that were accepted since the last refresh.
        others: Users of the namespace beside this one.
        others_share: The share of the other users' events that carry a topic, unfaded; None while that is not counted.
        names: What of the words above may stand in a text.
        words: What all kinds and their topics are called.
        depth: The depth of what the user reads; unspecified unless events carry it.
        length_percentile: Where the user's text length lies among all users', 0 to 100; None unless known.
        wishes: How the user wants answers to be, by key.
        corrections: Corrections of the window that no rule could read, the newest first.
        is_cold: Too few events to infer anything from: all there is is what the user said outright.
        synonyms: Which topics of the namespace mean the same.
        quiet_hours: First and past-the-end hour of the longest range without activity, UTC; None unless known.
    """

    kind: KindWords
    medium: Medium | None
    high: list[Affinity]
    low: list[Affinity]
    attributes: list[AttributeShare]
    window: Window
    memory: Memory
    known: Mapping[str, Evidence]
    news: frozenset[str]
    others: int
    others_share: Callable[[str], float | None]
    names: Names
    words: Vocabulary
    depth: profile_pb2.Depth
    length_percentile: int | None
    quiet_hours: tuple[int, int] | None
    wishes: Mapping[str, str]
    corrections: list[Evidence]
    is_cold: bool
    synonyms: Synonyms

    @cached_property
    def recent_topics(self) -> Counter[str]:
        """How many of the newest acts carry each topic, by `topic_key`."""
        return Counter(key for act in self.memory.recent.acts for key in self.synonyms.keyed(act.topics))

    def values(self, field: str) -> list[AttributeShare]:
        """Return the values of one attribute, strongest first."""
        return [entry for entry in self.attributes if entry.field == field]


def find(
    affinities: list[Affinity],
    window: Window,
    memory: Memory,
    population: PopulationView,
    *,
    names: Names,
    words: Vocabulary,
    known: Mapping[str, Evidence],
    news: frozenset[str],
    active_days: int,
    others: int,
    others_share: Callable[[str], float | None],
    signs: Signs,
    is_cold: bool,
) -> Findings:
    """Read everything out of the counts.

    Args:
        affinities: All topics, the most drawing first.
        window: The weights of the window.
        memory: The memory with all new events.
        population: The users of the namespace.
        names: What may be said.
        words: As in `Findings`.
        known: As in `Findings`.
        news: As in `Findings`.
        active_days: On how many days the user did anything.
        others: As in `Findings`.
        others_share: As in `Findings`.
        signs: What acts say of their topics.
        is_cold: As in `Findings`.
    """
    if is_cold:
        affinities = [affinity for affinity in affinities if affinity.is_refused]
    low = sorted(
        (affinity for affinity in affinities if affinity.aversion),
        key=lambda affinity: (
            not affinity.is_refused,
            -affinity.stance_ms if affinity.is_refused else 0,
            -affinity.aversion,
            affinity.key,
        ),
    )
    percentile = (
        population.length_percentile(memory.length_sum / memory.length_weight)
        if memory.length_weight >= _LENGTH_WEIGHT_MIN
        else None
    )
    return Findings(
        kind=kind_of(memory, signs, words),
        medium=medium_of(memory, words),
        high=[affinity for affinity in affinities if not affinity.aversion and affinity.score > 0],
        low=low,
        attributes=[] if is_cold else _attribute_shares(memory, low, population.synonyms),
        window=window,
        memory=memory,
        known=known,
        news=news,
        others=others,
        others_share=others_share,
        names=names,
        words=words,
        depth=_depth(memory, words),
        length_percentile=percentile,
        quiet_hours=_quiet_hours(memory, active_days),
        wishes={key: value for key, (_, value) in sorted(memory.wishes.items())},
        corrections=_unread_corrections(known.values()),
        is_cold=is_cold,
        synonyms=population.synonyms,
    )


def _unread_corrections(known: Iterable[Evidence]) -> list[Evidence]:
    unread = [item for item in known if item.corrects and not wishes_in(item.event.text)]
    return sorted(unread, key=lambda item: (-item.time_ms, item.event.event_id))


def _attribute_shares(memory: Memory, low: Sequence[Affinity], synonyms: Synonyms) -> list[AttributeShare]:
    """Return the shares of all values but those that are topics the user said no to, or of one act alone."""
    refused = {affinity.key for affinity in low if affinity.is_refused}
    shares = [
        AttributeShare(field, value, min(1.0, count.weight / memory.weight), count.events)
        for (field, value), count in memory.attributes.items()
        if field != TYPE_FIELD
        and field not in _OF_ONE_ACT
        and memory.weight
        and synonyms.key(value) not in refused
    ]
    return sorted(shares, key=lambda entry: (-entry.share, entry.field, entry.value))


def _depth(memory: Memory, words: Vocabulary) -> profile_pb2.Depth:
    weights: dict[profile_pb2.Depth, float] = {}
    events = 0
    for (field, value), count in memory.attributes.items():
        depth = _DEPTHS.get(words.depth_named(value) or "") if field == _DEPTH_KEY else None
        if depth is not None:
            weights[depth] = weights.get(depth, 0.0) + count.weight
            events += count.events
    if events < _DEPTH_EVENTS_MIN:
        return profile_pb2.DEPTH_UNSPECIFIED
    best = max(weights, key=lambda depth: (weights[depth], depth))
    return best if weights[best] * 2 >= sum(weights.values()) else profile_pb2.DEPTH_STANDARD


def _quiet_hours(memory: Memory, active_days: int) -> tuple[int, int] | None:
    total = sum(memory.hours)
    if memory.events < _QUIET_EVENTS_MIN or active_days < _QUIET_DAYS_MIN or total <= 0:
        return None
    quiet = [weight < _QUIET_SHARE_MAX * total for weight in memory.hours]
    longest = (0, 0)
    for start in range(24):
        length = 0
        while length < 24 and quiet[(start + length) % 24]:
            length += 1
        longest = max(longest, (length, -start))
    length, start = longest[0], -longest[1]
    return (start, (start + length) % 24) if length >= _QUIET_HOURS_MIN else None
