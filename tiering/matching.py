"""Whether two questions that look alike ask the same: every word must have its like, and stand where it stood."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import OSA
from spellchecker import SpellChecker

from tiering.alike import meanings, phrased
from tiering.question import clauses, normalise

_FRONTED = re.compile(
    r"^((?:in|on|at|for|with|without|under|over|after|before|during|within|from|if|when|as) [^,]+), "
    r"((?:what|how|when|where|which|who|why|can|could|will|is|are|do|does|did|should|may|must|am|has|have)\b.+)$"
)
_AROUND = "\"'(){}[],;:!?."
_SILENT = frozenset("a an the i my your is are am be do does any".split())
# A letter, where no noun and no verb follows: vitamin A, part I of the form.
_LETTERS = frozenset("ai")
_OWNERS = frozenset(("my", "your"))
# What ties two names together: the guest's password is the password for guests. A room with a bath is no bathroom.
_TIES = frozenset("of for in on at by".split())
_PLACES = _TIES.union(
    "from to with into over under within after before between without until since about during than".split()
)
# Where and how, which may change places with each other; before and after tie what they stand behind.
_SWAPPED = _TIES | {"from", "to", "with"}
_EITHER_WAY = frozenset(("and", "or", "vs"))
# A glass of wine is no wine glass.
_CONTAINERS = frozenset("glass cup bottle box bag jar packet pot case".split())
_NEGATIONS = frozenset("not no never without none nor neither non un cannot".split())
_MODES = frozenset("can must should will would may might was did had has have been need".split())
_WITH_UNIT = re.compile(r"^([£$€]?\d[\d.,]*)([a-z]+)$")
_BLOCK_MAX = 4
"""Words of a part that may stand elsewhere: longer ones are clauses, whose order tells who does what."""
_TYPO_LETTERS_MIN = 5
_TWO_TYPOS_LETTERS_MIN = 8


def difference(asked: str, stored: str) -> str:
    """Return why two English questions may ask different things, or nothing where every rule finds them the same.

    It never says that two questions are the same because they look it: every word, in its order, must have its equal,
    by a rule that is stated in this file or in `tiering.alike`.

    Args:
        asked: The question that is put.
        stored: The one whose answer is at hand.
    """
    mine, theirs = _plain(asked), _plain(stored)
    if mine == theirs:
        return ""
    mine, theirs = _mended(mine, theirs, asked, stored), _mended(theirs, mine, stored, asked)
    my_words, their_words = _words(mine), _words(theirs)
    owners = _OWNERS & set(my_words), _OWNERS & set(their_words)
    if all(owners) and not (owners[0] <= owners[1] or owners[1] <= owners[0]):
        return f"possessive: {', '.join(sorted(owners[0] ^ owners[1]))}"
    one, other = _said(_joined(my_words, their_words)), _said(_joined(their_words, my_words))
    # One word alone says too little: "Call me Al" and "Who is Al?" have it both.
    if one == other and len(one) > 1:
        return ""
    if _names(one) == _names(other) and (other in _rearranged(one) or one in _rearranged(other)):
        return ""
    return _reason(one, other)


def _plain(question: str) -> str:
    text = clauses(question, "en")
    if "," in text:
        text = normalise(_FRONTED.sub(r"\2 \1", text), "en")
    return text


def _words(text: str) -> list[str]:
    words: list[str] = []
    for written in phrased(text).split():
        # What is nothing but such marks is asked about: what [] means, or {}.
        word = (written.strip(_AROUND) or written).removesuffix("'s")
        parts = word.split("-") if word[0].isalnum() else [word]
        words += [each for part in parts for each in _WITH_UNIT.sub(r"\1 \2", part).split()]
    return words


def _joined(words: list[str], others: list[str]) -> list[str]:
    """Return words with two made one where the others have them as one: top up, topup."""
    pairs = {(one, two) for one, two in pairwise(words) if one not in _PLACES and one + two in others}
    if not pairs:
        return words
    joined = [words[0]]
    for word in words[1:]:
        if (joined[-1], word) in pairs:
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _said(words: list[str]) -> list[str]:
    # Who does what to whom: where there is a "you", the "I" is told from it.
    kept = {"i"} if "you" in words else set()
    following = [*words[1:], ""]
    return meanings(
        [
            word
            for word, after in zip(words, following, strict=True)
            if word not in _SILENT or word in kept or (word in _LETTERS and (not after or after in _PLACES))
        ]
    )


def _names(words: list[str]) -> list[str]:
    return sorted(word for word in words if word not in _PLACES)


def _rearranged(words: list[str]) -> Iterator[list[str]]:
    """Yield the orders that say the same: B's A for A of B, B and A for A and B, to B from A for from A to B."""
    size = len(words)
    for middle in range(1, size - 1):
        tie = words[middle]
        if tie in _TIES:
            is_content = tie == "of" and words[middle - 1] in _CONTAINERS
            for start in range(max(0, middle - _BLOCK_MAX), 0 if is_content else middle):
                for end in range(middle + 2, min(size, middle + 1 + _BLOCK_MAX) + 1):
                    yield words[:start] + words[middle + 1 : end] + words[start:middle] + words[end:]
        if tie in _EITHER_WAY:
            for length in range(1, min(_BLOCK_MAX, middle, size - middle - 1) + 1):
                start, end = middle - length, middle + 1 + length
                yield [*words[:start], *words[middle + 1 : end], tie, *words[start:middle], *words[end:]]
    places = [at for at, word in enumerate(words) if word in _PLACES]
    for start, middle, end in zip(places, places[1:], [*places[2:], size], strict=False):
        # Of two that begin alike each may belong to the other: to pay to cancel, to cancel to pay.
        if {words[start], words[middle]} <= _SWAPPED and words[start] != words[middle]:
            yield words[:start] + words[middle:end] + words[start:middle] + words[end:]


