"""The shape of a name: what is let into a text at all, in every namespace."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from foreword.naming.scripts import JOINED, JOINERS, is_one_word, looks_latin, script_of
from foreword.naming.sentences import reads_as_sentence
from foreword.naming.sites import is_identifier, names_site

# Of 455 topics of ten real projects and a film catalogue, all but one fit; a sentence that says much does not.
CHARACTERS_MAX = 32
WORDS_MAX = 3
PARTS_MAX = 6
# A row of single letters is a word in disguise from here on.
_LETTERS_MAX = 4
# What a letter weighs against CHARACTERS_MAX: a sentence of nine Han letters says what one of 27 Latin ones does.
_WEIGHTS = {"CJK": 3, "HIRAGANA": 2, "KATAKANA": 2, "HANGUL": 2}
# A word this long is several, written together; the longest of German topics has 26.
_PART_LETTERS_MAX = 26
# No language piles up more marks on one letter; marks of every script are drawn over the lines around them.
_MARKS_MAX = 3
_GENERAL_MARKS_MAX = 2
# Marks that strike a letter through or stand around it; no spelling needs them.
_DRAWN_OVER = frozenset(map(chr, (*range(0x334, 0x339), *range(0x20D0, 0x20F1))))
# Letters and marks that show nothing.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_SELECTOR = "VARIATION SELECTOR"

# The shape of a word, with every letter written as `a` and every digit as `1`.
_PART = r"_{0,2}[a1]+(?:['_.+-][a1]+|__?[a1]+)*_{0,2}(?:\+{1,2}|#)?"
_WORD = re.compile(rf"\.?{_PART}(?:/\.?{_PART})*")
_SEPARATORS = re.compile(r"[\s/._+#-]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u02bc\u02bb", "'"))


@lru_cache(maxsize=16_384)
def well_shaped(raw: str) -> str | None:
    """Return a name in plain letters (NFKC), or None when it has not the shape of a name.

    A name has at most 3 words and 32 letters, letters and digits of living languages, and of marks only `-._+#/`
    and an apostrophe where words have them: C++, C#, .NET, node.js, ci/cd. It is no site, no identifier, no
    sentence, no telephone number or other personal datum, and no word in it mixes scripts. Nothing is cut out of a
    name to make it fit, except what is spelling.
    """
    text = _plain(raw)
    if text is None:
        return None
    words = text.split(" ")
    parts = [part for part in _SEPARATORS.split(_HUMPS.sub(" ", text)) if part]
    if len(words) > WORDS_MAX or len(parts) > PARTS_MAX or names_site(text):
        return None
    if len(parts) >= _LETTERS_MAX and all(len(part) == 1 for part in parts):
        return None
    if not all(map(_is_word, words)) or _weight(text) > CHARACTERS_MAX or not _is_legible(text):
        return None
    if reads_as_sentence([part.casefold().replace("'", "") for part in parts]):
        return None
    # Every command quotes names in messages, and few word any: loading the rules takes longer than all the rest here.
    from foreword.redaction import personal_in

    return None if personal_in(text) else text


def _plain(raw: str) -> str | None:
    """Return the text normalised, with plain spaces; None when it holds what is not meant to be seen."""
    # Ordinary names of any length are far below; it bounds the work on the others.
    if not raw or len(raw) > 4 * CHARACTERS_MAX:
        return None
    if not raw.isascii():
        for place, character in enumerate(raw):
            if character in JOINERS:
                if not 0 < place < len(raw) - 1 or script_of(raw[place - 1]) not in JOINED:
                    return None
            elif unicodedata.category(character)[0] == "C" or _is_invisible(character):
                return None
        raw = unicodedata.normalize("NFKC", raw).translate(_APOSTROPHES)
        raw = "".join(character for character in raw if character not in JOINERS)
    text = " ".join(raw.replace("&", " and ").split(" ")).strip() if "&" in raw else raw.strip(" ")
    text = re.sub(" {2,}", " ", text)
    # A hashtag names what stands behind its mark.
    return text[1:] if text.startswith("#") and text.count("#") == 1 else text


def _is_invisible(character: str) -> bool:
    return character in _INVISIBLE or _SELECTOR in unicodedata.name(character, "")


def _is_word(word: str) -> bool:
    return _WORD.fullmatch("".join(map(_class_of, word))) is not None


@lru_cache(maxsize=4096)
def _class_of(character: str) -> str:
    if character.isascii():
        return "a" if character.isalpha() else "1" if character.isdigit() else character
    category = unicodedata.category(character)
    if category[0] == "L":
        return "a" if script_of(character) else "?"
    if category[0] == "M":
        # A mark belongs to the letter before it; whether there is one is looked at apart.
        return ""
    return "1" if category == "Nd" else "?"


def _weight(text: str) -> int:
    return sum(1 if character.isascii() else _WEIGHTS.get(script_of(character), 1) for character in text)


def _is_legible(text: str) -> bool:
    parts = [part for part in _SEPARATORS.split(text) if part]
    if any(len(part) > _PART_LETTERS_MAX or is_identifier(part) for part in parts):
        return False
    if text.isascii():
        return True
    scripts = [{script_of(letter) for letter in part if letter.isalpha()} for part in parts]
    if not all(map(is_one_word, scripts)) or not _marks_are_sparing(text):
        return False
    # Beside a Latin word, a Greek or Cyrillic one of lookalikes is a disguise; alone it is a word of its language.
    has_latin = any("LATIN" in found for found in scripts)
    return not has_latin or not any(
        found & {"CYRILLIC", "GREEK"} and looks_latin(part)
        for part, found in zip(parts, scripts, strict=True)
    )


def _marks_are_sparing(text: str) -> bool:
    marks = general = 0
    follows_letter = False
    for character in text:
        if unicodedata.category(character)[0] != "M":
            marks = general = 0
            follows_letter = character.isalpha()
            continue
        marks += 1
        general += not script_of(character)
        if character in _DRAWN_OVER:
            return False
        if not follows_letter or marks > _MARKS_MAX or general > _GENERAL_MARKS_MAX:
            return False
    return True
