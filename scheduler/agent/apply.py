"""Applying proposed operations: code validates, counts the evidence and decides; the provider only proposes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

from foreword.errors import FieldError
from foreword.topics import topic_key
from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.evidence import Evidence
from scheduler.agent.operations import (
    AddBelief,
    AddGoal,
    CloseBelief,
    CloseGoal,
    Operation,
    ReinforceBelief,
    ReviseBelief,
    SetExpertise,
    SetPreference,
    SetPresentation,
)
from scheduler.agent.proposal import Proposal

_EvidenceList: TypeAlias = "RepeatedCompositeFieldContainer[profile_pb2.Evidence]"
Row = TypeVar("Row", bound=Any)

STATEMENT_BYTES_MAX = 200
SUBJECT_BYTES_MAX = 128
BELIEFS_MAX = 40
GOALS_MAX = 10
EXPERTISE_MAX = 10
PREFERENCES_MAX = 20
# The newest few show what a belief rests on; all of them would be most of the profile.
EVIDENCE_KEPT = 4
# Closed beliefs tell how the user changed; the newest of them are enough for that.
CLOSED_KEPT = 8
# What a source counts for: a statement is meant, feedback is chosen, an action may be by the way.
_KIND_WEIGHT = {
    profile_pb2.EVIDENCE_KIND_STATEMENT: 3.0,
    profile_pb2.EVIDENCE_KIND_FEEDBACK: 2.0,
    profile_pb2.EVIDENCE_KIND_ACTION: 1.0,
}
# Sources of this weight make a belief as likely as not.
_HALF_CONFIDENCE_WEIGHT = 4.0
_CONFIDENCE_MAX = 0.98
# One action is an accident; an inference needs two sources, a statement of the user's own needs one.
_INFERENCE_SOURCES_MIN = 2
# n events make level n / (n + 30): 30 events are half way, 300 an expert.
_LEVEL_HALF_EVENTS = 30.0
_STATEMENT_TYPES = frozenset({"statement", "message", "preference"})


@dataclass(frozen=True)
class Refusal:
    """An operation that was not applied, and why."""

    operation: Operation
    error: FieldError


@dataclass
class Applied:
    """What the operations made of the self-model.

    Attributes:
        self_model: Untouched parts are equal to the previous ones, byte for byte.
        presentation: Likewise.
        refusals: Operations that were not applied.
        counts: How many operations of each proposal were applied.
    """

    self_model: profile_pb2.SelfModel
    presentation: profile_pb2.Presentation
    refusals: list[Refusal] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)


Vet: TypeAlias = Callable[[Operation, Sequence[Evidence], Applied], Operation]
"""Returns the operation as it may be applied, with the events it cites and what was applied before; or raises."""


def apply(
    proposals: Iterable[tuple[Proposal, Vet | None]],
    previous: profile_pb2.Profile | None,
    known: Mapping[str, Evidence],
    topic_counts: Mapping[str, int],
) -> Applied:
    """Apply the operations to copies of the previous sections.

    Args:
        proposals: Whose operations apply in order, each with who looks at them first; None for code's own.
        previous: The profile in force, or None.
        known: The events an operation may cite, by event id; Foreword's own text is not among them.
        topic_counts: Events ever counted by `topic_key`, for what rests on more than the window.
    """
    applied = Applied(profile_pb2.SelfModel(), profile_pb2.Presentation())
    if previous is not None:
        applied.self_model.CopyFrom(previous.self_model)
        applied.presentation.CopyFrom(previous.presentation)
    for proposal, vet in proposals:
        refused_before = len(applied.refusals)
        for operation in proposal.operations:
            try:
                sources = _sources(operation.event_ids, known)
                vetted = vet(operation, sources, applied) if vet is not None else operation
                _apply_one(vetted, applied, sources, topic_counts, proposal.proposed_by)
            except FieldError as error:
                applied.refusals.append(Refusal(operation, error))
        applied.counts.append(len(proposal.operations) - (len(applied.refusals) - refused_before))
    return applied


def confidence(sources: Mapping[int, float]) -> float:
    """Return the confidence that sources give, from 0 to 0.98: `w / (w + 4)`.

    Args:
        sources: How many sources of each `EvidenceKind`; w adds a statement as 3, feedback as 2, an action as 1.
    """
    weight = sum(_KIND_WEIGHT.get(kind, 0.0) * count for kind, count in sources.items())  # type: ignore[call-overload]
    return round(min(_CONFIDENCE_MAX, weight / (weight + _HALF_CONFIDENCE_WEIGHT)), 4)


def evidence_kind(item: Evidence) -> profile_pb2.EvidenceKind:
    """Return how an event bears on a belief."""
    if is_statement(item):
        return profile_pb2.EVIDENCE_KIND_STATEMENT
    if item.event.feedback != event_pb2.FEEDBACK_UNSPECIFIED or item.against or item.rating is not None:
        return profile_pb2.EVIDENCE_KIND_FEEDBACK
    return profile_pb2.EVIDENCE_KIND_ACTION


def is_statement(item: Evidence) -> bool:
    """Return whether the user said it, rather than did something it can be inferred from."""
    is_no = item.decides and item.against
    return is_no or item.corrects or item.event.type in _STATEMENT_TYPES


def level_of(event_count: int) -> float:
    """Return how well somebody knows what so many events show them doing, from 0 to 1: `n / (n + 30)`."""
    return event_count / (event_count + _LEVEL_HALF_EVENTS)


def _apply_one(
    operation: Operation,
    applied: Applied,
    sources: Sequence[Evidence],
    topic_counts: Mapping[str, int],
    proposed_by: str,
) -> None:
    model = applied.self_model
    match operation:
        case AddBelief(subject, statement):
            _add_belief(model, subject, statement, sources, proposed_by)
        case ReinforceBelief(belief_id):
            _add_sources(_current_belief(model, belief_id), sources)
        case ReviseBelief(belief_id, statement):
            _revise_belief(model, _current_belief(model, belief_id), statement, sources, proposed_by)
        case CloseBelief(belief_id):
            _close_belief(model, _current_belief(model, belief_id), sources)
        case AddGoal(statement):
            _add_goal(model, statement, sources, proposed_by)
        case CloseGoal(goal_id):
            _close_goal(model, goal_id, sources)
        case SetExpertise(area, level, _, event_count):
            counted = max(len(sources), event_count, topic_counts.get(topic_key(area), 0))
            _set_expertise(model, area, level, counted, proposed_by)
        case SetPreference(key, value):
            _set_preference(model, key, value, sources, proposed_by)
        case SetPresentation(presentation):
            applied.presentation.CopyFrom(presentation)
            # What code mends of a model's stays the model's.
            applied.presentation.proposed_by = proposed_by or presentation.proposed_by


def _sources(event_ids: Sequence[str], known: Mapping[str, Evidence]) -> list[Evidence]:
    """Return the cited events, oldest first."""
    if not event_ids:
        raise FieldError("event_ids", "none", "at least one event")
    for event_id in event_ids:
        if event_id not in known:
            raise FieldError("event_ids", repr(event_id), "events of the user that were read in this refresh")
    return sorted(
        (known[event_id] for event_id in dict.fromkeys(event_ids)),
        key=lambda item: (item.time_ms, item.event.event_id),
    )


def _check_size(field: str, text: str, bytes_max: int) -> None:
    size_bytes = len(text.encode())
    if not 1 <= size_bytes <= bytes_max:
        raise FieldError(field, f"{size_bytes} bytes", f"1 to {bytes_max} bytes of UTF-8")


def _check_text(field: str, text: str, bytes_max: int) -> None:
    """Check what is read as prose; a subject or area is a topic's raw name and may hold anything."""
    _check_size(field, text, bytes_max)
    if not text.isprintable():
        raise FieldError(field, "control characters", "one line of plain text")


