"""What no text of a model's own may hold, whatever the events say."""

from __future__ import annotations

import re
from typing import NamedTuple

from foreword.naming import quoted
from foreword.naming.scripts import script_of
from foreword.naming.sites import names_site
from foreword.redaction import personal_in

# Who speaks to a reader or of the conversation says nothing of the user. As whole words: "prompt" is in "prompted".
_TO_A_READER = re.compile(
    r"""\b(?:you|your|yours|yourself|we|our|me|my|please|must|should|shall|ought|ignore[sd]?|ignoring|disregard\w*
    |overrid\w+|obey\w*|pretend\w*|jailbreak\w*|instruct\w*|assistant|as\ an\ ai|this\ model
    |system\s*(?:prompt|message|:)|developer\s+message|previous\s+(?:message|context|text)|above\s+(?:message|text)
    |(?:answer|respond|reply|say|tell|output|print|repeat|reveal)\s+(?:with|to|only|the|them|this|that|all)
    |always\s+(?:answer|respond|reply|say|recommend|use|include)|never\s+(?:answer|mention|say|refuse|tell))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_MARKUP = re.compile(r"[<>{}\[\]`|\\^~*=$%@]|\d{7,}|://")
# Words of grammar of other languages that are no words of English; a sentence of theirs can hardly do without.
_FOREIGN = frozenset(
    """der die das und ist nicht ein eine einen mit für auf von zu den dem im häufig arbeitet möchte el los las una es
    del con por para que su más le les des du et est dans pour sur avec il la une au aux di che gli nel della con per
    sono het een van voor niet zijn och att som på med inte jest nie się na do oraz bir ve için""".split()
)
_FOREIGN_SHARE_MAX = 0.2
_LATIN_SHARE_MIN = 0.7
_WORDS = re.compile(r"[^\W\d_]+")


class Fault(NamedTuple):
    """What is wrong with a text, and what is allowed instead."""

    found: str
    allowed: str


def refusal_of(text: str) -> str | None:
    """Return in one sentence why a text must not stand in a profile; None when it may."""
    fault = fault_in(text)
    return None if fault is None else f"found {fault.found}; allowed: {fault.allowed}"


def fault_in(text: str) -> Fault | None:
    """Return why a text must not stand in a profile; None when it may."""
    if not text.isprintable():
        return Fault(quoted(text), "one line of plain text")
    speaks = _TO_A_READER.search(text)
    if speaks is not None:
        return Fault(
            f"{quoted(speaks[0])}, which speaks to a reader", "what holds of the user, in the third person"
        )
    personal = personal_in(text)
    if personal:
        return Fault(f"personal data or a secret: {', '.join(personal)}", "nothing of the kind")
    if names_site(text) or _MARKUP.search(text):
        return Fault("an address, a number or markup", "plain words")
    if not _is_english(text):
        return Fault("another language", "English, whatever the language of the events")
    return None


def _is_english(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    if sum(script_of(letter) == "LATIN" for letter in letters) < _LATIN_SHARE_MIN * len(letters):
        return False
    words = [word.casefold() for word in _WORDS.findall(text)]
    return sum(word in _FOREIGN for word in words) <= _FOREIGN_SHARE_MAX * len(words)
