"""How often, in numbers that are counted and not faded: what a sentence may claim."""

from __future__ import annotations

from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.memory import TYPE_FIELD
from scheduler.agent.recent import TOPICS_MAX
from scheduler.agent.saying.areas import words_of

# Fewer newest acts are no run; where they are nearly all acts there are, they are no news either.
_RECENT_MIN = 8
_RECENT_SHARE_MAX = 0.6
# A turn shows in four of the newest acts, and in a share of them that is a quarter higher than of all.
_TURN_ACTS_MIN = 4
_TURN_SHARE_MORE = 0.25
_NEW_ACTS_MIN = 3


def of_all(findings: Findings, affinity: Affinity) -> str | None:
    """Return `165 of 221 commits`; None where some spoke against the topic, or counts are not whole."""
    count = findings.memory.topics[affinity.key]
    if count.against or findings.memory.is_partial:
        return None
    return f"{count.events} of {findings.memory.events} {events_name(findings)}"


def of_newest(findings: Findings, affinity: Affinity) -> str | None:
    """Return `9 of the last 16 commits` where that is a turn: much more than of all; `new, …` where it is all."""
    if not is_run(findings):
        return None
    found, count = findings.recent_topics[affinity.key], findings.memory.topics[affinity.key]
    acts = len(findings.memory.recent.acts)
    if count.against or found < _NEW_ACTS_MIN or not _is_counted(findings, affinity):
        return None
    said = f"{found} of the last {acts} {events_name(findings)}"
    if is_new(findings, affinity):
        return f"new, {said}"
    usual = count.events / findings.memory.events
    return said if found >= _TURN_ACTS_MIN and found / acts >= usual + _TURN_SHARE_MORE else None


def is_new(findings: Findings, affinity: Affinity) -> bool:
    """Return whether all of a topic's events are among the newest acts of a user who did much before."""
    return (
        is_run(findings)
        and (found := findings.recent_topics[affinity.key]) >= _NEW_ACTS_MIN
        and found == findings.memory.topics[affinity.key].events
        and not findings.memory.is_partial
    )


def is_run(findings: Findings) -> bool:
    """Return whether the newest acts are enough, and few enough of all, to say something by themselves."""
    return _RECENT_MIN <= len(findings.memory.recent.acts) <= _RECENT_SHARE_MAX * findings.memory.events


def events_name(findings: Findings) -> str:
    """Return what the user's events are called, where all are of one sort."""
    words, memory = words_of(findings), findings.memory
    if not words.events:
        return "events"
    named = sum(
        count.events
        for (field, value), count in memory.attributes.items()
        if field == TYPE_FIELD and value.lower().rpartition(".")[2] in words.types
    )
    return words.events if named == memory.events else "events"


def _is_counted(findings: Findings, affinity: Affinity) -> bool:
    """Return whether each of the newest acts is known to carry the topic or not: an act keeps its first four."""
    full = [act.topics for act in findings.memory.recent.acts if len(act.topics) == TOPICS_MAX]
    return all(affinity.key in findings.synonyms.keyed(topics) for topics in full)
