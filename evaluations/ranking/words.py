"""A point as words: what a linear model counts, and what other programs are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from evaluations.ranking.point import Point
from ranking.example import Action, Context

_WORD = re.compile(r"[a-z]{2,}|\d")
# The first words of a request say most; every one is crossed with every action.
_WORDS_MAX = 64


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text, each once, in their order."""
    return tuple(dict.fromkeys(_WORD.findall(text.lower())))[:_WORDS_MAX]


def own_words(action: Action) -> list[str]:
    """Return what an action is, but for its id: topics and attributes."""
    return [*action.topics, *(f"{key}={value}" for key, value in action.attributes.items())]


def moment_words(context: Context) -> list[str]:
    """Return the facts of a moment."""
    return [f"{key}={value}" for key, value in context.attributes.items()]


def linear_facts(context: Context, action: Action) -> Iterator[tuple[str, float]]:
    """Yield what a linear model counts of one action in one moment, and how much.

    Each fact by itself; those of the moment and its words also crossed with the action's id; the action's own vector.
    """
    own = f"id={action.id}"
    moment = moment_words(context)
    facts = ["", own, *own_words(action), *moment, *(f"{word} {own}" for word in moment)]
    facts += [f"says={word} {own}" for word in words(context.text)]
    yield from ((fact, 1.0) for fact in facts)
    yield from ((f"number {place}", value) for place, value in enumerate(action.vector))


def told(point: Point) -> dict[str, Any]:
    """Return a point as another program is told it, with what came of each action."""
    return {
        "user": point.user,
        "moment": moment_words(point.context),
        "words": words(point.context.text),
        "actions": [
            {"id": action.id, "own": own_words(action), "numbers": action.vector} for action in point.actions
        ],
        "rewards": list(point.rewards),
    }
