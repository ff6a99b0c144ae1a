"""What kind of activity a user's events show, which decides the words that describe it."""

from __future__ import annotations

import re
from enum import Enum

from foreword.signs import AGAINST, Sign, Signs
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
_NEUTRAL_VERBS = frozenset({"view", "click", "open", "like", "share", "impression"})
# A purchase says more of what a visit was for than the pages seen on the way.
_SHOPPING_SHARE_MIN = 0.05


class Medium(Enum):
    """What somebody who rates or plays things rates or plays, with the words for it."""

    FILMS = "Watches films"
    SERIES = "Watches series"
    VIDEOS = "Watches videos"
    MUSIC = "Listens to music"
    PODCASTS = "Listens to podcasts"
    BOOKS = "Reads books"
    GAMES = "Plays games"


DOMAIN_FIELD = "domain"
"""The attribute that says what field an event belongs to."""
_MEDIUM_OF_WORD = {
    **dict.fromkeys(("film", "films", "movie", "movies", "cinema"), Medium.FILMS),
    **dict.fromkeys(("series", "tv", "television", "episode", "episodes"), Medium.SERIES),
    **dict.fromkeys(("video", "videos"), Medium.VIDEOS),
    **dict.fromkeys(("music", "song", "songs", "track", "tracks", "album", "albums"), Medium.MUSIC),
    **dict.fromkeys(("podcast", "podcasts"), Medium.PODCASTS),
    **dict.fromkeys(("book", "books", "novel", "novels"), Medium.BOOKS),
    **dict.fromkeys(("game", "games"), Medium.GAMES),
}
_WORDS = re.compile(r"[a-z]+")


def kind_of(memory: Memory, signs: Signs) -> Kind:
    """Return the kind of most of the user's remembered activity; what was turned down says nothing of it."""
    weights: dict[Kind, float] = {}
    neutral = total = 0.0
    for (field, value), count in memory.attributes.items():
        if field != TYPE_FIELD or signs.of_type(value) in AGAINST:
            continue
        total += count.weight
        kind = _kind_of_type(value.lower(), signs)
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


def medium_of(memory: Memory) -> Medium | None:
    """Return the medium that at least half of the remembered activity names, in its types or its domain."""
    weights: dict[Medium, float] = {}
    for (field, value), count in memory.attributes.items():
        medium = medium_named(value) if field in (TYPE_FIELD, DOMAIN_FIELD) else None
        if medium is not None:
            weights[medium] = weights.get(medium, 0.0) + count.weight
    best = max(weights, key=lambda medium: (weights[medium], medium.value), default=None)
    return best if best is not None and weights[best] >= memory.weight / 2 > 0 else None


def medium_named(value: str) -> Medium | None:
    """Return the medium that a type or a domain names, such as `movie.rate`; None when it names none."""
    return next(
        (_MEDIUM_OF_WORD[word] for word in _WORDS.findall(value.lower()) if word in _MEDIUM_OF_WORD), None
    )


def _kind_of_type(event_type: str, signs: Signs) -> Kind | None:
    """Return the kind an event type speaks for, None when it speaks for none of its own."""
    if event_type.startswith("agent."):
        return Kind.AGENT
    verb = event_type.rpartition(".")[2]
    if verb in _NEUTRAL_VERBS:
        return None
    # Following or unmuting something happens anywhere.
    return _KIND_OF_VERB.get(verb, Kind.GENERAL if signs.of_type(event_type) is Sign.NEUTRAL else None)
