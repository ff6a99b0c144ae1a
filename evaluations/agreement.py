"""What a profile says of its user, in a form that two profiles can be compared by."""

from __future__ import annotations

from collections.abc import Set

from foreword.topics import topic_key
from foreword.v1 import profile_pb2


def sayings(profile: profile_pb2.Profile) -> frozenset[tuple[str, str]]:
    """Return what a self-model holds now: each belief by the topic it is about, each goal by its words.

    Beliefs are compared by subject and not by statement: two models put the same into other words.
    """
    model = profile.self_model
    beliefs = {("belief", topic_key(row.subject)) for row in model.beliefs if not row.HasField("valid_to")}
    goals = {("goal", topic_key(row.statement)) for row in model.goals if not row.HasField("valid_to")}
    return frozenset(beliefs | goals)


def agreement(one: Set[tuple[str, str]], other: Set[tuple[str, str]]) -> float | None:
    """Return how much of what two self-models say of a user both say: |A ∩ B| / |A ∪ B|; None when neither says any."""
    together = one | other
    return len(one & other) / len(together) if together else None


def foretold(profile: profile_pb2.Profile) -> list[str]:
    """Return the topics a profile expects of its user, by `topic_key`, the likeliest first.

    They go in the profile's order. After them, by confidence, come subjects of beliefs that hold and that the profile
    does not rank, which a model may have proposed. What the user turned away from is left out.
    """
    preferences = profile.content_preferences
    ranked = [topic_key(row.topic) for row in preferences.high_affinity_topics]
    believed: dict[str, float] = {}
    for belief in profile.self_model.beliefs:
        if not belief.HasField("valid_to"):
            topic = topic_key(belief.subject)
            believed[topic] = max(believed.get(topic, 0.0), belief.confidence)
    aside = {topic_key(row.topic) for row in preferences.low_affinity_topics}
    further = sorted(believed.keys() - set(ranked), key=lambda topic: (-believed[topic], topic))
    return [topic for topic in [*ranked, *further] if topic not in aside]
