"""The topics that say where a user is active, and their names in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from foreword.clock import DAY_MS
from foreword.topics import topic_key
from foreword.vocabulary import KindWords
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.labels import labels

FEW_EVENTS = 8
"""With fewer, each counts by itself."""
# Else a topic named at all rests on two events, and on a share that is not a rounding error.
_NAMED_EVENTS_MIN = 2
_NAMED_SCORE_MIN = 0.02
# Whoever disliked nearly all he met has faint affinities left over: they are no lead.
_LEAD_SCORE_MIN = 0.05
_LEAD_TOPICS = 3
# What the user has not touched for so long before their last activity is no part of what they do.
_LAPSED_MS = 180 * DAY_MS
_VALUE_EVENTS_MIN = 3


# Several tellers of one text ask in turn; findings are told apart by identity.
@lru_cache(maxsize=2)
def named(findings: Findings) -> tuple[Affinity, ...]:
    """Return the topics that may be named and draw the user, the likeliest next ones first, no name twice."""
    events_min = _NAMED_EVENTS_MIN if findings.memory.events >= FEW_EVENTS else 1
    found: dict[str, Affinity] = {}
    for item in findings.high:
        if (
            item.evidence_count >= events_min
            and item.score >= _NAMED_SCORE_MIN
            and not findings.words.is_a(item.key, ("everywhere",))
            and (name := findings.names.shown(item.topic)) is not None
        ):
            found.setdefault(name, item)
    return tuple(found.values())


@lru_cache(maxsize=2)
def areas(findings: Findings) -> tuple[Affinity, ...]:
    """Return the topics that say where the user is active; what is said apart and what has lapsed only where all is."""
    found = named(findings)
    places = tuple(item for item in found if is_place(findings, item))
    fresh = tuple(item for item in places if not has_lapsed(findings, item))
    return fresh or places or tuple(item for item in found if not has_lapsed(findings, item))


@lru_cache(maxsize=2)
def leading(findings: Findings) -> tuple[Affinity, ...]:
    """Return the topics that the user is likeliest to be on next, but none that is always told apart."""
    apart = findings.kind.apart - findings.kind.apart_unless_most
    found: Sequence[Affinity] = [
        item
        for item in named(findings)
        if not findings.words.is_a(item.key, apart) and not has_lapsed(findings, item)
    ] or areas(findings)
    if findings.memory.events < FEW_EVENTS:
        found = sorted(found, key=lambda item: -item.evidence_count)
    return tuple(item for item in found[:_LEAD_TOPICS] if item.score >= _LEAD_SCORE_MIN)


def is_place(findings: Findings, affinity: Affinity) -> bool:
    """Return whether a topic says where the user is active, rather than in what language or kind of file.

    Whoever touches one kind of file in most of what they do is active there.
    """
    kind = findings.kind
    if not findings.words.is_a(affinity.key, kind.apart):
        return True
    is_most = 2 * affinity.evidence_count > findings.memory.events
    return is_most and findings.words.is_a(affinity.key, kind.apart_unless_most)


def has_lapsed(findings: Findings, affinity: Affinity) -> bool:
    """Return whether the user left a topic alone for half a year of their activity."""
    return affinity.last_seen_ms < findings.memory.as_of_ms - _LAPSED_MS


def words_of(findings: Findings) -> KindWords:
    """Return what is said of the user's kind of activity."""
    return findings.kind


def within_keys(findings: Findings) -> set[str]:
    """Return the names of what the user is active within, by `topic_key`."""
    within = words_of(findings).within
    return {topic_key(entry.value) for entry in findings.values(within)} if within else set()


def names_of(findings: Findings, affinities: Sequence[Affinity], count: int) -> list[str]:
    """Return the first `count` names of topics, as they stand in a sentence."""
    return labels(findings.names, [affinity.topic for affinity in affinities], count)


def values_of(findings: Findings, field: str, count: int) -> list[str]:
    """Return the first `count` values of an attribute that three events carry, as they stand in a sentence."""
    values = [entry.value for entry in findings.values(field) if entry.evidence_count >= _VALUE_EVENTS_MIN]
    return labels(findings.names, values, count)


def keys(affinities: Sequence[Affinity]) -> frozenset[str]:
    """Return the `topic_key` of each."""
    return frozenset(item.key for item in affinities)
