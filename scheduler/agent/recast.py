"""What is known of a user under the synonyms in force now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from foreword.faded_counts import recast
from foreword.synonyms import Synonyms
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.evidence import Evidence
from scheduler.agent.memory import Memory
from scheduler.agent.observed import unite, usefulness
from scheduler.agent.population import PopulationDelta
from scheduler.agent.rows import drop


def recast_profile(previous: profile_pb2.Profile | None, synonyms: Synonyms) -> profile_pb2.Profile | None:
    """Return the profile with its topics called and counted as they are now; the same object when they are so.

    Of what code believes, beliefs of one kind about what is now one topic become one, with the evidence of all.
    """
    if previous is None:
        return None
    topics = recast(previous.memory.topics, synonyms)
    if topics is previous.memory.topics and not synonyms.digest:
        return previous
    profile = profile_pb2.Profile()
    profile.CopyFrom(previous)
    if topics is not previous.memory.topics:
        _put_topics(profile.memory, topics)
        # An event that carried two topics that now are one has counted for both.
        profile.memory.is_partial = True
    for belief in profile.self_model.beliefs:
        if _is_alias(belief.subject, synonyms):
            belief.subject = synonyms.shown(belief.subject)
    _unite_beliefs(profile.self_model.beliefs)
    _recast_areas(profile.self_model.expertise, synonyms)
    return profile


def name_synonyms(
    memory: Memory,
    delta: PopulationDelta,
    news: Iterable[Evidence],
    removed: Iterable[Evidence],
    synonyms: Synonyms,
) -> None:
    """Call the topics that others count as by their names, and note which others news and deleted events carried."""
    if not synonyms.digest:
        return
    for key, count in memory.topics.items():
        count.title = synonyms.title(key)
    for items, step in ((news, 1), (removed, -1)):
        for item in items:
            for key, spelling in item.topics.items():
                own = topic_key(spelling)
                if own != key:
                    spelled = delta.spellings.setdefault(key, {})
                    spelled[own] = spelled.get(own, 0) + step


def _put_topics(memory: profile_pb2.Memory, topics: Sequence[profile_pb2.FadedCount]) -> None:
    del memory.topics[:]
    for row in topics:
        # What carried two of them was counted in each; no topic has more events than there were.
        row.event_count = min(row.event_count, memory.event_count)
        row.weight = min(row.weight, memory.total_weight)
    memory.topics.extend(topics)


def _unite_beliefs(beliefs: Any) -> None:
    """Make one of code's beliefs that hold, of one kind and about one topic: the most useful of them stays."""
    held = [row for row in beliefs if row.subject and not (row.proposed_by or row.HasField("valid_to"))]
    stays: dict[tuple[int, str], profile_pb2.Belief] = {}
    for row in sorted(held, key=usefulness, reverse=True):
        one = stays.setdefault((row.kind, topic_key(row.subject)), row)
        if one is not row:
            unite(one, row)
    ids = {row.belief_id for row in held} - {row.belief_id for row in stays.values()}
    drop(beliefs, lambda row: row.belief_id in ids)


def _recast_areas(areas: Any, synonyms: Synonyms) -> None:
    """Rename areas; of those that are one now the best known stays."""
    best: dict[str, profile_pb2.Expertise] = {}
    for area in areas:
        key = synonyms.key(area.area)
        if key not in best or area.level > best[key].level:
            best[key] = area
    for place in reversed(range(len(areas))):
        area = areas[place]
        if best[synonyms.key(area.area)] != area:
            del areas[place]
        elif _is_alias(area.area, synonyms):
            area.area = synonyms.shown(area.area)


def _is_alias(topic: str, synonyms: Synonyms) -> bool:
    return synonyms.key(topic) != topic_key(topic)
