"""A statement taken apart: the words that are Foreword's own, and those that must come from the events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from foreword.errors import FieldError
from foreword.naming import Names, quoted
from scheduler.agent.framing import (
    ACTS,
    FREE,
    NEGATIVE,
    NEW_TO,
    NOUNS,
    OPENINGS,
    SHOWN_BY,
    is_broken,
    is_ours,
)
from scheduler.agent.stems import words_in

# What stands between words in a statement. Other marks belong to names, or to nothing that a statement may hold.
_TOKENS = re.compile(r"""[^\s"“”„»«,;:()!?]+|[,;:()!?]""")
_MARKS = frozenset(",;:()!?")
# Of a name that a policy lets through, the longest is looked for first.
_NAME_WORDS_MAX = 3
# Verbs of ours that goals begin with, by their plain form and the one of the third person.
_VERBS = {
    form: verb
    for verb in """
        work focus build develop write prepare plan make let keep use run maintain help add introduce implement
        create extend integrate support enable remove drop delete deprecate retire fix repair correct resolve solve
        stabilize harden improve enhance refine polish refactor restructure rework rewrite simplify modernize
        reorganize clean update upgrade move migrate port switch replace convert test document release publish ship
        automate annotate lint optimize configure retrieve fetch load log read buy compare watch play search ask
    """.split()
    for form in (verb, f"{verb}s", f"{verb}es")
}
# Letters from which on the beginning of a word is no chance.
_BEGINNING_MIN = 5
# Two statements of which so much of all their things is common say the same.
_SAME_SHARE_MIN = 0.7


@dataclass(frozen=True, slots=True)
class Thing:
    """A word of a statement that must stand in an event.

    Attributes:
        text: As it is written.
        stems: Any of them shows it; without one no event does.
        parts: All of them together show it too, as `Git` and `Hub` do `GitHub`; empty where it has none.
    """

    text: str
    stems: frozenset[str]
    parts: frozenset[str] = frozenset()

    def stands_in(self, words: AbstractSet[str]) -> bool:
        """Return whether the words of an event show it, also as the beginning of one."""
        if not self.stems.isdisjoint(words) or (self.parts and self.parts <= words):
            return True
        if len(self.stems) != 1:
            return False
        (stem,) = self.stems
        # "5.3" is the beginning of "5.3.1", and "sphinx" of "sphinxext".
        beginning = f"{stem}." if stem[0].isdigit() else stem
        is_long = stem[0].isdigit() or len(stem) >= _BEGINNING_MIN
        return is_long and any(word.startswith(beginning) for word in words)


@dataclass(frozen=True)
class Statement:
    """A sentence or phrase about a user.

    Attributes:
        text: With names of the user's in quotation marks, as names stand in every text.
        things: What it is about, each once.
        acts: What it says was done to them.
        words: Those of Foreword's own, in small letters.
    """

    text: str
    things: tuple[Thing, ...]
    acts: tuple[Thing, ...]
    words: frozenset[str]

    @property
    def is_negative(self) -> bool:
        """Whether it says that the user turned away from something."""
        return not self.words.isdisjoint(NEGATIVE)

    def says_the_same(self, other: Statement) -> bool:
        """Return whether it is about nearly the same things, and neither for what the other is against."""
        mine, others = self.keys(), other.keys()
        both = len(mine & others)
        is_near = both >= _SAME_SHARE_MIN * len(mine | others) and bool(both)
        return is_near and self.is_negative == other.is_negative

    def contradicts(self, other: Statement) -> bool:
        """Return whether one is against something that the other is for."""
        both = len(self.keys() & other.keys())
        is_near = both >= min(len(self.things), len(other.things)) / 2 and bool(both)
        return is_near and self.is_negative != other.is_negative

    def keys(self) -> frozenset[frozenset[str]]:
        """Return what can be compared of its things."""
        return frozenset(thing.stems for thing in self.things)


def things_in(name: str) -> tuple[Thing, ...]:
    """Return the words of a name as things, each once."""
    return tuple(dict.fromkeys(_things(name)))


