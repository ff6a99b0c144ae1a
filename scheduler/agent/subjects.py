"""What an event's text can be about: the words of it that name a subject, and those that come again in others."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from typing import NamedTuple

from foreword.empty_words import is_empty
from scheduler.agent.stems import stem

SUBJECT_BYTES_MAX = 64
PHRASE_WORDS_MAX = 3
# A subject stands near the beginning; what is pasted behind it may be pages.
_TEXT_CHARACTERS_MAX = 160
_LETTERS_MIN, _LETTERS_MAX = 3, 20
# Letters alone: what identifies, counts or opens something has digits or marks in it, and so is never kept.
_WORD = re.compile(r"[^\W\d_]+(?:[_-][^\W\d_]+)*")
# Written as no prose writes a word: `send_event`, `MongoDB`, `pre-commit`.
_COINED = re.compile(r".[A-Z_-]")
_QUOTES = "\"'`*()[]{}<>“”‘’«»"
_CLAUSE_ENDS = ".,;:!?"
# After these stands what somebody does or is told to do.
_BEFORE_VERBS = frozenset(
    """already always and can cannot could do does don't dont he i it just let may might must never not now or please
    shall she should that then they to we who will would you""".split()
)
# Alone they name no subject; in a phrase they may.
_TOO_PLAIN = frozenset(
    map(
        stem,
        "class code day detail example function help list method name number object syntax thing value".split(),
    )
)
_JOINT = ", "
# What fewer acts share may be chance; a phrase is less so than a word, and a coined word less than a plain one.
_PHRASE_ACTS_MIN, _WORD_ACTS_MIN = 2, 3

HALF_ACTS = 8
"""Acts until the next one counts half."""


class _Token(NamedTuple):
    word: str
    """The word that can name a subject; empty where none can."""
    opens: bool
    """Whether a mark before it parts it from its neighbour."""
    closes: bool
    """Whether a mark behind it does."""
    starts_clause: bool
    """Whether a verb may follow."""


def subject_of(text: str) -> str:
    """Return the words of a text that can name its subject, runs of neighbours divided by commas; at most 64 bytes.

    The first word of a clause is left out, and so is what stands behind "to", "must" or "please": there stand the
    verbs of orders. So is every word with a digit or a mark in it: there stand secrets, numbers and addresses.
    """
    subject = ""
    for run in _runs(text.lstrip().partition("\n")[0][:_TEXT_CHARACTERS_MAX]):
        for place, word in enumerate(run):
            joined = f"{subject} {word}" if place else f"{subject}{_JOINT}{word}" if subject else word
            if len(joined.encode()) > SUBJECT_BYTES_MAX:
                return subject
            subject = joined
    return subject


def recurring(subjects: Sequence[str]) -> list[tuple[str, tuple[int, ...]]]:
    """Return phrases of up to three words that stand in several subjects, with the places of these.

    The most telling come first, and no two share a word.

    Args:
        subjects: Those of acts, newest first. Of several that are the same the newest counts: a text sent twice says
            no more than once.
    """
    newest = {subject: place for place, subject in reversed(list(enumerate(subjects))) if subject}
    shared = _shared_stems(newest)
    places: dict[tuple[str, ...], dict[int, str]] = {}
    for subject, place in sorted(newest.items(), key=lambda item: item[1]) if shared else ():
        for key, phrase in _phrases(subject, shared):
            places.setdefault(key, {}).setdefault(place, phrase)
    found = [
        (key, acts)
        for key, acts in places.items()
        if len(acts) >= _acts_min(acts) and not (len(key) == 1 and key[0] in _TOO_PLAIN)
    ]
    chosen: list[tuple[tuple[str, ...], Mapping[int, str]]] = []
    for key, acts in sorted(found, key=lambda item: (-_weight(*item), item[0])):
        if all(set(key).isdisjoint(other) for other, _ in chosen):
            chosen.append((key, acts))
    return [(acts[min(acts)], tuple(acts)) for _, acts in chosen]


def mentions(subject: str, phrase: str) -> bool:
    """Return whether a subject has the words of a phrase beside each other, in any of their forms."""
    key = tuple(map(stem, phrase.split(" ")))
    return any(
        stems[place : place + len(key)] == key for stems in _stems(subject) for place in range(len(stems))
    )


def _shared_stems(subjects: Iterable[str]) -> frozenset[str]:
    """Return the stems that several subjects have: only these can make a phrase that several share."""
    counts = Counter(
        word for subject in subjects for word in {word for run in _stems(subject) for word in run}
    )
    return frozenset(word for word, count in counts.items() if count >= _PHRASE_ACTS_MIN)


def _acts_min(acts: Mapping[int, str]) -> int:
    phrase = acts[min(acts)]
    return _PHRASE_ACTS_MIN if " " in phrase or _COINED.search(phrase) else _WORD_ACTS_MIN


def _weight(key: Sequence[str], acts: Iterable[int]) -> float:
    """Return how telling a phrase is: more words say more, and newer acts say more of now."""
    return (1 + len(key)) * math.fsum(0.5 ** (place / HALF_ACTS) for place in acts)


def _runs(line: str) -> Iterator[list[str]]:
    run: list[str] = []
    is_start = True
    for raw in line.split():
        token = _token(raw)
        if run and (token.opens or not token.word):
            yield run
            run = []
        if token.word and not is_start:
            run.append(token.word)
        if run and token.closes:
            yield run
            run = []
        is_start = token.starts_clause
    if run:
        yield run


@lru_cache(maxsize=16_384)
def _token(raw: str) -> _Token:
    word = raw.strip(_QUOTES + _CLAUSE_ENDS)
    small, bare = word.casefold(), raw.rstrip(_QUOTES)
    is_word = _LETTERS_MIN <= len(word) <= _LETTERS_MAX and _WORD.fullmatch(word) is not None
    return _Token(
        word if is_word and not is_empty(small) and small not in _BEFORE_VERBS else "",
        opens=raw[0] in _QUOTES,
        closes=not raw.endswith(word) or not word,
        starts_clause=bare.endswith(tuple(_CLAUSE_ENDS)) or small in _BEFORE_VERBS or not word[:1].isalpha(),
    )


def _phrases(subject: str, shared: Set[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    for run, stems in zip(subject.split(_JOINT), _stems(subject), strict=True):
        words = run.split(" ")
        for start in range(len(words)):
            for end in range(start + 1, min(start + PHRASE_WORDS_MAX, len(words)) + 1):
                key = stems[start:end]
                if key[-1] not in shared:
                    break
                if len(set(key)) == len(key):
                    yield key, " ".join(words[start:end])


# A user's acts are looked at again with each new one.
@lru_cache(maxsize=4096)
def _stems(subject: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(map(stem, run.split(" "))) for run in subject.split(_JOINT))
