"""Whether the answer to a question may be shared: by stated rules, which say no where they cannot tell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from foreword.redaction import personal_in
from foreword.v1.answer_pb2 import PrivateReason
from foreword.v1.answer_service_pb2 import Turn
from tiering.anybody import SELF, is_somebodys
from tiering.languages import ELSEWHERE, LANGUAGES, is_foreign
from tiering.question import clauses
from tiering.signs import (
    ACTION,
    ASKER,
    ASKS,
    CONTINUES,
    HAPPENED,
    LITTLE,
    NOW,
    SAID,
    Signs,
    one_of,
    points_back,
)

WORDS_MAX = 60
"""A question of more words tells a story, and stories are somebody's."""

# Words of Italian and Polish, and a country.
_ENGLISH_SELF = SELF - {"i", "us"}
_LATIN = frozenset({"LATIN"})
_WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*")
_TIDY = re.compile(r"[a-z0-9 ]+(?:[.,?!;] [a-z0-9 ]+)*")
# What stands between words; a full stop stays within u.s and 3.5, and a quote within don't.
_BETWEEN = re.compile(r"(?<=[^\W\d]{2})\.(?=[^\W\d]{2})|[^\w'.,?!;]+|_+|(?<!\w)'|'(?!\w)")
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
# With three digits at most it is no number of anybody's, nor with letters alone an address, unless it is spelled out.
_FEW_DIGITS = re.compile(r"(?:[A-Za-z ,.?!;'’-]*\d){0,3}[A-Za-z ,.?!;'’-]*")
_SPOKEN = frozenset({"at", "dot"})
# An order, a ticket, an account: somebody's.
_NUMBERED = re.compile(
    one_of(
        r"""
        \b(?:order|invoice|ticket|case|account|booking|reservation|reference|ref|tracking|customer|policy|claim|contract"""
        r"""|subscription|transaction|payment|shipment|parcel|membership|user|employee|patient|passport|licen[cs]e|id|pin)\b"""
        r"""(?: (?:number|no\.?|id|nr\.?|is|code))* ?[:#]* ?(?=[\w-]*\d{3})[\w-]{3,}
        #\s?\d{3,}
        (?:\d[ ().-]{0,2}){8}\d
        (?<![\w$£€¥.,-])(?!0x)\d{6,}\b
        (?:\d[ .()/-]{0,2}){9}
        \b(?!iso|rfc|sha|cve|0x)(?=[a-z-]*\d)(?=(?:\w*\d){4})(?=\w*[a-z])\w{8,}\b
        @\w{2,}
        """
    )
)
_POSTCODE = re.compile(r"\b[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}\b")
# A name is known by who says that it is one, or by what it owns.
_TITLED = Signs(
    r"""
    mr mrs ms dr prof
    born: \bborn (?:on|in) \d
    street st road rd avenue ave lane drive: \b\d{1,4} (?:[a-z]+ ){1,2}(?:street|st|road|rd|avenue|ave|lane|drive)\b
    name: \b(?:my|whose|the) name is\b
    """
)
_NAME = r"(?!What|Who|Where|How|When|Why|That|It|Here|There|Let|She|He)[A-Z][a-z'’-]+(?: [A-Z][a-z'’.-]*)*"
_OWNED = "account|order|booking|reservation|appointment|records?|ticket|subscription|balance|password|profile"
_NAMED = re.compile(
    one_of(
        rf"""
        \b(?:[Ii](?:['’]?m| am)|[Tt]his is|[Ss]igned,?|[Oo]n behalf of|[Ii]t(?:['’]s| is)) {_NAME} [A-Z][a-z]
        \b{_NAME}['’]s (?:\w+ )?(?:{_OWNED}|address|e-?mail|number|phone|invoice|salary|birthday|medical|card)\b
        \b(?:{_OWNED}) (?:of|for|under|named|belonging to|in the name of) {_NAME} [A-Z][a-z]
        """
    )
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
    clear = clauses(asked, locale)
    text = _spaced(clear, language)
    words = _WORD.findall(text)
    known = frozenset(words)
    if not 0 < len(words) <= WORDS_MAX or _FRAME.search(asked.lower()) or _ORDERS.stand(text, known):
        return PrivateReason.PRIVATE_REASON_UNREADABLE
    if _is_personal(asked, clear, known):
        return PrivateReason.PRIVATE_REASON_PERSONAL_DATA
    if language != "en":
        return _elsewhere(text, known, language)
    if (not text.isascii() and is_foreign(text, _LATIN)) or max(map(len, words)) < 2:
        return PrivateReason.PRIVATE_REASON_UNREADABLE
    return _english(text, known)


def _spaced(text: str, language: str) -> str:
    """Return a text with a space wherever a word begins, and in English without accents, which change no word of it."""
    if language == "en" and not text.isascii():
        text = "".join(
            char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)
        )
    if _TIDY.fullmatch(text):
        return text
    return " ".join(_RUN_ON.sub(" ", _BETWEEN.sub(" ", text)).split())


def _is_personal(asked: str, text: str, words: frozenset[str]) -> bool:
    if _TITLED.stand(text, words) or _NAMED.search(asked):
        return True
    if _FEW_DIGITS.fullmatch(asked) and words.isdisjoint(_SPOKEN) and max(map(len, words)) < 20:
        return bool(_POSTCODE.search(text))
    return bool(_NUMBERED.search(text) or _POSTCODE.search(text) or personal_in(asked) or personal_in(text))


def _english(text: str, words: frozenset[str]) -> PrivateReason:
    is_own = not SELF.isdisjoint(words)
    parts = _CLAUSE.split(text)
    if not ELSEWHERE.isdisjoint(words) or any(map(HAPPENED.match, parts)) or ASKER.stand(text, words):
        reason = PrivateReason.PRIVATE_REASON_ASKER
    elif any(map(ACTION.match, _SENTENCE.split(text) if len(parts) > 1 else parts)):
        reason = PrivateReason.PRIVATE_REASON_ACTION
    elif is_own and is_somebodys(text):
        reason = PrivateReason.PRIVATE_REASON_ASKER
    elif NOW.stand(text, words):
        reason = PrivateReason.PRIVATE_REASON_TIME
    elif CONTINUES.match(text) or SAID.stand(text, words) or points_back(text, words) or words <= LITTLE:
        reason = PrivateReason.PRIVATE_REASON_CONVERSATION
    elif not is_own and not ASKS.match(text):
        reason = PrivateReason.PRIVATE_REASON_UNREADABLE
    else:
        reason = PrivateReason.PRIVATE_REASON_UNSPECIFIED
    return reason


def _elsewhere(text: str, words: frozenset[str], language: str) -> PrivateReason:
    known = LANGUAGES.get(language)
    if known is None or is_foreign(text, known.scripts) or ACTION.match(text):
        return PrivateReason.PRIVATE_REASON_UNREADABLE
    if known.asker.search(text) or not _ENGLISH_SELF.isdisjoint(words):
        return PrivateReason.PRIVATE_REASON_ASKER
    if known.now.search(text):
        return PrivateReason.PRIVATE_REASON_TIME
    if known.pointing.search(text):
        return PrivateReason.PRIVATE_REASON_CONVERSATION
    return (
        PrivateReason.PRIVATE_REASON_UNSPECIFIED
        if known.anybodys.search(text)
        else PrivateReason.PRIVATE_REASON_UNREADABLE
    )
