"""An upper bound of the tokens that Claude models make of a text."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import groupby
from typing import Literal, TypeAlias

from foreword.tokens.pieces import BEGIN, CAPITAL, END, character_cost, piece_count

TOKENIZER = "foreword-upper-bound-2"
"""Name of the counting rules; stands in `Foreword.tokenizer`. A change of any rule changes it."""

# What stands around a text may part its first and its last token from what they would be by themselves.
_MARGIN_TOKENS = 2
_DIGITS_PER_TOKEN = 3
# Capitals alone of this length are spelled as small letters behind a mark by the older generation.
_CAPITALS_MIN = 4
# What stands behind an apostrophe without a mark of its own: it's, don't, we'll.
_SUFFIXES = frozenset({"s", "t", "d", "m", "ll", "re", "ve"})
# Marks that a run of other characters may bring, a word's and a capital's.
_MARKS_OF_OTHERS = 3
_SPACES = str.maketrans(
    dict.fromkeys("\0\xa0\u1680\u2028\u2029\u202f\u205f", " ") | dict.fromkeys(range(0x2000, 0x200B), " ")
)
# Letters that stand alone, as Han and Hangul do.
_ALONE = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xF900, 0xFAFF),
    (0x3005, 0x3006),
    (0x3031, 0x303C),
)

_Kind: TypeAlias = Literal["word", "sign", "digit", "space", "other"]
_Run: TypeAlias = tuple[_Kind, str]
_ANY_WORD: _Run = ("word", "a")
_ASCII_WORD = re.compile("([A-Za-z]+)")


def count_tokens(text: str) -> int:
    """Return an upper bound of the tokens current Claude models make of `text`; 0 for an empty one.

    A text is cut into words, signs, digits and others as the tokenizer cuts it, and each is counted by the pieces of
    it that both generations of the tokenizer are known to hold. Compared with their whole vocabularies by
    `python -m benchmarks tokens`; how far the bound lies above them stands in benchmarks/results/tokens.md.
    """
    if not text:
        return 0
    if not text.isascii():
        return _MARGIN_TOKENS + _runs_cost(_runs(text))
    # Words and what stands between them come again and again; both are looked up rather than counted.
    first, *others = _ASCII_WORD.split(text)
    if not others:
        return _MARGIN_TOKENS + _between(first, False, False)
    around = _between(first, False, True) + _between(others[-1], True, False)
    return _MARGIN_TOKENS + around + sum(map(_word_cost, others[::2])) + sum(map(_between, others[1:-1:2]))


def count_line_tokens(line: str) -> int:
    """Return what a line adds to a text that it ends: the lines of a text and its first add up to the whole."""
    return count_tokens(f"\n{line}") - _MARGIN_TOKENS


@lru_cache(maxsize=8192)
def _between(text: str, follows_word: bool = True, precedes_word: bool = True) -> int:
    if not text:
        return 0
    runs = [*([_ANY_WORD] * follows_word), *_runs(text), *([_ANY_WORD] * precedes_word)]
    return _runs_cost(runs) - (follows_word + precedes_word) * _word_cost(_ANY_WORD[1])


def _runs_cost(runs: list[_Run]) -> int:
    return sum(_cost(runs, place) for place in range(len(runs)))


def _runs(text: str) -> list[_Run]:
    """Return the text in runs of one kind."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return [(kind, "".join(run)) for kind, run in groupby(text.translate(_SPACES), _kind)]


@lru_cache(maxsize=4096)
def _kind(character: str) -> _Kind:
    category, number = unicodedata.category(character), ord(character)
    if character in "\t\n\r\f\v" or category[0] == "Z":
        return "space"
    if character.isascii():
        return "word" if character.isalpha() else "digit" if character.isdigit() else "sign"
    is_alone = number >= 0x10000 or any(first <= number <= last for first, last in _ALONE)
    return "word" if category[0] in "LM" and not is_alone else "other"


def _cost(runs: list[_Run], place: int) -> int:
    kind, body = runs[place]
    if kind == "word":
        return _word_cost(body)
    if kind == "digit":
        return -(-len(body) // _DIGITS_PER_TOKEN)
    if kind == "other":
        return _others_cost(body)
    before = runs[place - 1] if place else None
    after = runs[place + 1] if place + 1 < len(runs) else None
    if kind == "space":
        return _space_cost(body, before, after)
    # A sign next to a space bears a mark in its place.
    begins = place == 0 or (before is not None and before[1].endswith(" "))
    ends = after is not None and after[1].startswith(" ")
    return piece_count(f"{BEGIN if begins else ''}{body}{END if ends else ''}")


def _space_cost(body: str, before: _Run | None, after: _Run | None) -> int:
    """Return what white space takes: nothing between words and signs, whose marks stand for one space."""
    if body == " " and before is not None and after is not None:
        marked = before[0] in ("word", "sign") and after[0] in ("word", "sign")
        return 0 if marked and after[1] != "'" else 1
    return sum(map(character_cost, body))


@lru_cache(maxsize=8192)
def _word_cost(word: str) -> int:
    if not word.isalpha():
        return _marked_word_cost(word)
    small = word.lower()
    if word == small:
        cost = piece_count(f"{BEGIN}{word}{END}")
        return max(cost, piece_count(f"{word}{END}")) if word in _SUFFIXES else cost
    capital = piece_count(f"{CAPITAL}{BEGIN}{small}{END}")
    is_capital = word[1:] == small[1:] and len(small) == len(word)
    if is_capital and word.isascii():
        return capital
    spelled = piece_count(f"{BEGIN}{word}{END}")
    if is_capital:
        return max(capital, spelled)
    is_capitals = word.isupper() and len(word) >= _CAPITALS_MIN
    return max(spelled, 1 + piece_count(f"{BEGIN}{small}{END}")) if is_capitals else spelled


def _marked_word_cost(word: str) -> int:
    """Return what a word with combining marks takes at most: some of them part it, and then each part has its marks."""
    parting = sum(not character.isalpha() for character in word) + 2
    return sum(map(character_cost, word)) + 2 * parting


@lru_cache(maxsize=8192)
def _others_cost(run: str) -> int:
    cost = sum(map(character_cost, run))
    # Among signs, a numeral or a letter in a circle is a word of its own.
    words = sum(unicodedata.category(character) == "Nl" or "Ⓐ" <= character <= "ⓩ" for character in run)
    return cost if run.isalpha() else cost + _MARKS_OF_OTHERS * (1 + words)
