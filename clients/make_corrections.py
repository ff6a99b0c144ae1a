"""Write what the Node package tells corrections from requests by, and what it must say of them.

    python clients/make_corrections.py

The rule is `foreword.follow_ups`. Its words become clients/node/src/correction_words.js, and its verdicts
clients/vectors/corrections.json; tests/guards/test_integrations.py holds both files to it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from foreword import corrections, follow_ups

CLIENTS = Path(__file__).parent
WORDS_FILE = CLIENTS / "node" / "src" / "correction_words.js"
VECTORS_FILE = CLIENTS / "vectors" / "corrections.json"

# What JavaScript knows of ASCII alone, and Python of all letters.
_WORD = r"[\p{L}\p{N}_]"
_BOUNDARY = rf"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"

_ANSWER = "It depends. First set it up, then run it."
_QUESTION = "Shall I book it? Or how long shall it be?"
# Turns of a user, each after an answer, after an answer that asks, and after none.
_TURNS = (
    "Shorter, please", "shorter please", "Too long!", "not too short", "More details", "Less detail please",
    "more depth",
    "tl;dr", "TL;DR please", "In German please", "auf Deutsch bitte", "en español por favor", "in Russian", "po polsku",
    "Code first", "start with the code", "begin with an example", "answer first, then why", "no bullet points",
    "don't use lists", "don\u2019t use lists", "Bullet points, no prose", "more formal", "less formal, and friendlier",
    "without the fluff", "not enough detail", "too few examples", "nicht genug Details", "Kürzer und direkter bitte",
    "plus court s'il te plaît", "réponds plus court", "más corto por favor", "più breve", "korter", "mach es kürzer",
    "short but long", "That's not right", "that\u2019s wrong", "No, that is not what I asked", "This is incorrect",
    "not what I wanted", "I meant the other one", "I didn't mean that", "I did not ask for this", "you misunderstood",
    "You got that wrong", "Actually, I meant Berlin", "sorry, but that's not it", "No, the second one", "nope: Berlin",
    "wrong - it is 42", "No, thanks", "no, that's all", "No. That is everything", "No", "no, Ärger", "Nothing, really",
    "Thanks, shorter next time", "Great, more details", "hi, in German please", "Cancel my order", "how long is it",
    "It takes too long to run the tests", "thanks for the details, now cancel the order please and tell me when",
    "What is the shortest way to Rome", "", "  Shorter, please  ", "SHORTER", "shorter" + " and shorter" * 6,
    "shorter " * 30, "I use German in my shop", "you are wrong", "You are wrongly charged", "I meanther",
    "ﬁrst the code first",
    "Make it a short, friendly answer in French.", "the tone is too casual", "superficial", "not superficial",
)  # fmt: skip


def words() -> str:
    """Return the module of words."""
    parts = {
        "TEXT_CHARACTERS_MAX": corrections.TEXT_CHARACTERS_MAX,
        "WISH_WORDS_MAX": follow_ups._WISH_WORDS_MAX,
        "TURNING_WORDS_BEFORE": corrections._TURNING_WORDS_BEFORE,
        "FIRST_WORDS_BEHIND": corrections._FIRST_WORDS_BEHIND,
        "START_WORDS_BEFORE": corrections._START_WORDS_BEFORE,
        "OTHER_WORDS_MAX": corrections._OTHER_WORDS_MAX,
        "ABOUT_THE_ANSWER": _pattern(follow_ups._ABOUT_THE_ANSWER),
        "NO": _pattern(follow_ups._NO),
        "THANKS": _pattern(follow_ups._THANKS),
        "LACKING": _pattern(corrections._LACKING),
        "CLAUSE_ENDS": _pattern(corrections._CLAUSE_ENDS),
        "TURNING": sorted(corrections._TURNING),
        "STARTS": sorted(corrections._STARTS),
        "INTO": sorted(corrections._INTO),
        "OF_ANSWERS": sorted(corrections._OF_ANSWERS),
        "LANGUAGES": corrections._LANGUAGES,
        "FIRST": corrections._FIRST,
        "ASKED": corrections._ASKED,
    }
    lines = [
        "// Written by clients/make_corrections.py from foreword/corrections.py and foreword/follow_ups.py."
    ]
    for name, value in parts.items():
        lines += ["", f"export const {name} = {_said(value)};"]
    return "\n".join(lines) + "\n"


def vectors() -> str:
    """Return the verdicts: answer, turn, and whether it corrects."""
    cases = [
        [answer, turn, follow_ups.is_correction(turn, answer)]
        for turn in _TURNS
        for answer in (_ANSWER, _QUESTION, "")
    ]
    return json.dumps(cases, ensure_ascii=False, indent=0) + "\n"


def _pattern(pattern: re.Pattern[str]) -> str:
    """Return a pattern as JavaScript takes it with the flags `iu`."""
    text = re.sub(r"\s+", "", pattern.pattern) if pattern.flags & re.X else pattern.pattern
    return text.replace(r"\b", _BOUNDARY).replace(r"\w", _WORD)


def _said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    WORDS_FILE.write_text(words(), "utf-8")
    VECTORS_FILE.write_text(vectors(), "utf-8")
