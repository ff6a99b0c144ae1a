"""What kind of activity a user's events show, which decides the words that describe it."""

from __future__ import annotations

from foreword.signs import AGAINST, Sign, Signs
from foreword.vocabulary import REST, KindWords, Medium, Vocabulary
from scheduler.agent.memory import TYPE_FIELD, Memory

DOMAIN_FIELD = "domain"
"""The attribute that says what field an event belongs to."""


def kind_of(memory: Memory, signs: Signs, words: Vocabulary) -> KindWords:
    """Return the kind of most of the user's remembered activity; what was turned down says nothing of it."""
    shown: dict[str, float] = {}
    weak: dict[str, float] = {}
    for (field, value), count in memory.attributes.items():
        if field != TYPE_FIELD or signs.of_type(value) in AGAINST:
            continue
        event_type = value.lower()
        weak_kind = words.kind_of_weak_type(event_type)
        kind = weak_kind or _kind_of_type(event_type, signs, words)
        if kind is not None:
            weights = weak if weak_kind else shown
            weights[kind] = weights.get(kind, 0.0) + count.weight
    total = sum(shown.values()) + sum(weak.values())
    # Little of what counts more than its share says what all the rest was for.
    telling = {
        kind: weight
        for kind, weight in shown.items()
        if words.kinds[kind].share_min and weight >= words.kinds[kind].share_min * total
    }
    if not telling:
        telling = {kind: shown.get(kind, 0.0) + weak.get(kind, 0.0) for kind in shown.keys() | weak.keys()}
        telling = {kind: weight for kind, weight in telling.items() if weight >= total / 2 > 0}
    best = max(telling, key=lambda kind: (telling[kind], kind), default=REST)
    return words.kinds[best]


def medium_of(memory: Memory, words: Vocabulary) -> Medium | None:
    """Return the medium that at least half of the remembered activity names, in its types or its domain."""
    weights: dict[str, float] = {}
    for (field, value), count in memory.attributes.items():
        medium = words.medium_named(value) if field in (TYPE_FIELD, DOMAIN_FIELD) else None
        if medium is not None:
            weights[medium] = weights.get(medium, 0.0) + count.weight
    best = max(weights, key=lambda medium: (weights[medium], medium), default=None)
    return words.media[best] if best is not None and weights[best] >= memory.weight / 2 > 0 else None


def _kind_of_type(event_type: str, signs: Signs, words: Vocabulary) -> str | None:
    """Return the kind an event type speaks for; None where it says nothing of any, as following and unmuting do."""
    kind = words.kind_of_type(event_type)
    if kind is None and signs.of_type(event_type) is Sign.NEUTRAL:
        return REST
    return kind
