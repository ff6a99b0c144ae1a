"""Whether the answer to a question may be shared: by stated rules, which say no where they cannot tell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from foreword.v1.answer_pb2 import PrivateReason
from foreword.v1.answer_service_pb2 import Turn
from tiering.anybody import SELF, is_somebodys
from tiering.languages import ELSEWHERE, LANGUAGES, Language, is_foreign
from tiering.personal import is_personal
from tiering.question import clauses
from tiering.signs import (
    ACTION,
    ASKER,
    ASKS,
    CONTINUES,
    HAPPENED,
    NOW,
    REQUEST,
    SAID,
    Signs,
    is_booked,
    points_back,
    says_nothing,
)

WORDS_MAX = 60
"""A question of more words tells a story, and stories are somebody's."""

# Words of Italian and Polish, and a country.
_ENGLISH_SELF = SELF - {"i", "us"}
_LATIN = frozenset({"LATIN"})
_WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*")
_TIDY = re.compile(r"[a-z0-9 ]+(?:[.,?!;] [a-z0-9 ]+)*")
# What stands between words; a full stop stays within u.s and 3.5, and a quote within don't.
_BETWEEN = re.compile(
    r"(?<=[^\W\d]{2})\.(?=[^\W\d]{2})|[^\w'.,?!;]+|_+|(?<!\w)'|'(?!(?:s|t|d|m|ll|re|ve|clock)\b)"
)
_BETWEEN_ELSEWHERE = re.compile(r"[^\w'.,?!;]+|_+")
# Letters that English borrows, and that have no accent to take off.
_BORROWED = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "ı": "i", "’": "'", "‘": "'"}
)
_RUN_ON = re.compile(r"(?<=[.,?!;])(?=[^\W\d]{2})|(?<=\d)[.,](?=[^\W\d]{2})")
_SENTENCE = re.compile(r"[.?!;]+ +")
_CLAUSE = re.compile(r"[.,?!;]+ +(?:(?:and|so|or) )?| and ")
# A model reads questions; who gives it orders, or draws on its frame, is answered alone.
_FRAME = re.compile(r"<\W*[a-z]|<\||\[/?inst|[{}`\n\r\t]|\|")
_UNDONE = (
    r"\b(?:ignor|disregard|forget|overrid|bypass|circumvent)\w*.{0,50}"
    r"\b(?:instruct|rule|prompt|previous|above|prior|guideline|safety|filter|restrict|everything)"
)
_ORDERS = Signs(
    rf"""
    jailbreak pretend roleplay
    ignore ignoring disregard disregarding forget override overriding bypass bypassing circumvent: {_UNDONE}
    prompt prompts message messages: \b(?:system|initial|hidden|developer|secret|your) (?:prompt|message)
    instruction instructions: \b(?:system|initial|hidden|developer|secret|your|the) instruction
    mode: \b(?:developer|dan|god|debug) mode\b
    act: \bact as (?:if|an?|my)\b
    role: \brole play
    from: \bfrom now on\b
    you: \byou are now\b
    """
)


def private_reason(
    question: str, *, conversation: Sequence[Turn], standalone_question: str, locale: str
) -> PrivateReason:
    """Return why the answer to a question is for the asker alone; unspecified where it is everybody's.

    Only what a rule can tell is shared: a question in a language it knows, in words and one script, that is about no
    certain person, thing of theirs or moment, and needs nothing that was said before.

    Args:
        question: As it came, checked.
        conversation: What was said before.
        standalone_question: The same in words that need no conversation; it is judged in place of the question.
        locale: Its language, as BCP 47 has it.
    """
    if conversation and not standalone_question:
        return PrivateReason.PRIVATE_REASON_CONVERSATION
    asked = (standalone_question or question).strip()
    language = locale.partition("-")[0].lower()
    shown = asked if asked.isascii() else _plain(asked)
    clear = clauses(shown if language == "en" else asked, locale)
    text = clear if _TIDY.fullmatch(clear) else _spaced(clear, language)
    words = _WORD.findall(text)
    known = frozenset(words)
    is_size = 0 < len(words) <= WORDS_MAX and max(map(len, words)) > 1
    if (
        not is_size
        or not _is_readable(clear, language)
        or _FRAME.search(asked.lower())
        or _ORDERS.stand(text, known)
    ):
        return PrivateReason.PRIVATE_REASON_UNREADABLE
    if is_personal(shown, clear, known):
        return PrivateReason.PRIVATE_REASON_PERSONAL_DATA
    return _english(text, known) if language == "en" else _elsewhere(text, LANGUAGES[language])


def _is_readable(text: str, language: str) -> bool:
    if language == "en":
        return text.isascii() or not (
            is_foreign(text, _LATIN) or any(char > "\x7f" and char.isalnum() for char in text)
        )
    return language in LANGUAGES and not is_foreign(text, LANGUAGES[language].scripts)


def _plain(text: str) -> str:
    """Return a text without accents and without characters that nobody sees; in English they change no word."""
    text = unicodedata.normalize("NFKD", text).translate(_BORROWED)
    return "".join(
        char for char in text if unicodedata.category(char) not in ("Mn", "Me", "Cf") or char > "\uffff"
    )


def _spaced(text: str, language: str) -> str:
    """Return a text with one space before each word."""
    between = _BETWEEN if language == "en" else _BETWEEN_ELSEWHERE
    return " ".join(_RUN_ON.sub(" ", between.sub(" ", text)).split())


def _english(text: str, words: frozenset[str]) -> PrivateReason:
    is_own = not SELF.isdisjoint(words)
    parts, sentences = _CLAUSE.split(text), _SENTENCE.split(text)
    if not ELSEWHERE.isdisjoint(words) or any(map(HAPPENED.match, parts)) or ASKER.stand(text, words):
        reason = PrivateReason.PRIVATE_REASON_ASKER
    elif (
        any(map(REQUEST.match, parts)) or any(map(ACTION.match, sentences)) or any(map(is_booked, sentences))
    ):
        reason = PrivateReason.PRIVATE_REASON_ACTION
    elif is_own and is_somebodys(text):
        reason = PrivateReason.PRIVATE_REASON_ASKER
    elif NOW.stand(text, words):
        reason = PrivateReason.PRIVATE_REASON_TIME
    elif CONTINUES.match(text) or SAID.stand(text, words) or points_back(text, words) or says_nothing(words):
        reason = PrivateReason.PRIVATE_REASON_CONVERSATION
    elif not all(map(ASKS.match, sentences[is_own:])):
        reason = PrivateReason.PRIVATE_REASON_UNREADABLE
    else:
        reason = PrivateReason.PRIVATE_REASON_UNSPECIFIED
    return reason


def _elsewhere(text: str, language: Language) -> PrivateReason:
    how = language.how.match(text) if language.how else None
    rest = text[how.end() :] if how else text
    if language.asker.search(rest) or not _ENGLISH_SELF.isdisjoint(_WORD.findall(rest)):
        return PrivateReason.PRIVATE_REASON_ASKER
    if language.now.search(text):
        return PrivateReason.PRIVATE_REASON_TIME
    if language.pointing.search(text):
        return PrivateReason.PRIVATE_REASON_CONVERSATION
    if ACTION.match(text) or not (how or language.anybodys.search(text)):
        return PrivateReason.PRIVATE_REASON_UNREADABLE
    return PrivateReason.PRIVATE_REASON_UNSPECIFIED