def read_statement(field: str, text: str, names: Names) -> Statement:
    """Take a text apart and put it together again, with every name through the door of names.

    Raises:
        FieldError: A name must not stand in a text; names `field`.
    """
    tokens = [token.rstrip(".") for token in _TOKENS.findall(text)]
    things: list[Thing] = []
    acts: list[Thing] = []
    words: set[str] = set()
    said: list[str] = []
    run: list[str] = []
    for token in filter(None, tokens):
        small = token.casefold()
        if small in NOUNS and small not in FREE:
            # Between names it is a part of one; by itself it needs no quotation marks.
            run.append(token)
            things.append(_known_thing(small))
        elif token in _MARKS or _is_ours(small):
            said += _named(field, run, names)
            run = []
            words.add(small)
            said.append(token)
            shown = [_known_thing(word) for word in _parts(small) if word in SHOWN_BY]
            acts += [thing for thing in shown if thing.text in ACTS]
            things += [thing for thing in shown if thing.text not in ACTS]
        else:
            run.append(token)
            things += _things(token)
    said += _named(field, run, names)
    if re.search(rf"\b{NEW_TO}\b", text, re.IGNORECASE):
        words.add(NEW_TO)
    _check_order(field, tokens)
    if names.withholds(text):
        raise FieldError(field, quoted(text), "nothing that is withheld")
    return Statement(_joined(said), _once(things), _once(acts), frozenset(words))


def may_stand(text: str, names: Names) -> bool:
    """Return whether every name in a text may stand in one, as when it was proposed."""
    try:
        read_statement("statement", text, names)
    except FieldError:
        return False
    return True


def opening_fault(statement: Statement, *, is_goal: bool) -> str | None:
    """Return what is wrong with how a statement begins; None when nothing is.

    A verb without an ending, or a word of the user's, could be an order to whoever reads it.
    """
    first = statement.text.partition(" ")[0].rstrip(",;:.").casefold()
    if not _is_ours(first) or first in NOUNS:
        return first
    if is_goal or first in OPENINGS or first.endswith(("s", "ing", "ed")):
        return None
    return first


def _check_order(field: str, tokens: Sequence[str]) -> None:
    small = [token.casefold() for token in tokens if token]
    for first, second in zip(small, [*small[1:], ""], strict=True):
        if is_broken(first, "" if second in _MARKS else second):
            raise FieldError(field, quoted(f"{first} {second}".strip()), "a plain English phrase")


def as_goal(text: str) -> str:
    """Return a goal's phrase as it stands behind "Now:": with `Working` for `Work` and `Works`."""
    first, space, rest = text.partition(" ")
    small = first.casefold()
    if small.endswith("ing") or not small.isalpha() or small not in _VERBS:
        return text
    return f"{_gerund(_VERBS[small]).capitalize()}{space}{rest}"


def _gerund(verb: str) -> str:
    if verb.endswith("e") and not verb.endswith("ee"):
        return f"{verb[:-1]}ing"
    is_doubled = re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", verb) is not None
    return f"{verb}{verb[-1]}ing" if is_doubled else f"{verb}ing"


def _is_ours(small: str) -> bool:
    return all(map(is_ours, _parts(small)))


@lru_cache(maxsize=4096)
def _parts(small: str) -> tuple[str, ...]:
    """Return the words that a hyphen joins, as in `type-checking`; with a slash, words are a place and so a name."""
    return tuple(part for part in re.split("-", small.removesuffix("'s")) if part) or (small,)


@lru_cache(maxsize=4096)
def _known_thing(word: str) -> Thing:
    return Thing(word, SHOWN_BY[word])


def _things(name: str) -> Iterator[Thing]:
    for word in re.findall(r"[^\W\d_]+|\d+(?:\.\d+)*", name):
        if word.casefold() in SHOWN_BY:
            yield Thing(word, SHOWN_BY[word.casefold()])
            continue
        whole, *parts = words_in(word)
        yield Thing(word, frozenset({whole}), frozenset(parts))


def _once(things: Iterable[Thing]) -> tuple[Thing, ...]:
    return tuple({thing.stems: thing for thing in things}.values())


def _named(field: str, run: Sequence[str], names: Names) -> Iterator[str]:
    """Yield a row of words that are not ours as names, each as long as the policy lets it be."""
    place = 0
    while place < len(run):
        shown, place = _next_name(field, run, place, names)
        yield shown


def _next_name(field: str, run: Sequence[str], place: int, names: Names) -> tuple[str, int]:
    """Return the longest name that begins at a place, or a plain noun, and the place behind it."""
    for end in range(min(len(run), place + _NAME_WORDS_MAX), place, -1):
        words = run[place:end]
        if all(word.casefold() in NOUNS for word in words):
            return " ".join(words), end
        name = names.name(" ".join(words))
        if name is not None:
            return name.shown, end
    raise FieldError(field, quoted(run[place]), "names that may stand in a text of this namespace")


def _joined(said: Sequence[str]) -> str:
    text = ""
    for token in said:
        is_close = not text or token in _MARKS - {"("} or text.endswith("(")
        text += token if is_close else f" {token}"
    return text[:1].upper() + text[1:]
