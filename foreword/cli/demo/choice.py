"""Choosing whom to show, by rule and not by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

from foreword.v1.profile_pb2 import Profile

# Pairs among these are compared: 2,775 at most.
_CANDIDATES_MAX = 75
# What comes first in a foreword.
_FAMILIAR = 5


def contrasting(profiles: Sequence[Profile]) -> list[Profile]:
    """Return the two users whose interests are least alike, of the most active ones with a strong interest.

    Strong is an affinity of at least half the strongest there is: the faint ones of somebody who disliked nearly
    all he met are unlike everyone's. Fewer than two are returned when fewer have a profile of their own.
    """
    known = [profile for profile in profiles if not profile.is_default and _affinities(profile)]
    limit = max(map(_strongest, known), default=0.0) / 2
    strong = [profile for profile in known if _strongest(profile) >= limit]
    strong.sort(key=lambda profile: (-profile.provenance.event_count, profile.user_id))
    pairs = combinations(strong[:_CANDIDATES_MAX], 2)
    return list(min(pairs, key=lambda pair: _similarity(*pair), default=strong[:1]))


def other_interest(shown: Sequence[Profile], topics: Sequence[str]) -> str:
    """Return what the first one cares for and the last one does not much; else a topic the last one lacks.

    Args:
        shown: One or two profiles.
        topics: All topics, most frequent first.
    """
    first, last = _ranked(shown[0]), _ranked(shown[-1])
    return next((topic for topic in (*first, *topics) if topic not in last[:_FAMILIAR]), topics[-1])


def _ranked(profile: Profile) -> list[str]:
    return [topic.topic for topic in profile.content_preferences.high_affinity_topics]


def _affinities(profile: Profile) -> dict[str, float]:
    return {topic.topic: topic.score for topic in profile.content_preferences.high_affinity_topics}


def _strongest(profile: Profile) -> float:
    return max(_affinities(profile).values())


def _similarity(one: Profile, other: Profile) -> float:
    """Return the cosine of two users' affinities."""
    a, b = _affinities(one), _affinities(other)
    shared = sum(score * b.get(topic, 0.0) for topic, score in a.items())
    return shared / (math.hypot(*a.values()) * math.hypot(*b.values()))
