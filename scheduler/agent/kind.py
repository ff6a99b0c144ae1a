"""What kind of activity a user's events show, which decides the words that describe it."""

from __future__ import annotations

from enum import Enum

from foreword.signs import AGAINST, Sign, Signs
from foreword.vocabulary import Medium, Vocabulary
from scheduler.agent.memory import TYPE_FIELD, Memory


class Kind(Enum):
    """The kind of most of a user's activity, by its name in the vocabulary."""

    CODE = "code"
    RATING = "rating"
    READING = "reading"
    SHOPPING = "shopping"
    MEDIA = "media"
    AGENT = "agent"
    SEARCH = "search"
    GENERAL = "general"


DOMAIN_FIELD = "domain"
"""The attribute that says what field an event belongs to."""


def kind_of(memory: Memory, signs: Signs, words: Vocabulary) -> Kind:
    """Return the kind of most of the user's remembered activity; what was turned down says nothing of it."""
    weights: dict[Kind, float] = {}
    weak = total = 0.0
    for (field, value), count in memory.attributes.items():
        if field != TYPE_FIELD or signs.of_type(value) in AGAINST:
            continue
        total += count.weight
        kind = _kind_of_type(value.lower(), signs, words)
        if kind is None:
            weak += count.weight
        else:
            weights[kind] = weights.get(kind, 0.0) + count.weight
    for kind, weight in weights.items():
        share_min = words.kinds[kind.value].share_min
        if share_min and weight >= share_min * total:
            return kind
    # Seeing pages without buying is reading.
    weights[Kind.READING] = weights.get(Kind.READING, 0.0) + weak
    best = max(weights, key=lambda kind: (weights[kind], kind.value))
    return best if weights[best] >= total / 2 > 0 else Kind.GENERAL


def medium_of(memory: Memory, words: Vocabulary) -> Medium | None:
    """Return the medium that at least half of the remembered activity names, in its types or its domain."""
    weights: dict[str, float] = {}
    for (field, value), count in memory.attributes.items():
        medium = words.medium_named(value) if field in (TYPE_FIELD, DOMAIN_FIELD) else None
        if medium is not None:
            weights[medium] = weights.get(medium, 0.0) + count.weight
    best = max(weights, key=lambda medium: (weights[medium], medium), default=None)
    return words.media[best] if best is not None and weights[best] >= memory.weight / 2 > 0 else None


def _kind_of_type(event_type: str, signs: Signs, words: Vocabulary) -> Kind | None:
    """Return the kind an event type speaks for, None when it speaks for none of its own."""
    if words.is_weak(event_type):
        return None
    kind = words.kind_of_type(event_type)
    if kind is not None:
        return Kind(kind)
    # Following or unmuting something happens anywhere.
    return Kind.GENERAL if signs.of_type(event_type) is Sign.NEUTRAL else None
