"""Actions and contexts as weighted values of fields, the same in training and in serving."""

from __future__ import annotations

import math
import re
from typing import NamedTuple
from zlib import crc32

import numpy as np

from foreword.clock import DAY_MS, HOUR_MS
from ranking.block import Floats
from ranking.example import Action, Context

ACTION_FIELD = "action"
TOPIC_FIELD = "topic"
SOURCE_FIELD = "source"
LAST_FIELDS = ("last action", "last action but one")
"""The newest of the actions that a user took last, as facts of the moment; their values are ids of actions."""
WORD_FIELD = "word"
CONTEXT_FIELDS = (*LAST_FIELDS, "hour", "weekday", WORD_FIELD, SOURCE_FIELD)
ACTION_TEXT, ACTION_VECTOR = "text", "vector"
CONTEXT_TEXT, CONTEXT_VECTOR = "question", "vector of the moment"
VALUES_MAX = 32
"""Topics, and attributes, that are looked at; an action promises to have no more."""


_WORD = re.compile(r"\w+")
# Some sixty words, each of which costs a microsecond.
_WORDS_CHARS_MAX = 400


class Part(NamedTuple):
    """One value of one field, and how much it counts."""

    field: str
    value: str
    weight: float = 1.0


def action_parts(action: Action) -> list[Part]:
    """Return what an action consists of; its topics together weigh as much as one would."""
    parts = [Part(ACTION_FIELD, action.id)]
    parts += [Part(f"attribute {key}", value) for key, value in list(action.attributes.items())[:VALUES_MAX]]
    topics = action.topics[:VALUES_MAX]
    share = 1.0 / math.sqrt(len(topics)) if topics else 0.0
    return parts + [Part(TOPIC_FIELD, topic, share) for topic in topics]


def context_parts(context: Context) -> list[Part]:
    """Return what a moment consists of, with the words of its text, and with its hour and weekday (UTC).

    Its words beside its vector: what somebody asks for by name is told by one word, which an average hides.
    """
    parts = [Part(f"context {key}", value) for key, value in list(context.attributes.items())[:VALUES_MAX]]
    # 1 January 1970 was a Thursday, the fourth day of the week.
    day = (context.time_ms // DAY_MS + 3) % 7
    words = sorted(set(_WORD.findall(context.text[:_WORDS_CHARS_MAX].lower())))
    parts += [Part(WORD_FIELD, word, 1.0 / math.sqrt(len(words))) for word in words]
    return [*parts, Part("hour", str(context.time_ms // HOUR_MS % 24)), Part("weekday", str(day))]


def seed_features(part: Part, size: int) -> Floats:
    """Return float32[size] of length `part.weight`: where a value lies before anything is known of it.

    Directions of a random kind, the same in every process: two values are nearly at right angles, so that what is
    learned of a user with one hardly moves the other, and two actions that share a value share what was learned
    (hashing by random projection: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009).
    """
    if not size:
        return np.zeros(0, np.float32)
    draw = np.random.default_rng([crc32(part.field.encode()), crc32(part.value.encode())])
    found = draw.standard_normal(size).astype(np.float32)
    return found * np.float32(part.weight / math.sqrt(float(found @ found)))