def _check_inference(sources: Sequence[Evidence]) -> None:
    said = any(evidence_kind(item) == profile_pb2.EVIDENCE_KIND_STATEMENT for item in sources)
    if not said and len(sources) < _INFERENCE_SOURCES_MIN:
        raise FieldError("event_ids", "one source", "at least two for what the user did not state")


def _add_belief(
    model: profile_pb2.SelfModel,
    subject: str,
    statement: str,
    sources: Sequence[Evidence],
    proposed_by: str,
) -> None:
    _check_size("subject", subject, SUBJECT_BYTES_MAX)
    _check_text("statement", statement, STATEMENT_BYTES_MAX)
    held = _belief_about(model, subject, statement, proposed_by)
    if held is not None and held.statement == statement:
        _add_sources(held, sources)
        return
    _check_inference(sources)
    if held is not None:
        _close_belief(model, held, sources)
    _put_belief(model, subject, statement, sources, proposed_by)


def _belief_about(
    model: profile_pb2.SelfModel, subject: str, statement: str, proposed_by: str
) -> profile_pb2.Belief | None:
    """Return what the statement stands in the place of: the same one, or of code's any other on its subject.

    What code counts and what a model makes of it do not contradict each other; nor do a model's several sentences on
    one subject, unless it says so by revising.
    """
    for belief in model.beliefs:
        is_held = not belief.HasField("valid_to") and bool(belief.proposed_by) == bool(proposed_by)
        is_in_the_way = not proposed_by or belief.statement == statement
        if is_held and is_in_the_way and topic_key(belief.subject) == topic_key(subject):
            return belief
    return None


