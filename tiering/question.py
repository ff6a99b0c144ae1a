"""A question as it is compared: the form that two questions share only where they surely ask the same."""

from __future__ import annotations

import re
import unicodedata

from foreword.errors import FieldError
from tiering.english import english

QUESTION_BYTES_MAX = 2000
"""Longer ones are texts to work on, seldom asked twice; all that is done with a question is bounded by this."""

# What is not seen and changes no word: soft hyphens, zero-width spaces, marks of direction, the look of an emoji. The
# joiners stay where they shape a word or an emoji; so do the tags by which the flags of England and Wales differ.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0e\ufe0f\ufeff]"
    "|(?<![\u0600-\U0010ffff])[\u200c\u200d]"
)
# NFKC would make 10⁵ one hundred and five, and 1½ eleven halves.
_RAISED = re.compile("[\u00b2\u00b3\u00b9\u2070-\u209c]")
_FRACTION = re.compile("[\u00bc-\u00be\u2150-\u215f\u2189]")
_LOOKALIKES = str.maketrans("‘’‚‛`´ʼ“”„‟«»‐‑‒–−", "'" * 7 + '"' * 6 + "-" * 5)
_DOTTED_I = {"tr", "az"}
# In small letters they are other words: to the US, to us.
_ABBREVIATIONS = re.compile(r"\b(?:US|IT|WHO|AIDS)\b")
# So are gigabits and gigabytes.
_BITS = re.compile(r"(?<=[KMGT])b(?=ps\b|/s\b|\b)")
_OPENING = re.compile(r"^[\s¿¡]+")
# 5! is no 5, and who asks how to type a ! alone asks for another key than who asks for a ; alone.
_CLOSING = re.compile(r"""(?:\s*[?؟՞፧]+[?!.\s]*|(?<=[^\W\d_]{2})!+|(?<=[\w)\]"'])[.,;:。、،।॥؛۔…]+|\s+)$""")
_MARKS = "?؟՞፧!.,;:。、،।॥؛۔… "
# Between digits it is part of a number, or of a list of them.
_COMMA = re.compile(r"(?<!\d),\s*|,\s*(?!\s?\d)")


def check_question(field: str, text: str) -> None:
    """Refuse what is no question.

    Raises:
        FieldError: It is empty, has neither letter nor digit, is over 2,000 bytes of UTF-8, or is binary.
    """
    binary = (
        ""
        if text.isascii() and text.isprintable()
        else next(
            (char for char in text if unicodedata.category(char) in ("Cc", "Cs") and char not in "\t\n\r"), ""
        )
    )
    if binary:
        raise FieldError(
            field, f"a control character, U+{ord(binary):04X}", "text; of these only tab and new line"
        )
    size_bytes = len(text.encode())
    if size_bytes > QUESTION_BYTES_MAX:
        raise FieldError(field, f"{size_bytes} bytes", f"at most {QUESTION_BYTES_MAX} bytes of UTF-8")
    if not any(map(str.isalnum, text)):
        found = "no letter or digit" if text.strip() else "nothing"
        raise FieldError(field, found, f"a question of 1 to {QUESTION_BYTES_MAX} bytes")


def normalise(question: str, locale: str) -> str:
    """Return the form of a question that its id is made from; that of such a form is itself.

    Args:
        question: As it was put, checked.
        locale: Its language, as BCP 47 has it. Words are looked at in English alone; of all others only the
            characters, spaces and the punctuation at both ends.
    """
    text = clauses(question, locale)
    return bare(" ".join(_COMMA.sub(" ", text).split())) if "," in text else text


def clauses(question: str, locale: str) -> str:
    """Return the normal form with its commas, which show where a clause ends."""
    language = locale.partition("-")[0].lower()
    text = question if question.isascii() else _composed(question)
    if language == "en" and not text.isupper():
        text = _ABBREVIATIONS.sub(lambda found: ".".join(found[0]), text)
        text = _BITS.sub("bit", text)
    if language in _DOTTED_I:
        text = text.replace("I", "ı").replace("İ", "i")
    # Not casefold: it takes the German for moderation for that for masses.
    text = " ".join(text.lower().split())
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return english(text, bare) if language == "en" else bare(text)


def bare(text: str) -> str:
    """Return a text without what stands around its words: spaces, and the marks that only end a sentence."""
    if not text[:1].isalnum():
        text = _OPENING.sub("", text)
    while not text[-1:].isalnum() and (found := _CLOSING.search(text, len(text.rstrip(_MARKS)))):
        text = text[: found.start()]
    return text


def _composed(text: str) -> str:
    text = _FRACTION.sub(r" \g<0>", _RAISED.sub(r"^\g<0>", _UNSEEN.sub("", text)))
    return unicodedata.normalize("NFKC", text).translate(_LOOKALIKES)
