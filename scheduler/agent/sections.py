"""The sections of a profile that code computes from the findings, without a provider."""

from __future__ import annotations

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.explanation import explanation
from scheduler.agent.findings import Findings
from scheduler.agent.kept_counts import NOES_MAX

HIGH_TOPICS_MAX = 20
LOW_TOPICS_MAX = 10
_FILTERS_MAX = 5
_BOOSTS_MAX = 10
_TRIGGERS_MAX = 5
# A filter holds for nearly everything the user does, seen often enough not to be chance.
_FILTER_SHARE_MIN = 0.9
_FILTER_EVENTS_MIN = 5
_BOOST_EVENTS_MIN = 3
_BOOST_SHARE_MIN = 0.2
# Interrupting somebody needs more than ranking something higher.
_TRIGGER_EVENTS_MIN = 4
_TRIGGER_SCORE_MIN = 0.15


def fill(profile: profile_pb2.Profile, findings: Findings, previous: profile_pb2.Profile | None) -> None:
    """Set the computed sections; where nothing is remembered, one that would come out empty keeps what was known."""
    _content(profile.content_preferences, findings)
    _search(profile.search_defaults, findings)
    _notification(profile.notification_config, findings)
    if previous is None or findings.memory.topics:
        return
    for name in ("content_preferences", "search_defaults", "notification_config"):
        if not getattr(profile, name).ByteSize():
            getattr(profile, name).CopyFrom(getattr(previous, name))


def _content(section: profile_pb2.ContentPreferences, findings: Findings) -> None:
    for affinity in findings.high[:HIGH_TOPICS_MAX]:
        _add(section.high_affinity_topics, affinity, affinity.score, findings)
    for affinity in _low(findings):
        _add(section.low_affinity_topics, affinity, affinity.aversion, findings)
    section.preferred_depth = findings.depth
    if findings.length_percentile is not None:
        section.preferred_length_percentile = findings.length_percentile


def _low(findings: Findings) -> list[Affinity]:
    """Return all that was refused, then the strongest of what was turned away from if that leaves room."""
    refused = sum(affinity.is_refused for affinity in findings.low)
    return findings.low[: min(max(LOW_TOPICS_MAX, refused), NOES_MAX)]


def _add(
    rows: RepeatedCompositeFieldContainer[profile_pb2.TopicAffinity],
    affinity: Affinity,
    score: float,
    findings: Findings,
) -> None:
    row = rows.add(
        topic=affinity.topic,
        score=round(score, 4),
        evidence_count=affinity.evidence_count,
        stance=affinity.stance,
        explanation=explanation(affinity, findings.window, findings.memory),
    )
    row.last_seen.FromMilliseconds(affinity.last_seen_ms)


def _search(section: profile_pb2.SearchDefaults, findings: Findings) -> None:
    filters = [
        entry
        for entry in findings.attributes
        if entry.share >= _FILTER_SHARE_MIN and entry.evidence_count >= _FILTER_EVENTS_MIN
    ]
    for entry in filters[:_FILTERS_MAX]:
        section.implicit_filters.add(
            field=entry.field,
            value=entry.value,
            share=round(entry.share, 4),
            evidence_count=entry.evidence_count,
        )
    boosts = [
        ("topic", affinity.topic, affinity.score)
        for affinity in findings.high
        if affinity.evidence_count >= _BOOST_EVENTS_MIN
    ]
    boosts += [
        (entry.field, entry.value, entry.share)
        for entry in findings.attributes
        if _BOOST_SHARE_MIN <= entry.share < _FILTER_SHARE_MIN and entry.evidence_count >= _BOOST_EVENTS_MIN
    ]
    boosts.sort(key=lambda boost: (-boost[2], boost[0], boost[1]))
    for field, value, share in boosts[:_BOOSTS_MAX]:
        section.boost_signals.add(field=field, value=value, weight=round(1 + share, 4))


def _notification(section: profile_pb2.NotificationConfig, findings: Findings) -> None:
    section.trigger_topics.extend(
        [
            affinity.topic
            for affinity in findings.high
            if affinity.evidence_count >= _TRIGGER_EVENTS_MIN and affinity.score >= _TRIGGER_SCORE_MIN
        ][:_TRIGGERS_MAX]
    )
    section.suppress_topics.extend(affinity.topic for affinity in _low(findings))
    if findings.quiet_hours is not None:
        section.quiet_hours_utc.start_hour, section.quiet_hours_utc.end_hour = findings.quiet_hours
        section.quiet_hours_utc.SetInParent()
