"""Words that come again and again in what a user wrote."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from foreword.empty_words import is_empty
from foreword.model_server.refresh_prompt import Line

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*|[^\w\s]+|\S+")
_WORDS_MAX, _WORDS_MIN = 3, 2
_EVENTS_MIN = 2
_CHARACTERS_MIN = 3
# No merge says what its author works on, and no trailer is theirs.
_NOT_THEIRS = re.compile(r"(?i)^(merge|revert|bump|release|prepare|version)\b|^v?\d|-by:")


def recurring_phrases(events: Iterable[Line]) -> list[tuple[str, tuple[str, ...]]]:
    """Return phrases of two or three words that stand in several events, with the ids of these, the telling first.

    Events that say the same count as one: a message that is sent twice is no subject. No two phrases share a word.
    """
    texts = {_first_line(event): str(event.get("id", "")) for event in events}
    inner = {stem for text in texts for _, stem in _words(text)[1:]}
    places: defaultdict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for text, event_id in texts.items():
        for key, phrase in _phrases(text, inner):
            places[key][event_id] = phrase
    repeated = {key: found for key, found in places.items() if len(found) >= _EVENTS_MIN}
    chosen: dict[tuple[str, ...], dict[str, str]] = {}
    for key, found in sorted(repeated.items(), key=lambda item: (-_weight(*item), item[0])):
        if not any(set(key) & set(other) for other in chosen):
            chosen[key] = found
    # Small letters sort behind capitals: the way it is written within a sentence.
    return [(max(found.values()), tuple(found)) for found in chosen.values()]


def _weight(key: tuple[str, ...], found: dict[str, str]) -> float:
    # A third word makes a phrase say more; a third event makes it surer.
    return len(found) * (1.4 if len(key) == _WORDS_MAX else 1.0)


def _first_line(event: Line) -> str:
    first = str(event.get("text", "")).strip().split("\n", 1)[0]
    return "" if _NOT_THEIRS.search(first) else first


def _phrases(text: str, inner: set[str]) -> list[tuple[tuple[str, ...], str]]:
    """Return neighbours among the telling words of a line, with the words as they are written.

    The first word is mostly what was done, not to what: it counts only where other lines have it among their others.
    """
    found = []
    run: list[tuple[str, str]] = []
    for place, (word, stem) in enumerate(_words(text)):
        if not stem or (place == 0 and stem not in inner):
            run = []
            continue
        run.append((word, stem))
        for size in range(_WORDS_MIN, min(_WORDS_MAX, len(run)) + 1):
            words, key = zip(*run[-size:], strict=True)
            if len(set(key)) == size:
                phrase = " ".join(words)
                # A capital that only begins the line is none of the name's.
                found.append(
                    (key, phrase.lower() if place == size - 1 and phrase.capitalize() == phrase else phrase)
                )
    return found


@lru_cache(maxsize=1024)
def _words(text: str) -> tuple[tuple[str, str], ...]:
    """Return the words of a line with their stems; kept, as a line is looked at for each of its topics."""
    return tuple((word, _stem(word)) for word in _WORD.findall(text))


@lru_cache(maxsize=8192)
def _stem(word: str) -> str:
    """Return a word as it is compared; empty for one that names no subject."""
    small = word.lower()
    if len(word) < _CHARACTERS_MIN or not word[0].isalpha() or is_empty(small):
        return ""
    return small[:-1] if small.endswith("s") and not small.endswith("ss") else small
