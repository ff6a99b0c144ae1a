"""Scripts of letters, by the names that Unicode gives them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# Scripts of living languages in everyday use (UAX 31, table 5). Others hold letters that look like Latin ones.
LIVING = frozenset(
    """LATIN GREEK CYRILLIC ARMENIAN GEORGIAN HEBREW ARABIC THAANA DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL
    TELUGU KANNADA MALAYALAM SINHALA THAI LAO TIBETAN MYANMAR KHMER ETHIOPIC HANGUL HIRAGANA KATAKANA BOPOMOFO
    CJK""".split()
)
# Letters and marks whose own names name no script: Japanese length and repetition marks, the mark of Han repetition.
_NAMED_OTHERWISE = {"KATAKANA-HIRAGANA": "KATAKANA", "IDEOGRAPHIC": "CJK"}
# Scripts that write one word together (UTS 39, "highly restrictive"). All other words keep to one script.
_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
# Beyond the blocks of alphabets lie phonetic letters, which look like ordinary ones turned or shrunk; these are used
# by languages of Africa.
_LATIN_ALPHABETS = ((0x41, 0x1BF), (0x1C4, 0x24F), (0x1E00, 0x1EFF))
_LATIN_AFRICAN = frozenset("ɓɔɖɗəɛɣɨɩɲɵʉʊʋʒ")
# Letters that are drawn like Latin ones.
_LOOKALIKES = frozenset("асеорухѕіјһԁԛԝӏѵАВЕКМНОРСТУХЅІЈԚԜ" + "αγιονρυχϲΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")

JOINERS = frozenset("\u200c\u200d")
"""Zero-width joiner and non-joiner: spelling in the scripts below, a disguise anywhere else."""
JOINED = frozenset(
    """ARABIC DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU KANNADA MALAYALAM SINHALA""".split()
)


@lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """Return the script of a letter or mark; "" for marks of every script, and for what no living language uses."""
    name = unicodedata.name(letter, "")
    first = name.partition(" ")[0]
    script = _NAMED_OTHERWISE.get(first, first)
    if script == "LATIN" and not _is_in_an_alphabet(letter):
        return ""
    return script if script in LIVING else ""


def is_one_word(scripts: Iterable[str]) -> bool:
    """Return whether letters of these scripts may stand in one word."""
    found = frozenset(scripts)
    return len(found) <= 1 or any(found <= together for together in _TOGETHER)


def looks_latin(word: str) -> bool:
    """Return whether a Greek or Cyrillic word has only letters that pass for Latin ones."""
    letters = [letter for letter in word if letter.isalpha()]
    return bool(letters) and all(letter in _LOOKALIKES for letter in letters)


def _is_in_an_alphabet(letter: str) -> bool:
    number = ord(letter)
    return (
        any(first <= number <= last for first, last in _LATIN_ALPHABETS) or letter.lower() in _LATIN_AFRICAN
    )
