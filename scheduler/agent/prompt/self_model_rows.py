"""What is counted and believed of a user, as a model reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, TypeAlias

from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.prompt.words import Words

Row: TypeAlias = dict[str, Any]

# Enough to show what most of the activity is; the rest is a long tail, and events show some of it.
_TOPICS_MAX = 20
_REFUSED_MAX = 10
_ATTRIBUTES_MAX = 8
_ATTRIBUTE_SHARE_MIN = 0.1
# The share of a topic in the newest events against the memory's, from which on it rises or falls; and on how many
# events at least: of three events, one in two topics is no trend.
_RISING_RATIO = 1.5
_FALLING_RATIO = 0.5
_TREND_EVENTS_MIN = 10
_RISING_EVENTS_MIN = 3
_SAID = {profile_pb2.STANCE_NO: "no", profile_pb2.STANCE_YES: "yes"}
# Statements of 200 bytes, our own limit; a longer one is no row of ours.
_STATEMENT_CHARACTERS_MAX = 200


def aggregate_rows(findings: Findings, words: Words, recent_ms: int) -> Iterator[Row]:
    """Yield the topics that the user said no to, then those that draw most, then frequent values of attributes.

    Args:
        findings: What is counted.
        words: What of it may be read.
        recent_ms: Where the newest part of the window begins, which a trend is seen in.
    """
    recent_events = sum(item.time_ms >= recent_ms for item in findings.known.values())
    drawing = sorted(findings.high, key=lambda item: (-item.memory_share, item.key))
    for affinity in chain(findings.low[:_REFUSED_MAX], drawing[:_TOPICS_MAX]):
        topic = words.name(affinity.topic)
        if topic:
            yield _topic_row(topic, affinity, _trend(affinity, findings.window.recent, recent_events))
    for entry in findings.attributes[:_ATTRIBUTES_MAX]:
        name, value = words.name(entry.field), words.value(entry.field, entry.value)
        if name and value and entry.share >= _ATTRIBUTE_SHARE_MIN:
            yield {
                "attribute": name,
                "value": value,
                "events": entry.evidence_count,
                "share": round(entry.share, 2),
            }


def belief_rows(previous: profile_pb2.Profile | None, findings: Findings, words: Words) -> Iterator[Row]:
    """Yield the beliefs that hold; those about topics of the news first, since the news can change them."""
    if previous is None:
        return
    held = [belief for belief in previous.self_model.beliefs if not belief.HasField("valid_to")]
    fresh = {topic for event_id in findings.news for topic in findings.known[event_id].topics}
    for belief in sorted(held, key=lambda belief: topic_key(belief.subject) not in fresh):
        subject, statement = (
            words.name(belief.subject),
            words.text(belief.statement, _STATEMENT_CHARACTERS_MAX),
        )
        if subject and statement:
            yield {
                "id": belief.belief_id,
                "subject": subject,
                "statement": statement,
                "confidence": round(belief.confidence, 2),
                "events": belief.evidence_count,
            }


def goal_rows(previous: profile_pb2.Profile | None, words: Words) -> Iterator[Row]:
    """Yield the goals that are pursued."""
    for goal in previous.self_model.goals if previous is not None else ():
        statement = words.text(goal.statement, _STATEMENT_CHARACTERS_MAX)
        if statement and not goal.HasField("valid_to"):
            yield {"id": goal.goal_id, "statement": statement}


def expertise_rows(previous: profile_pb2.Profile | None, words: Words) -> Iterator[Row]:
    """Yield what the user knows how well."""
    for entry in previous.self_model.expertise if previous is not None else ():
        area = words.name(entry.area)
        if area:
            yield {"area": area, "level": round(entry.level, 2)}


def preference_rows(previous: profile_pb2.Profile | None, words: Words) -> Iterator[Row]:
    """Yield the preferences held."""
    for entry in previous.self_model.preferences if previous is not None else ():
        key, value = words.name(entry.key), words.text(entry.value, _STATEMENT_CHARACTERS_MAX)
        if key and value:
            yield {"key": key, "value": value}


def _topic_row(topic: str, affinity: Affinity, trend: str) -> Row:
    row: Row = {"topic": topic, "events": affinity.evidence_count, "share": round(affinity.memory_share, 2)}
    found = {"trend": trend, "stance": _SAID.get(affinity.stance)}
    return row | {field: value for field, value in found.items() if value}


def _trend(affinity: Affinity, recent: Mapping[str, int], recent_events: int) -> str:
    if recent_events < _TREND_EVENTS_MIN:
        return ""
    events = recent.get(affinity.key, 0)
    share = events / recent_events
    if events >= _RISING_EVENTS_MIN and share >= _RISING_RATIO * affinity.memory_share:
        return "rising"
    return "falling" if share <= _FALLING_RATIO * affinity.memory_share else ""
