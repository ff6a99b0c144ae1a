"""Whether two questions that look alike ask the same: every word must have its like, and stand where it stood."""

from __future__ import annotations

import re
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
_SILENT = frozenset("a an the i my your is are am be do does".split())
# A letter, where no noun and no verb follows: vitamin A, part I of the form.
_LETTERS = frozenset("ai")
_AUXILIARIES = dict.fromkeys("is are am".split(), "be") | dict.fromkeys("do does".split(), "do")
_PERSONS = frozenset(("you", "who"))
# Mine is not yours, and not just any; whether it is named at all is as one speaks.
_OWNERS = {"my": "my", "your": "your", "a": "a", "an": "a"}
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
_PRONOUNS = frozenset("me you us him her it them".split())
_NEGATIONS = frozenset("not no never without none nor neither non un cannot".split())
_MODES = frozenset("can must should will would may might was did had has have been need".split())
_GAP = re.compile("[ -]")
_WITH_UNIT = re.compile(r"^([£$€]?\d[\d.,]*)([a-z]+)$")
_BLOCK_MAX = 4
"""Words of a part that may stand elsewhere: longer ones are clauses, whose order tells who does what."""
WORDS_MAX = 40
"""Of longer ones only those in the same words pass: they are texts, and to compare all their orders takes long."""
_SLIPS_MAX = 4
"""Unknown words that may be mended: with more it is another language, or a list of names."""
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
    if (size := max(len(_GAP.findall(text)) + 1 for text in (mine, theirs))) > WORDS_MAX:
        return f"length: {size} words"
    mine, theirs = _mended(mine, theirs, asked, stored), _mended(theirs, mine, stored, asked)
    my_words, their_words = _words(mine), _words(theirs)
    mine_of, theirs_of = _owners(my_words), _owners(their_words)
    if mine_of - theirs_of and theirs_of - mine_of:
        return f"possessive: {', '.join(sorted(mine_of ^ theirs_of))}"
    one, other = _said(_joined(my_words, their_words)), _said(_joined(their_words, my_words))
    # One word alone says too little: "Call me Al" and "Who is Al?" have it both.
    is_same = (one == other and len(one) > 1) or (
        _names(one) == _names(other) and (other in _rearranged(one) or one in _rearranged(other))
    )
    if not is_same:
        return _reason(one, other)
    return "mode: be, do" if {_auxiliary(my_words), _auxiliary(their_words)} == {"be", "do"} else ""


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
        for part in word.split("-") if word[0].isalnum() else [word]:
            number = None if part.isalpha() else _WITH_UNIT.match(part)
            words += number.groups() if number else part.split()
    return words


def _owners(words: list[str]) -> frozenset[str]:
    return frozenset(_OWNERS[word] for word in words if word in _OWNERS)


def _auxiliary(words: list[str]) -> str:
    """Return which of the two a question asks with: what one does is not what one is doing, nor what one is like."""
    return next((_AUXILIARIES[word] for word in words if word in _AUXILIARIES), "")


def _joined(words: list[str], others: list[str]) -> list[str]:
    """Return words with two made one where the others have them as one: top up, topup."""
    whole = frozenset(others)
    pairs = {(one, two) for one, two in pairwise(words) if one not in _PLACES and one + two in whole}
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
    # Who does what to whom: where there is a "you" or a "who", the "I" is told from it.
    kept = frozenset() if _PERSONS.isdisjoint(words) else frozenset("i")
    return meanings(
        [
            word
            for word, after in zip(words, [*words[1:], ""], strict=False)
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
            # To call Bob for me is not to call me Bob.
            is_whole = words[middle + 1] in _PRONOUNS or (tie == "of" and words[middle - 1] in _CONTAINERS)
            for start in range(max(0, middle - _BLOCK_MAX), 0 if is_whole else middle):
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
    words, theirs = text.split(), frozenset(other.split())
    slips = [word for word in words if word not in theirs and _is_unknown(word)]
    if not slips or len(slips) > _SLIPS_MAX:
        return text
    mended = dict(zip(words, words, strict=True))
    for word in slips:
        meant = {each for each in theirs if each not in mended and _is_slip(word, each)}
        # Names are told apart by a letter: with a capital within the question it may be one.
        if len(meant) == 1 and not any(map(_is_name, (word, *meant), (source, other_source))):
            mended[word] = meant.pop()
    return normalise(" ".join(map(mended.__getitem__, words)), "en")


def _is_unknown(word: str) -> bool:
    return (
        len(word) >= _TYPO_LETTERS_MIN - 1 and word.isalpha() and word.isascii() and word not in _dictionary()
    )


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
    mine, theirs = frozenset(one), frozenset(other)
    apart = [word for word in dict.fromkeys([*one, *other]) if word not in mine or word not in theirs]
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
