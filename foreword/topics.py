"""When two spellings are one topic: `Python` and `PYTHON`, `unit-tests` and `unit tests`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

# What writers put between the words of one name. `/`, `.`, `+` and `#` are not among them: `ci/cd` is a pair, `a.b`
# and `a/b` are places in a tree, and `c`, `c++` and `c#` are three languages.
_SEPARATORS = re.compile(r"[\s_\-\u2010-\u2015\u2212]+")
_JOINT = "-"
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)\S+", re.IGNORECASE)
# Folding twice is enough for all but a handful of characters; the bound keeps a strange one from going round.
_FOLDS_MAX = 4


@lru_cache(maxsize=16_384)
def topic_key(topic: str) -> str:
    """Return what all spellings of a topic have in common; `topic_key(topic_key(t)) == topic_key(t)`.

    Letter case, Unicode form, invisible characters and the kind of separator between words make no difference. No
    words are merged: `tests` and `testing` are two topics. A URL is only ever itself, since its path may tell case.
    """
    if is_url(topic):
        return topic.strip()
    folded = topic
    for _ in range(_FOLDS_MAX):
        before, folded = folded, _fold(folded)
        if folded == before:
            break
    return folded or topic


def is_url(topic: str) -> bool:
    """Tell whether a topic is an address rather than a name."""
    return _URL.fullmatch(topic.strip()) is not None


def commonest(spellings: Mapping[str, int]) -> str:
    """Return the spelling most events use; among equals the one of small letters and spaces.

    By the counts alone, so that the same events give the same name in whatever order they came.
    """
    if len(spellings) == 1:
        # Nearly always, and asked for every topic of every refresh.
        return next(iter(spellings))
    return min(spellings, key=lambda spelling: (-spellings[spelling], spelling.swapcase()))


def _fold(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(mark for mark in text if unicodedata.category(mark) != "Cf")
        text = unicodedata.normalize("NFKC", text.casefold())
    return _SEPARATORS.sub(_JOINT, text.casefold().strip())
