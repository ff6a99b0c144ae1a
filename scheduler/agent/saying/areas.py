"""The topics that say where a user is active, and their names in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from foreword.naming import LANGUAGES, Names
from foreword.topics import topic_key
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.kind import Kind
from scheduler.agent.labels import labels
from scheduler.agent.vocabulary import FILE_KINDS

# A topic named at all rests on two events, and on a share that is not a rounding error.
_NAMED_EVENTS_MIN = 2
_NAMED_SCORE_MIN = 0.02
LEAD_SCORE_MIN = 0.05
"""What the user does "mostly" must draw him: whoever disliked nearly all he met has faint affinities left over."""
_LEAD_TOPICS = 3
_VALUE_EVENTS_MIN = 3

JOINTS = {
    Kind.CODE: "in ",
    Kind.RATING: "",
    Kind.READING: "about ",
    Kind.SHOPPING: "for ",
    Kind.MEDIA: "",
    Kind.AGENT: "on ",
    Kind.SEARCH: "for ",
    Kind.GENERAL: "in ",
}
"""What joins topics to what the user does."""


def named(findings: Findings) -> list[Affinity]:
    """Return the topics that may be named and draw the user."""
    return [item for item in findings.high if is_drawing(item) and _has_name(item, findings.names)]


def is_drawing(affinity: Affinity) -> bool:
    """Return whether a topic draws the user enough to be named."""
    return affinity.evidence_count >= _NAMED_EVENTS_MIN and affinity.score >= _NAMED_SCORE_MIN


def _has_name(affinity: Affinity, names: Names) -> bool:
    return names.name(affinity.topic) is not None


def areas(findings: Findings) -> list[Affinity]:
    """Return the topics that say where the user is active; for code, languages and kinds of files come elsewhere."""
    found = named(findings)
    if findings.kind is Kind.AGENT:
        return [item for item in found if item.key not in LANGUAGES] or found
    if findings.kind is not Kind.CODE:
        return found
    return [item for item in found if is_place(item)] or [item for item in found if item.key not in LANGUAGES]


def leading(findings: Findings) -> list[Affinity]:
    """Return the topics that the user does most with."""
    return [item for item in areas(findings)[:_LEAD_TOPICS] if item.score >= LEAD_SCORE_MIN]


def is_place(affinity: Affinity) -> bool:
    """Return whether a topic of a developer says where they work, rather than in what language or kind of file."""
    return affinity.key not in LANGUAGES and affinity.key not in FILE_KINDS


def repository_keys(findings: Findings) -> set[str]:
    """Return the names of the user's repositories, by `topic_key`."""
    return {topic_key(entry.value) for entry in findings.values("repo")}


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
