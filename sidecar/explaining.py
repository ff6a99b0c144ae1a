"""What is believed of one user, with the evidence behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from foreword.errors import FieldError
from foreword.keys import UserKey
from foreword.naming import quoted
from foreword.reasons import reason
from foreword.store import ActivityReader
from foreword.topics import topic_key
from foreword.v1.operator_service_pb2 import EventAbsence, ExplainBeliefResponse, ExplainedBelief
from foreword.v1.profile_pb2 import (
    STANCE_NO,
    Belief,
    BeliefKind,
    BeliefSource,
    Evidence,
    EvidenceKind,
    Goal,
    Profile,
    SelfModel,
    TopicAffinity,
    Wish,
)
from sidecar.activity import Activity
from sidecar.profiles import Profiles

# Newest events looked at for those of a topic: an affinity is counted and names none itself.
_EVENTS_MAX = 200
_TOPIC_EVENTS_MAX = 4
# Ids that an error lists; a profile has up to a hundred.
_LISTED_MAX = 30


def explain_belief(
    profiles: Profiles, activity: Activity, user: UserKey, belief_id: str
) -> ExplainBeliefResponse:
    """Return what is believed of a user, or the one thing asked for; nothing of an unknown user.

    Raises:
        FieldError: There is no such belief; lists those there are.
        StoreCorruptError: The user's profile is damaged.
    """
    reader = profiles.reader
    found = reader.profile(user) if reader is not None and user not in profiles.hidden else None
    profile = found.profile if found is not None else Profile()
    rows = sorted(_rows(profile), key=lambda row: (row.HasField("valid_to"), -row.confidence, row.belief_id))
    if belief_id:
        asked = [row for row in rows if topic_key(row.belief_id) == topic_key(belief_id)]
        if not asked:
            raise _unknown(belief_id, rows)
        rows = asked
    _show_events(rows, activity.reader, user)
    return ExplainBeliefResponse(beliefs=rows, revision=profile.revision)


def _unknown(belief_id: str, rows: Iterable[ExplainedBelief]) -> FieldError:
    ids = list(dict.fromkeys(row.belief_id for row in rows))
    more = f", … {len(ids) - _LISTED_MAX} more" if len(ids) > _LISTED_MAX else ""
    allowed = ", ".join(map(quoted, ids[:_LISTED_MAX])) + more
    return FieldError("belief_id", quoted(belief_id), allowed or "none: nothing is known of the user")


def _rows(profile: Profile) -> Iterator[ExplainedBelief]:
    yield from map(_belief, profile.self_model.beliefs)
    yield from map(_goal, profile.self_model.goals)
    wishes = {row.key: row for row in profile.memory.wishes}
    yield from _preferences(profile.self_model, wishes)
    yield from _expertise(profile.self_model)
    said = {topic_key(row.value): row.stance_time for row in profile.memory.topics if row.stance}
    content = profile.content_preferences
    for row in (*content.high_affinity_topics, *content.low_affinity_topics):
        explained = _affinity(row, is_low=row in content.low_affinity_topics)
        if row.stance and topic_key(row.topic) in said:
            explained.valid_from.CopyFrom(said[topic_key(row.topic)])
        yield explained


def _belief(row: Belief) -> ExplainedBelief:
    explained = ExplainedBelief(
        belief_id=row.belief_id,
        kind=row.kind,
        evidence_count=row.evidence_count,
        contradiction_count=row.contradiction_count,
    )
    _copy_held(explained, row)
    for item in row.contradictions:
        explained.evidence.add(evidence=item, is_against=True)
    return explained


def _goal(row: Goal) -> ExplainedBelief:
    count = row.evidence_count or len(row.evidence)
    explained = ExplainedBelief(belief_id=row.goal_id, kind=BeliefKind.BELIEF_KIND_GOAL, evidence_count=count)
    _copy_held(explained, row)
    return explained


def _copy_held(explained: ExplainedBelief, row: Belief | Goal) -> None:
    explained.statement, explained.source, explained.confidence = row.statement, row.source, row.confidence
    explained.reason, explained.proposed_by = reason(row), row.proposed_by
    explained.valid_from.CopyFrom(row.valid_from)
    if row.HasField("valid_to"):
        explained.valid_to.CopyFrom(row.valid_to)
    _add_evidence(explained, row.evidence)


def _preferences(model: SelfModel, wishes: dict[str, Wish]) -> Iterator[ExplainedBelief]:
    for row in model.preferences:
        wish = wishes.pop(row.key, None)
        explained = ExplainedBelief(
            belief_id=row.key,
            statement=f"Prefers {row.key} {wish.value if wish is not None else row.value}.",
            kind=BeliefKind.BELIEF_KIND_PREFERENCE,
            source=row.source if wish is None else BeliefSource.BELIEF_SOURCE_EXPLICIT,
            confidence=row.confidence,
            reason=_reason(row.evidence_count, said=wish is not None),
            evidence_count=row.evidence_count,
            proposed_by=row.proposed_by,
        )
        if wish is not None:
            explained.valid_from.CopyFrom(wish.time)
        _add_evidence(explained, row.evidence)
        yield explained
    for wish in wishes.values():
        yield ExplainedBelief(
            belief_id=wish.key,
            statement=f"Prefers {wish.key} {wish.value}.",
            kind=BeliefKind.BELIEF_KIND_PREFERENCE,
            source=BeliefSource.BELIEF_SOURCE_EXPLICIT,
            confidence=1.0,
            reason=_reason(1, said=True),
            evidence_count=1,
            valid_from=wish.time,
        )


def _expertise(model: SelfModel) -> Iterator[ExplainedBelief]:
    for row in model.expertise:
        inferred = BeliefSource.BELIEF_SOURCE_INFERRED
        explained = ExplainedBelief(
            belief_id=row.area,
            statement=f"Knows {quoted(row.area)}, level {row.level:.2f} of 1.",
            kind=BeliefKind.BELIEF_KIND_EXPERTISE,
            source=inferred if row.proposed_by else BeliefSource.BELIEF_SOURCE_BEHAVIOURAL,
            confidence=row.level,
            reason=_reason(row.evidence_count),
            evidence_count=row.evidence_count,
            proposed_by=row.proposed_by,
        )
        _add_evidence(explained, row.evidence)
        yield explained


def _affinity(row: TopicAffinity, *, is_low: bool) -> ExplainedBelief:
    refused = row.stance == STANCE_NO
    draw = f"draws the user, {row.score:.0%} of the activity"
    what = "is refused" if refused else "is turned away from" if is_low else draw
    said = BeliefSource.BELIEF_SOURCE_EXPLICIT
    return ExplainedBelief(
        belief_id=row.topic,
        statement=f"The topic {quoted(row.topic)} {what}.",
        kind=BeliefKind.BELIEF_KIND_DISLIKE if is_low else BeliefKind.BELIEF_KIND_INTEREST,
        source=said if row.stance else BeliefSource.BELIEF_SOURCE_BEHAVIOURAL,
        confidence=row.score,
        reason=row.explanation or _reason(row.evidence_count, said=bool(row.stance)),
        evidence_count=row.evidence_count,
    )


def _reason(count: int, *, said: bool = False) -> str:
    events = f"{count:,} event{'' if count == 1 else 's'}"
    return f"the user said so; {events}" if said else events


def _add_evidence(explained: ExplainedBelief, rows: Iterable[Evidence]) -> None:
    for item in rows:
        explained.evidence.add(evidence=item)


def _show_events(rows: Iterable[ExplainedBelief], reader: ActivityReader | None, user: UserKey) -> None:
    """Put the events that are still kept to their evidence, newest first; an affinity gets its topic's newest."""
    newest = [] if reader is None else [stored.event for stored in reader.events(user, limit=_EVENTS_MAX)]
    for row in rows:
        if not row.evidence and row.kind in (BeliefKind.BELIEF_KIND_INTEREST, BeliefKind.BELIEF_KIND_DISLIKE):
            key = topic_key(row.belief_id)
            on_topic = [event for event in newest if key in map(topic_key, event.topics)]
            for event in on_topic[-_TOPIC_EVENTS_MAX:]:
                kind = EvidenceKind.EVIDENCE_KIND_ACTION
                row.evidence.add(evidence=Evidence(event_id=event.event_id, time=event.time, kind=kind))
        row.evidence.sort(key=lambda item: item.evidence.time.ToMilliseconds(), reverse=True)
        for item in row.evidence:
            time_ms = item.evidence.time.ToMilliseconds()
            kept = None if reader is None else reader.event(user, time_ms, item.evidence.event_id)
            if kept is not None:
                item.event.CopyFrom(kept)
            elif reader is None:
                item.absence = EventAbsence.EVENT_ABSENCE_UNKNOWN
            else:
                item.absence = reader.absence(user, time_ms, item.evidence.event_id)
