"""The forms of sentences that texts are made of: patterns over a sentence whose names are masked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from evaluations.raw_counts import Namespace, User


class Known(NamedTuple):
    """What a sentence is held against: a user, and the namespace with all its users, at the time of the text."""

    user: User
    namespace: Namespace


class Noted(NamedTuple):
    """A name with what stands in brackets behind it; empty where nothing does."""

    name: str
    note: str


class Said(NamedTuple):
    """What a sentence says: its names by the group of the pattern they stand in, and every group's words."""

    names: dict[str, list[Noted]]
    words: dict[str, str]

    def plain(self, group: str) -> list[str]:
        """Return the names of a group without their notes."""
        return [each.name for each in self.names[group]]


Check = Callable[[Known, Said], Iterator[str]]


class Form(NamedTuple):
    """A form of sentence.

    Attributes:
        pattern: Over the masked sentence, whole.
        check: Yields what in the raw counts contradicts it.
        tells_apart: It says how much, or compares: then it tells something of a user also by what everybody has.
    """

    pattern: re.Pattern[str]
    check: Check
    tells_apart: bool


FORMS: list[Form] = []
"""Every form that a check was written for; the first that fits counts."""

NOTED = re.compile(r"⟨(\d+)⟩(?: package)?(?: \(([^()]*)\))?")
"""A mark with its note."""
_NAME = r"(?:the )?⟨\d+⟩(?: package)?(?: \([^()]*\))?"
_PARTS = {
    "list": rf"{_NAME}(?:(?:, | and ){_NAME})*",
    "joint": r"(?:in |about |for |on |: )?",
    "month": r"[A-Z][a-z]+ \d{4}",
}


def form(pattern: str, *, tells_apart: bool = False) -> Callable[[Check], Check]:
    """Register a form.

    Args:
        pattern: May have `{list}` for names, each perhaps with a note in brackets, `{joint}` for what joins them to a
            verb, and `{month}`.
        tells_apart: As in `Form`.
    """
    for name, part in _PARTS.items():
        pattern = pattern.replace(f"{{{name}}}", part)
    whole = re.compile(pattern)

    def register(check: Check) -> Check:
        FORMS.append(Form(whole, check, tells_apart))
        return check

    return register