def _mended(text: str, other: str, source: str, other_source: str) -> str:
    """Return a text with slips of the pen mended: words that no dictionary knows, by a word of the other question."""
    words, theirs = text.split(), other.split()
    mended = list(words)
    for at, word in enumerate(words):
        if (
            word in theirs
            or not (word.isalpha() and word.isascii())
            or len(word) < _TYPO_LETTERS_MIN - 1
            or word in _dictionary()
        ):
            continue
        meant = {each for each in theirs if each not in words and _is_slip(word, each)}
        # Names are told apart by a letter: with a capital within the question it may be one.
        if (
            len(meant) == 1
            and not _is_name(word, source)
            and not any(_is_name(each, other_source) for each in meant)
        ):
            mended[at] = meant.pop()
    return normalise(" ".join(mended), "en") if mended != words else text


def _is_slip(word: str, meant: str) -> bool:
    if not (meant.isalpha() and len(meant) >= _TYPO_LETTERS_MIN - 1 and meant in _dictionary()):
        return False
    distance = OSA.distance(word, meant, score_cutoff=2)
    if word[0] != meant[0] or len(meant) < _TYPO_LETTERS_MIN:
        # Only two letters that changed places.
        return distance == 1 and sorted(word) == sorted(meant)
    return distance <= (2 if len(meant) >= _TWO_TYPOS_LETTERS_MIN else 1)


def _is_name(word: str, source: str) -> bool:
    return word.title() in source[1:]


@lru_cache(maxsize=1)
def _dictionary() -> frozenset[str]:
    return frozenset(SpellChecker(language="en").word_frequency.words())


def _reason(one: list[str], other: list[str]) -> str:
    mine, theirs = Counter(one), Counter(other)
    apart = [*(mine - theirs), *(theirs - mine)]
    if not apart:
        return "order"
    for kind, is_kind in (
        ("number", lambda word: any(map(str.isdigit, word))),
        ("negation", _NEGATIONS.__contains__),
        ("mode", _MODES.__contains__),
        ("word", lambda word: word not in _PLACES),
    ):
        if found := [word for word in apart if is_kind(word)]:
            return f"{kind}: {', '.join(found)}"
    return f"place: {', '.join(apart)}"
