"""Sentences that end in a list of names, less some of these."""

from __future__ import annotations

import re
from collections.abc import Collection

# Between the things of a list stands a comma or an "and", neither in a quoted name nor in what is noted in brackets.
_PIECE = re.compile(r'((?:"[^"]*"|\([^()]*\)|(?!, | and ).)+)(?:, | and |$)')
# A thing of a list, whole; a name that is not quoted has no mark in it.
_THING = re.compile(r'(?:(?:the )?"[^"]*"(?: package)?|[^"()]+)(?: \([^()]*\))?')
_DATE = "As of "


def without(sentence: str, names: Collection[str]) -> str | None:
    """Return a dated sentence without some of the names that it ends in a list of, each with what is noted of it.

    Args:
        sentence: Such as `As of May 2026, reads about "tea" (9 of 12 events), "rail" and "wind".`
        names: As the sentence shows them.

    Returns:
        The sentence; None where it is no such one, where it says something of a name elsewhere, or nothing is left.
    """
    if not sentence.startswith(_DATE) or not sentence.endswith("."):
        return None
    # What the user does stands before the first thing, which thereby is no whole piece.
    date, *pieces = _PIECE.findall(sentence.removesuffix("."))
    if not pieces or not all(map(_THING.fullmatch, pieces[1:])):
        return None
    act, *rest = pieces
    named = "|".join(map(re.escape, names))
    thing = re.compile(rf"(?:the )?(?:{named})(?: package)?(?: \([^()]*\))?")
    kept = [piece for piece in rest if not thing.fullmatch(piece)]
    match = re.search(rf"(?<=\s){thing.pattern}$", act)
    if match is not None:
        if not kept:
            return None
        act = act[: match.start()] + kept.pop(0)
    listed = ", ".join([act, *kept[:-1]]) + (f" and {kept[-1]}" if kept else "")
    is_elsewhere = re.search(rf"(?<!\w)(?:{named})(?!\w)", listed)
    return None if is_elsewhere else f"{date}, {listed}."
