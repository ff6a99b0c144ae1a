"""What English says in more than one way: phrases, words that mean the same, endings that change nothing."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

import Stemmer

_TABLES = tomllib.loads(files("tiering").joinpath("alike.toml").read_text("utf-8"))
_SAID = {said: phrase for phrase, ways in _TABLES["phrases"].items() for said in ways.split("|")}
_PHRASED = frozenset(said.split()[0] for said in _SAID)
_PHRASE = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, _SAID), key=len, reverse=True))})\b")
_FRAMES = _TABLES["frames"]
_FRAMED = [
    (re.compile(f"(?:{way.format_map(_FRAMES)})(?: |$)"), rf"{frame} ".lstrip())
    for frame, way in _FRAMES["list"]
]
_FRAME = re.compile("|".join(f"({re.sub(r'[(](?![?])', '(?:', way.pattern)})" for way, _ in _FRAMED))
_FRAMES_MAX = 3
# Without a word of asking it is a search of a few words: capital of France, resetting a password.
_ASKING = frozenset(
    """what how when where which who whose why can could would will is are am was were do does did has have had should
    shall may must i you we tell""".split()
)
_ON_DAY = re.compile(r"(?<!\bis )\bon (?=(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b)")
_THERE = re.compile(r"(?<=\w )(is|are) there\b")
_DIGIT = re.compile(r"\d")
_FIGURES = (
    (re.compile(r"\b(\d[\d.]*) dollars?\b"), r"$\1"),
    (re.compile(r"\b(\d[\d.]*) euros?\b"), r"€\1"),
    (re.compile(r"\b(\d+) o'clock\b"), r"\1"),
    (re.compile(r"\b(\d+(?::\d\d)?) in the morning\b"), r"\1am"),
    (re.compile(r"\b(\d+(?::\d\d)?) in the (?:afternoon|evening)\b"), r"\1pm"),
)

_WHOLE = frozenset(_TABLES["whole"].split())
# Endings of number and of what is being done. That of what is done is not among them: who pays is not who is paid.
_ENDING = re.compile(r"(?:^[a-z]ing|ing|e|y|ie|l)?s?$")
_DOUBLED = re.compile(r"^[a-z](?=ed$|er$)")
_STEMMER = Stemmer.Stemmer("english", 0)


def phrased(text: str) -> str:
    """Return a normal form with phrases and beginnings that mean the same made one."""
    words = text.split()
    if not _PHRASED.isdisjoint(words):
        text = " ".join(_PHRASE.sub(lambda found: _SAID[found[0]], text).split())
    framed = _framed(text)
    if words and framed == text and _ASKING.isdisjoint(words):
        is_doing = words[0].endswith("ing") and len(words) > 1 and words[0] not in _WHOLE
        framed = _framed(f"how do i {text}" if is_doing else f"what is {text}")
    words = framed.split()
    if framed.startswith("how do i ") and words[3:] and words[3].endswith("ing"):
        words[3] = _STEMMER.stemWord(words[3])
        framed = " ".join(words)
    text = framed
    if "day" in text:
        text = _ON_DAY.sub("", text)
    if " there" in text:
        text = _THERE.sub(r"\1", text)
    if _DIGIT.search(text):
        for pattern, figure in _FIGURES:
            text = pattern.sub(figure, text)
    return text


def _framed(text: str) -> str:
    for _ in range(_FRAMES_MAX):
        found = _FRAME.match(text)
        if not found or not found.lastindex:
            break
        pattern, frame = _FRAMED[found.lastindex - 1]
        text = pattern.sub(frame, text, count=1)
    return text


def _base(word: str) -> str:
    if word in _WHOLE or len(word) < 4 or not word.isalpha():
        return word
    stem = _STEMMER.stemWord(word)
    shared = next(
        (at for at, (one, other) in enumerate(zip(word, stem, strict=False)) if one != other), len(stem)
    )
    ending = _DOUBLED.sub("", _ENDING.sub("", word[shared:]))
    return f"{stem}-{ending}" if ending else stem


def _group(words: str) -> dict[str, str]:
    bases = [_base(word) for word in words.split()]
    return dict.fromkeys(bases, bases[0])


_EVERYWHERE = {base: first for words in _TABLES["groups"].split(";") for base, first in _group(words).items()}
_BESIDE = [
    (_group(words), frozenset(map(_base, near.split())))
    for words, near in (group.split(":") for group in _TABLES["groups_beside"].split(";"))
]


# Of words alone, which say nothing of who asked what.
@lru_cache(maxsize=8192)
def _meaning(word: str) -> str:
    whole = _base(word)
    base, _, ending = whole.partition("-")
    if not ending or whole in _EVERYWHERE or base in ("need", "requir"):
        return _EVERYWHERE.get(whole, _EVERYWHERE.get(base, base))
    return f"{_EVERYWHERE.get(base, base)}-{ending}"


def meanings(words: list[str]) -> list[str]:
    """Return for each word what it shares with its plural, its -ing, and the words that say the same."""
    found = [_meaning(word) for word in words]
    for group, near in _BESIDE:
        if not near.isdisjoint(found):
            found = [group.get(each, each) for each in found]
    return found
