"""How far two profiles of a user are apart: what a refresh changed, or that it changed nothing that matters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from foreword.topics import topic_key
from foreword.v1 import profile_pb2

# Numbers are left out: "79 of 275 commits" is another text after each commit, and says the same.
_WORD = re.compile(r"[^\W\d_]+(?:[\w/.\-]*[^\W_])?")

Weights: TypeAlias = Mapping[str, float]
Outline: TypeAlias = tuple[Weights, Weights, Weights]
"""Of a profile what is compared: its topics, what is believed, and the words of its text, each with its weight."""


def outline(profile: profile_pb2.Profile) -> Outline:
    """Return of a profile what is compared, to compare it more than once."""
    return dict(_topics(profile)), dict(_beliefs(profile)), Counter(_words(profile.foreword))


def distance(before: Outline, after: Outline) -> float:
    """Return how far apart two profiles are, from 0 (the same in all that is compared) to 1 (nothing in common).

    The mean over topics, beliefs and text of 1 minus what both have as a share of what either has (Ruzicka's
    likeness; for words, Jaccard's). Beliefs weigh by how sure they are, topics by their score.
    """
    parts = [_apart(old, new) for old, new in zip(before, after, strict=True)]
    return sum(parts) / len(parts)


def _apart(old: Weights, new: Weights) -> float:
    shared = either = 0.0
    for key in old.keys() | new.keys():
        one, other = old.get(key, 0.0), new.get(key, 0.0)
        shared += min(one, other)
        either += max(one, other)
    return 1 - shared / either if either else 0.0


def _topics(profile: profile_pb2.Profile) -> Iterator[tuple[str, float]]:
    for row in profile.content_preferences.high_affinity_topics:
        yield f"+{topic_key(row.topic)}", row.score
    for row in profile.content_preferences.low_affinity_topics:
        # What the user said no to outright counts whole, however seldom it was met.
        yield f"-{topic_key(row.topic)}", 1.0 if row.stance == profile_pb2.STANCE_NO else row.score


def _beliefs(profile: profile_pb2.Profile) -> Iterator[tuple[str, float]]:
    model = profile.self_model
    for belief in model.beliefs:
        if not belief.HasField("valid_to"):
            yield f"belief {belief.belief_id}", belief.confidence
    for goal in model.goals:
        if not goal.HasField("valid_to"):
            yield f"goal {goal.goal_id}", goal.confidence
    for preference in model.preferences:
        yield f"preference {preference.key} {preference.value}", preference.confidence


def _words(text: profile_pb2.Foreword) -> Iterator[str]:
    # The frame is the same for everybody, and would make all texts alike.
    for part in text.parts:
        yield from _WORD.findall(part.text)
