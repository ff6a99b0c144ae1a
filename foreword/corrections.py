"""What a user's corrections say of how answers should be: read by rule, never repeated in the user's own words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

# A correction says what to do in a sentence or two. A longer text is about other things too.
TEXT_CHARACTERS_MAX = 200
# A word is turned around by one of these this close before it: "too long", "don't want long".
_TURNING_WORDS_BEFORE = 3
_TURNING = frozenset(
    """too less not no never without fewer stop avoid skip dont don't shouldn't shouldnt zu nicht kein keine weniger
    ohne trop pas moins sans demasiado menos sin troppo meno senza non muito sem te niet geen minder""".split()
)
# Turned around twice.
_LACKING = re.compile(r"\b(?:not enough|too little|too few|missing|lacks?|nicht genug|zu wenig|pas assez)\b")
# "Code first" and "start with the code".
_FIRST_WORDS_BEHIND = 2
_START_WORDS_BEFORE = 3
_STARTS = frozenset("start starting begin beginning lead leading".split())
# A clause speaks of answers when nearly all its words do: "it takes too long to run" speaks of something else.
_OTHER_WORDS_MAX = 1
_CLAUSE_ENDS = re.compile(r"[.,;:!?()\n]+|\b(?:and|but|und|aber|et|mais|y|pero|e|ma)\b")
_OF_ANSWERS = frozenset(
    """a an and answer answers are as at be can could first for from get give i i'd i'm in into is it it's its just
    keep let like little make me more much my next now on one only or out point points please prefer question
    reply replies respond response responses say sentence sentences should show so some start stay style such tell
    text texts than that that's the them then there this time to tone too use want was way why will with words
    would write you your antwort antworte antworten auf bitte das die der du ein eine ich ist mach mehr mir möchte
    schreib sei sie wort worten c'est de des en est les plus réponds réponse réponses s'il te vous plaît sois
    soyez un une con del el en es las los más por favor respuesta respuestas responde sea un una""".split()
)
_WORDS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


class Wish(NamedTuple):
    """How answers should be, in one respect; both words are Foreword's own."""

    key: str
    value: str


def _wish(key: str, value: str, opposite: str, words: str) -> dict[str, tuple[Wish | None, Wish | None]]:
    turned = Wish(key, opposite) if opposite else None
    return dict.fromkeys(words.split(), (Wish(key, value), turned))


# What each word asks for, and what it asks for when it is turned around.
_ASKED: dict[str, tuple[Wish | None, Wish | None]] = {
    **_wish(
        "answer_length",
        "short",
        "long",
        "short shorter tldr brief briefer briefly concise concisely terse succinct kurz kürzer knapp knapper court "
        "courte corto corta breve curto kort korter",
    ),
    **_wish(
        "answer_length",
        "long",
        "short",
        "long longer lengthy wordy verbose lang länger largo larga lungo lunga longo langer",
    ),
    **_wish(
        "detail",
        "more",
        "less",
        "detail details detailed depth deep deeper technical explain explanation explanations theory thorough "
        "ausführlich ausführlicher détaillé détails detalle detalles dettagli detalhes",
    ),
    **_wish(
        "detail",
        "less",
        "more",
        "simple simpler gist overview superficial shallow vague einfach einfacher simples",
    ),
    **_wish("form", "bullet points", "prose", "bullet bullets bulleted"),
    **_wish("form", "prose", "", "prose paragraphs"),
    **dict.fromkeys(("lists", "listen", "listas"), (None, Wish("form", "prose"))),
    **_wish("tone", "formal", "casual", "formal professional formell förmlich formel"),
    **_wish("tone", "casual", "formal", "casual informal relaxed chatty locker"),
    **_wish("tone", "friendly", "", "friendly friendlier warmer freundlich freundlicher"),
    **_wish("tone", "direct", "", "direct directly straight blunt direkt direkter"),
    **dict.fromkeys(("fluff", "preamble"), (None, Wish("tone", "direct"))),
}
_FIRST = {
    **dict.fromkeys("code snippet snippets command commands".split(), Wish("first", "code")),
    **dict.fromkeys("example examples".split(), Wish("first", "examples")),
    **dict.fromkeys(
        "answer conclusion conclusions result results summary".split(), Wish("first", "the conclusion")
    ),
}
_LANGUAGES = {
    name.lower(): name
    for name in """Arabic Chinese Czech Danish Dutch English Finnish French German Greek Hebrew Hindi Hungarian
    Indonesian Italian Japanese Korean Norwegian Persian Polish Portuguese Romanian Russian Spanish Swedish Thai
    Turkish Ukrainian Vietnamese""".split()
} | {
    "deutsch": "German",
    "español": "Spanish",
    "français": "French",
    "italiano": "Italian",
    "nederlands": "Dutch",
    "polsku": "Polish",
    "português": "Portuguese",
    "русски": "Russian",
    "українською": "Ukrainian",
    "svenska": "Swedish",
}
# A language is wished for where one of these stands before it; else it may be what the talk is about.
_INTO = frozenset("in into to auf en em på po по use speak write answer".split())


@lru_cache(maxsize=1024)
def wishes_in(text: str) -> tuple[Wish, ...]:
    """Return what a correction asks for, at most one wish a key; nothing where it contradicts itself.

    By words of English and the commonest of six other languages: what is meant in other words is not found.
    """
    if len(text) > TEXT_CHARACTERS_MAX:
        return ()
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'").replace("tl;dr", "tldr")
    found: dict[str, set[Wish]] = {}
    for clause in _CLAUSE_ENDS.split(_LACKING.sub("more", plain)):
        for wish in _wishes(_WORDS.findall(clause)):
            found.setdefault(wish.key, set()).add(wish)
    return tuple(wish for wishes in found.values() if len(wishes) == 1 for wish in wishes)


def _wishes(words: Sequence[str]) -> Iterator[Wish]:
    if sum(not _is_of_answers(word) for word in words) > _OTHER_WORDS_MAX:
        return
    for place, word in enumerate(words):
        before = words[max(0, place - _TURNING_WORDS_BEFORE) : place]
        is_turned = not _TURNING.isdisjoint(before)
        asked = _ASKED.get(word)
        wish = asked[is_turned] if asked is not None else None
        if wish is not None:
            yield wish
        if word in _FIRST and not is_turned and _comes_first(words, place):
            yield _FIRST[word]
        if word in _LANGUAGES and not is_turned and words[place - 1 : place] and words[place - 1] in _INTO:
            yield Wish("answer_language", _LANGUAGES[word])


def _is_of_answers(word: str) -> bool:
    return any(word in words for words in (_OF_ANSWERS, _ASKED, _FIRST, _LANGUAGES, _TURNING, _STARTS, _INTO))


def _comes_first(words: Sequence[str], place: int) -> bool:
    behind = words[place + 1 : place + 1 + _FIRST_WORDS_BEHIND]
    return "first" in behind or not _STARTS.isdisjoint(words[max(0, place - _START_WORDS_BEFORE) : place])


_SAID = {"detail": "{} detail", "form": "{}", "first": "{} first", "tone": "a {} tone"}


def said(wishes: Mapping[str, str]) -> list[str]:
    """Return wishes, by key, as they may follow "Wants"; in a fixed order."""
    length, language = wishes.get("answer_length", ""), wishes.get("answer_language", "")
    answers = f"{length} answers{f' in {language}' if language else ''}".strip()
    others = [pattern.format(wishes[key]) for key, pattern in _SAID.items() if key in wishes]
    return [answers, *others] if length or language else others
