"""What kind of activity a user's events show, which decides the words that describe it."""

from __future__ import annotations

from enum import Enum

from scheduler.agent.memory import TYPE_FIELD, Memory


class Kind(Enum):
    """The kind of most of a user's activity."""

    CODE = "code"
    RATING = "rating"
    READING = "reading"
    SHOPPING = "shopping"
    MEDIA = "media"
    AGENT = "agent"
    SEARCH = "search"
    GENERAL = "general"


_KIND_OF_VERB = {
    **dict.fromkeys(("commit", "push", "merge", "pull_request", "code_review", "issue"), Kind.CODE),
    **dict.fromkeys(("rate", "rated", "rating", "review", "score", "stars"), Kind.RATING),
    **dict.fromkeys(("read", "article", "bookmark", "highlight"), Kind.READING),
    **dict.fromkeys(
        ("purchase", "order", "cart", "add_to_cart", "checkout", "wishlist", "buy"), Kind.SHOPPING
    ),
    **dict.fromkeys(("watch", "play", "listen", "stream"), Kind.MEDIA),
    **dict.fromkeys(("search", "query"), Kind.SEARCH),
}
# Seeing a page happens in a shop and in a paper alike; it follows the kind of the acts around it.
_NEUTRAL_VERBS = frozenset({"view", "click", "open", "like", "dislike", "dismiss", "share", "impression"})
# A purchase says more of what a visit was for than the pages seen on the way.
_SHOPPING_SHARE_MIN = 0.05

FILM_GENRES = frozenset(
    """action adventure animation anime children children's comedy crime documentary drama family fantasy film-noir
    history horror imax musical mystery romance sci-fi thriller war western""".split()
)
"""Genres of films in small letters, as film catalogues name them."""


def kind_of(memory: Memory) -> Kind:
    """Return the kind of most of the user's remembered activity."""
    weights: dict[Kind, float] = {}
    neutral = total = 0.0
    for (field, value), count in memory.attributes.items():
        if field != TYPE_FIELD:
            continue
        total += count.weight
        kind = _kind_of_type(value.lower())
        if kind is None:
            neutral += count.weight
        else:
            weights[kind] = weights.get(kind, 0.0) + count.weight
    if weights.get(Kind.SHOPPING, 0.0) >= _SHOPPING_SHARE_MIN * total > 0:
        return Kind.SHOPPING
    # Seeing pages without buying is reading.
    weights[Kind.READING] = weights.get(Kind.READING, 0.0) + neutral
    best = max(weights, key=lambda kind: (weights[kind], kind.value))
    return best if weights[best] >= total / 2 > 0 else Kind.GENERAL


def _kind_of_type(event_type: str) -> Kind | None:
    """Return the kind an event type speaks for, None when it speaks for none of its own."""
    if event_type.startswith("agent."):
        return Kind.AGENT
    verb = event_type.rpartition(".")[2]
    if verb in _NEUTRAL_VERBS:
        return None
    return _KIND_OF_VERB.get(verb, Kind.GENERAL)