def _revise_belief(
    model: profile_pb2.SelfModel,
    belief: profile_pb2.Belief,
    statement: str,
    sources: Sequence[Evidence],
    proposed_by: str,
) -> None:
    _check_text("statement", statement, STATEMENT_BYTES_MAX)
    if belief.statement == statement:
        _add_sources(belief, sources)
        return
    _check_inference(sources)
    subject = belief.subject
    _close_belief(model, belief, sources)
    _put_belief(model, subject, statement, sources, proposed_by)


def _put_belief(
    model: profile_pb2.SelfModel,
    subject: str,
    statement: str,
    sources: Sequence[Evidence],
    proposed_by: str,
) -> None:
    added = profile_pb2.Belief(subject=subject, statement=statement, proposed_by=proposed_by)
    added.valid_from.FromMilliseconds(sources[0].time_ms)
    added.belief_id = _identifier(subject, statement, sources[0].time_ms)
    _add_sources(added, sources)
    current = [belief for belief in model.beliefs if not belief.HasField("valid_to")]
    closed = [belief for belief in model.beliefs if belief.HasField("valid_to")]
    if len(current) + 1 > BELIEFS_MAX - CLOSED_KEPT:
        raise FieldError(
            "self_model.beliefs", f"{len(current) + 1} current", f"at most {BELIEFS_MAX - CLOSED_KEPT}"
        )
    _replace(model.beliefs, [*current, added, *closed])


def _close_belief(
    model: profile_pb2.SelfModel, belief: profile_pb2.Belief, sources: Sequence[Evidence]
) -> None:
    belief.valid_to.FromMilliseconds(max(sources[-1].time_ms, belief.valid_from.ToMilliseconds()))
    current = [other for other in model.beliefs if not other.HasField("valid_to")]
    closed = [other for other in model.beliefs if other.HasField("valid_to")]
    closed.sort(key=lambda other: (-other.valid_to.ToMilliseconds(), other.belief_id))
    _replace(model.beliefs, [*current, *closed[:CLOSED_KEPT]])


def _current_belief(model: profile_pb2.SelfModel, belief_id: str) -> profile_pb2.Belief:
    for belief in model.beliefs:
        if belief.belief_id == belief_id and not belief.HasField("valid_to"):
            return belief
    raise FieldError("belief_id", repr(belief_id), "a belief that holds")


def _add_sources(belief: profile_pb2.Belief, sources: Sequence[Evidence]) -> None:
    """Count sources that were not counted before, and keep the newest of all."""
    fresh = _uncounted(belief.evidence, sources)
    if not fresh:
        return
    belief.evidence_count += len(fresh)
    _keep_newest(belief.evidence, fresh)
    belief.confidence = _confidence_of(belief.evidence, belief.evidence_count)


def _uncounted(kept: Sequence[profile_pb2.Evidence], sources: Sequence[Evidence]) -> list[Evidence]:
    """Return the sources that are newer than those kept: older ones were counted when they were new."""
    if not kept:
        return list(sources)
    newest = max((item.time.ToMilliseconds(), item.event_id) for item in kept)
    return [item for item in sources if (item.time_ms, item.event.event_id) > newest]


