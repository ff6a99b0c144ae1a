"""What ranking has learned of a user's topics, beside what is counted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from foreword.synonyms import Synonyms
from scheduler.agent.affinity import Affinity

# How many deviations an effect must be away from nothing to count in the order. Few: an effect is shrunk towards what
# holds for others already, and with this bar profiles foretell a thousandth better, with one of two they do not.
DEVIATIONS_MIN = 0.5
# To be turned away from: that is said of the user, and in one topic of twenty is then said by chance alone.
SURE_DEVIATIONS = 2.0
# Logits against a topic from which on it is turned away from: one in four is taken where another would be one in two.
# Less is a preference for something else.
_AGAINST_MIN = 1.0


class RankedTopic(NamedTuple):
    """How far a topic moves a user's yes, away from other users'.

    Attributes:
        effect: On the logit of an action with this topic alone.
        deviation: Of the effect.
    """

    effect: float
    deviation: float

    def is_beyond(self, deviations: float) -> bool:
        """Return whether the effect is so many deviations away from nothing."""
        return abs(self.effect) >= deviations * self.deviation


class RankedTopics(NamedTuple):
    """What one user's parameters say of topics, under the model that they belong to.

    Attributes:
        topics: By `topic_key` of what they count as; only those half a deviation or more away from nothing.
        observation_count: How many times the user said something of an action: the events that all of it rests on.
    """

    topics: Mapping[str, RankedTopic] = MappingProxyType({})
    observation_count: int = 0

    @classmethod
    def of(
        cls, scores: Iterable[tuple[str, float, float]], observation_count: int, synonyms: Synonyms
    ) -> RankedTopics:
        """Return what counts of a model's scores: `(topic, effect, deviation)` each.

        Of topics that mean the same the one with the greatest effect counts: their features differ, and a sum would
        count one event for each.
        """
        found: dict[str, RankedTopic] = {}
        for topic, effect, deviation in scores:
            key, ranked = synonyms.key(topic), RankedTopic(effect, deviation)
            if ranked.is_beyond(DEVIATIONS_MIN) and (
                key not in found or abs(effect) > abs(found[key].effect)
            ):
                found[key] = ranked
        return cls(found, observation_count)


NOTHING_RANKED = RankedTopics()


def with_ranked(affinities: Sequence[Affinity], ranked: RankedTopics, weight: float) -> list[Affinity]:
    """Return a user's topics ordered by what is counted and by what ranking has learned together.

    The pool of log-odds that orders topics gets one more term, weight × effect. A topic whose effect is far and surely
    against it is turned away from. What the user said of a topic outright stands, and what is counted against it. Only
    topics that the user's own events carry are looked at: of the others no event could be named. Scores stay as
    counted.

    Args:
        affinities: As they are counted.
        ranked: What ranking has learned.
        weight: `ranking.profile_weight`; 0 changes nothing.
    """
    if not weight or not ranked.topics:
        return list(affinities)
    moved = [_moved(affinity, ranked, weight) for affinity in affinities]
    return sorted(moved, key=lambda affinity: (-affinity.strength, affinity.key))


def _moved(affinity: Affinity, ranked: RankedTopics, weight: float) -> Affinity:
    topic = ranked.topics.get(affinity.key)
    # What the user said outright, or is counted against the topic already, needs no second opinion.
    if topic is None or affinity.stance or affinity.aversion:
        return affinity
    # As far as the chance of a yes falls below one half, with the effect in odds.
    is_against = topic.effect <= -_AGAINST_MIN and topic.is_beyond(SURE_DEVIATIONS)
    aversion = 1 - 2 / (1 + math.exp(-topic.effect)) if is_against else 0.0
    return replace(
        affinity,
        strength=affinity.strength + weight * topic.effect,
        aversion=min(1.0, weight * aversion),
        ranked_effect=topic.effect,
        ranked_count=ranked.observation_count,
    )
