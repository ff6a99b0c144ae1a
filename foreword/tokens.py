"""Counting tokens without a tokenizer, and never too few."""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache

from foreword.words import COMMON_WORDS

TOKENIZER = "foreword-upper-bound-1"
"""Name of the counting rules; stands in `Foreword.tokenizer`. A change of any rule changes it."""

# The densest prose measured on current Claude models leaves a quarter of margin at this ratio.
_PROSE_BYTES_PER_TOKEN = 2.2
# A common word with the space before it is one o200k token, and the newest Claude tokenizer makes up to 1.81 times
# as many tokens as o200k. The rest pays for the punctuation between words, which counts one token a byte.
_COMMON_WORD_TOKENS = 2.2
_COMMON_WORD_LETTERS = 8
_COMMON_LETTER_TOKENS = 0.2
# Words outside the list, by the densest measured: pseudo-words of English syllables.
_OTHER_BYTES_PER_TOKEN = 1.45
# Unlisted words this short are scraps of identifiers and hashes; capitals alone split likewise. Neither joins bytes.
_SCRAP_LETTERS = 3
# Each pair of letters that is rare in English is where a tokenizer splits.
_RARE_PAIR_TOKENS = 0.5

# One match per word: an optional space, then one capital or none and small letters, or capitals alone.
_WORD = re.compile(r" ?(?:[A-Z]?[a-z]+|[A-Z]+(?![a-z]))")

# The letter pairs that make up 96 % of English text: first letters, then what follows them.
_FOLLOWERS = (
    "a:bcdfghiklmnprstuvwyz b:aeiloruy c:aehiklorstu d:adeiorsu e:acdefgilmnoprstvwxy f:aefilortu g:aehilorsu "
    "h:aeinort i:acdefgklmnoprstvx j:o k:eins l:adeilmopstuy m:aeimopuy n:acdefgiknosty o:abcdfghiklmnoprstuvwy "
    "p:adeiloprstuy q:u r:acdegiklmnorstuvy s:acehikopstuy t:acehilorstuy u:cdegilmnprst v:aei w:aehinor x:pt "
    "y:eopst z:i"
)
_COMMON_PAIRS = frozenset(entry[0] + second for entry in _FOLLOWERS.split() for second in entry[2:])


def count_tokens(text: str) -> int:
    """Return an upper bound of the tokens current Claude models make of `text`; 0 for an empty one.

    A byte-level tokenizer never makes more tokens than there are bytes, so every byte counts as a token unless it
    belongs to an ordinary English word. Words count by their length and by how English their letter pairs are, so
    random strings come near a token per byte, as they do in a real tokenizer. The whole is at least bytes / 2.2.
    Checked against o200k times 1.81, the largest ratio measured for a current Claude model
    (tests/unit/test_tokens.py keeps the table).
    """
    if not text:
        return 0
    # One token more than the sum, for a first word that a tokenizer splits because no space stands before it.
    size_bytes, covered_bytes, tokens = _size_bytes(text), 0, 1.0
    for word in _WORD.findall(text):
        covered_bytes += len(word)
        tokens += _word_tokens(word)
    return math.ceil(max(tokens + size_bytes - covered_bytes, size_bytes / _PROSE_BYTES_PER_TOKEN))


def _size_bytes(text: str) -> int:
    """Return the UTF-8 size; of the NFKC form if that is larger, since Claude's tokenizers normalise."""
    if text.isascii():
        return len(text)
    return max(
        len(text.encode("utf-8", "replace")),
        len(unicodedata.normalize("NFKC", text).encode("utf-8", "replace")),
    )


@lru_cache(maxsize=8192)
def _word_tokens(word: str) -> float:
    letters = word.lstrip(" ").lower()
    if letters in COMMON_WORDS:
        tokens = _COMMON_WORD_TOKENS + _COMMON_LETTER_TOKENS * max(0, len(letters) - _COMMON_WORD_LETTERS)
    elif len(letters) <= _SCRAP_LETTERS or word.isupper():
        tokens = float(len(word))
    else:
        rare = sum(letters[i : i + 2] not in _COMMON_PAIRS for i in range(len(letters) - 1))
        tokens = len(word) / _OTHER_BYTES_PER_TOKEN + _RARE_PAIR_TOKENS * rare
    return min(float(len(word)), tokens)