def _keep_newest(kept: _EvidenceList, fresh: Sequence[Evidence]) -> None:
    for item in fresh[-EVIDENCE_KEPT:]:
        row = kept.add(event_id=item.event.event_id, kind=evidence_kind(item))
        row.time.FromMilliseconds(item.time_ms)
    if len(kept) > EVIDENCE_KEPT:
        del kept[: len(kept) - EVIDENCE_KEPT]


def _confidence_of(kept: Sequence[profile_pb2.Evidence], count: int) -> float:
    """Return the confidence of `count` sources, whose kinds are taken to be those of the ones kept."""
    share = count / len(kept)
    kinds: dict[int, float] = {}
    for item in kept:
        kinds[item.kind] = kinds.get(item.kind, 0.0) + share
    return confidence(kinds)


def _add_goal(
    model: profile_pb2.SelfModel, statement: str, sources: Sequence[Evidence], proposed_by: str
) -> None:
    _check_text("statement", statement, STATEMENT_BYTES_MAX)
    goal = next(
        (goal for goal in model.goals if goal.statement == statement and not goal.HasField("valid_to")), None
    )
    if goal is None:
        _check_inference(sources)
        goal = profile_pb2.Goal(statement=statement, proposed_by=proposed_by)
        goal.valid_from.FromMilliseconds(sources[0].time_ms)
        goal.goal_id = _identifier("goal", statement, sources[0].time_ms)
        _replace(model.goals, [goal, *model.goals][:GOALS_MAX])
        goal = model.goals[0]
    fresh = _uncounted(goal.evidence, sources)
    if fresh:
        _keep_newest(goal.evidence, fresh)
        goal.confidence = _confidence_of(goal.evidence, len(goal.evidence))


def _close_goal(model: profile_pb2.SelfModel, goal_id: str, sources: Sequence[Evidence]) -> None:
    for goal in model.goals:
        if goal.goal_id == goal_id and not goal.HasField("valid_to"):
            goal.valid_to.FromMilliseconds(max(sources[-1].time_ms, goal.valid_from.ToMilliseconds()))
            _replace(model.goals, sorted(model.goals, key=lambda other: other.HasField("valid_to")))
            return
    raise FieldError("goal_id", repr(goal_id), "a goal that is pursued")


def _set_expertise(
    model: profile_pb2.SelfModel, area: str, level: float, evidence_count: int, proposed_by: str
) -> None:
    _check_size("area", area, SUBJECT_BYTES_MAX)
    if not 0.0 <= level <= 1.0:
        raise FieldError("level", str(level), "0 to 1")
    entry = profile_pb2.Expertise(
        area=area, level=round(level, 2), evidence_count=evidence_count, proposed_by=proposed_by
    )
    others = [other for other in model.expertise if topic_key(other.area) != topic_key(area)]
    ranked = sorted([*others, entry], key=lambda other: (-other.level, -other.evidence_count, other.area))
    _replace(model.expertise, ranked[:EXPERTISE_MAX])


def _set_preference(
    model: profile_pb2.SelfModel, key: str, value: str, sources: Sequence[Evidence], proposed_by: str
) -> None:
    _check_text("key", key, SUBJECT_BYTES_MAX)
    _check_text("value", value, STATEMENT_BYTES_MAX)
    _check_inference(sources)
    kinds: dict[int, float] = {}
    for item in sources:
        kinds[evidence_kind(item)] = kinds.get(evidence_kind(item), 0.0) + 1.0
    entry = profile_pb2.Preference(
        key=key,
        value=value,
        confidence=confidence(kinds),
        evidence_count=len(sources),
        proposed_by=proposed_by,
    )
    others = [other for other in model.preferences if other.key != key]
    ranked = sorted([*others, entry], key=lambda other: other.key)
    if len(ranked) > PREFERENCES_MAX:
        raise FieldError("self_model.preferences", f"{len(ranked)}", f"at most {PREFERENCES_MAX}")
    _replace(model.preferences, ranked)


def _identifier(*parts: object) -> str:
    text = "\0".join(str(part) for part in parts)
    return hashlib.blake2s(text.encode(), digest_size=6).hexdigest()


def _replace(rows: RepeatedCompositeFieldContainer[Row], kept: Sequence[Row]) -> None:
    """Put other rows in the place of all; copied first, since some of them live in `rows`."""
    copies = []
    for row in kept:
        copy = type(row)()
        copy.CopyFrom(row)
        copies.append(copy)
    del rows[:]
    rows.extend(copies)
