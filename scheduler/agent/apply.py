"""Applying proposed operations: code validates, counts the evidence and decides; the provider only proposes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from foreword.clock import DAY_MS
from foreword.errors import FieldError
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.belief_kind import belief_kind
from scheduler.agent.confidence import confidence
from scheduler.agent.evidence import Evidence
from scheduler.agent.observed import (
    complete_row,
    contradict,
    evidence_kind,
    keep_newest,
    observe,
    overturns,
    rows_of,
    settle,
    source_of,
    usefulness,
)
from scheduler.agent.operations import (
    AddBelief,
    AddGoal,
    CloseBelief,
    CloseGoal,
    ContradictBelief,
    Operation,
    ReinforceBelief,
    ReviseBelief,
    SetExpertise,
    SetPreference,
    SetPresentation,
)
from scheduler.agent.proposal import Proposal
from scheduler.agent.rows import replace_rows
from scheduler.agent.taken_back import check_not_taken_back

STATEMENT_BYTES_MAX = 200
SUBJECT_BYTES_MAX = 128
BELIEFS_MAX = 48
# Beside up to 16 that code counts of what draws and some of what does not, so that there is room for both.
MODEL_BELIEFS_MAX = 24
GOALS_MAX = 10
EXPERTISE_MAX = 10
PREFERENCES_MAX = 20
# Closed beliefs tell how the user changed; the newest of them are enough for that.
CLOSED_KEPT = 8
# One action is an accident; an inference needs two sources, a statement of the user's own needs one.
_INFERENCE_SOURCES_MIN = 2
# n events make level n / (n + 30): 30 events are half way, 300 an expert.
_LEVEL_HALF_EVENTS = 30.0


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
        for row in rows_of(applied.self_model):
            complete_row(row)
    for proposal, vet in proposals:
        refused_before = len(applied.refusals)
        for operation in proposal.operations:
            try:
                sources = _sources(operation.event_ids, known)
                vetted = vet(operation, sources, applied) if vet is not None else operation
                check_not_taken_back(vetted, sources, previous, proposal.proposed_by)
                _apply_one(vetted, applied, sources, topic_counts, proposal.proposed_by)
            except FieldError as error:
                applied.refusals.append(Refusal(operation, error))
        applied.counts.append(len(proposal.operations) - (len(applied.refusals) - refused_before))
    _settle(applied.self_model, known)
    return applied


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
            observe(_current_belief(model, belief_id), sources)
        case ContradictBelief(belief_id):
            contradict(_current_belief(model, belief_id), sources)
        case ReviseBelief(belief_id, statement):
            _revise_belief(model, _current_belief(model, belief_id), statement, sources, proposed_by)
        case CloseBelief(belief_id):
            belief = _current_belief(model, belief_id)
            _check_overturning(belief, sources)
            _close_belief(model, belief, sources)
        case AddGoal(statement, _, subject):
            _add_goal(model, statement, subject, sources, proposed_by)
        case CloseGoal(goal_id):
            _close_goal(model, goal_id, sources)
        case SetExpertise(area, _, _, event_count):
            counted = max(len(sources), event_count, topic_counts.get(topic_key(area), 0))
            _set_expertise(model, operation, sources, counted, proposed_by)
        case SetPreference(key, value):
            _set_preference(model, key, value, sources, proposed_by)
        case SetPresentation(presentation):
            applied.presentation.CopyFrom(presentation)
            # What code mends of a model's stays the model's.
            applied.presentation.proposed_by = proposed_by or presentation.proposed_by


def _settle(model: profile_pb2.SelfModel, known: Mapping[str, Evidence]) -> None:
    """Let what holds grow old by what else is known of the user."""
    rows = [row for row in rows_of(model) if not row.HasField("valid_to")]
    if not rows or not known:
        return
    times_ms = [item.time_ms for item in known.values()]
    newest_ms = max(*times_ms, *(row.last_observed.ToMilliseconds() for row in rows))
    for row in rows:
        settle(row, newest_ms)


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
        observe(held, sources)
        return
    _check_inference(sources)
    if held is not None:
        _check_overturning(held, sources)
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
        observe(belief, sources)
        return
    _check_inference(sources)
    _check_overturning(belief, sources)
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
    added = profile_pb2.Belief(
        subject=subject, statement=statement, proposed_by=proposed_by, kind=belief_kind(statement)
    )
    added.valid_from.FromMilliseconds(sources[0].time_ms)
    added.belief_id = _identifier(subject, statement, sources[0].time_ms)
    observe(added, sources)
    if proposed_by:
        _make_room(model, added, sources, MODEL_BELIEFS_MAX, lambda row: bool(row.proposed_by))
    _make_room(model, added, sources, BELIEFS_MAX - CLOSED_KEPT, lambda _: True)
    if not model.beliefs or not model.beliefs[-1].HasField("valid_to"):
        # Those that ended stand last: without one there is nothing to move.
        model.beliefs.append(added)
        return
    current = [belief for belief in model.beliefs if not belief.HasField("valid_to")]
    closed = [belief for belief in model.beliefs if belief.HasField("valid_to")]
    replace_rows(model.beliefs, [*current, added, *closed])


def _make_room(
    model: profile_pb2.SelfModel,
    added: profile_pb2.Belief,
    sources: Sequence[Evidence],
    count_max: int,
    is_counted: Callable[[profile_pb2.Belief], bool],
) -> None:
    """Close the least useful of the beliefs counted, where there is no room and the new one is more useful.

    So a flood of proposals pushes out nothing that is better supported than they are.
    """
    held = [row for row in model.beliefs if is_counted(row) and not row.HasField("valid_to")]
    if len(held) < count_max:
        return
    least = min(held, key=usefulness)
    if usefulness(least) >= usefulness(added):
        raise FieldError(
            "self_model.beliefs", f"{len(held)} current", f"at most {count_max}, each better supported"
        )
    _close_belief(model, least, sources)


def _close_belief(
    model: profile_pb2.SelfModel, belief: profile_pb2.Belief, sources: Sequence[Evidence]
) -> None:
    belief.valid_to.FromMilliseconds(max(sources[-1].time_ms, belief.valid_from.ToMilliseconds()))
    current = [other for other in model.beliefs if not other.HasField("valid_to")]
    closed = [other for other in model.beliefs if other.HasField("valid_to")]
    closed.sort(key=lambda other: (-other.valid_to.ToMilliseconds(), other.belief_id))
    replace_rows(model.beliefs, [*current, *closed[:CLOSED_KEPT]])


def _current_belief(model: profile_pb2.SelfModel, belief_id: str) -> profile_pb2.Belief:
    for belief in model.beliefs:
        if belief.belief_id == belief_id and not belief.HasField("valid_to"):
            return belief
    raise FieldError("belief_id", repr(belief_id), "a belief that holds")


def _check_overturning(belief: profile_pb2.Belief, sources: Sequence[Evidence]) -> None:
    if belief.source == profile_pb2.BELIEF_SOURCE_EXPLICIT and not overturns(sources):
        raise FieldError("events", "what the user did", "what they say or decide, as they said so before")


def _add_goal(
    model: profile_pb2.SelfModel, statement: str, subject: str, sources: Sequence[Evidence], proposed_by: str
) -> None:
    _check_text("statement", statement, STATEMENT_BYTES_MAX)
    goal = next(
        (goal for goal in model.goals if goal.statement == statement and not goal.HasField("valid_to")), None
    )
    if goal is None:
        _check_inference(sources)
        goal = profile_pb2.Goal(statement=statement, subject=subject, proposed_by=proposed_by)
        goal.valid_from.FromMilliseconds(sources[0].time_ms)
        goal.goal_id = _identifier("goal", statement, sources[0].time_ms)
        replace_rows(model.goals, [goal, *model.goals][:GOALS_MAX])
        goal = model.goals[0]
    observe(goal, sources)


def _close_goal(model: profile_pb2.SelfModel, goal_id: str, sources: Sequence[Evidence]) -> None:
    for goal in model.goals:
        if goal.goal_id == goal_id and not goal.HasField("valid_to"):
            goal.valid_to.FromMilliseconds(max(sources[-1].time_ms, goal.valid_from.ToMilliseconds()))
            replace_rows(model.goals, sorted(model.goals, key=lambda other: other.HasField("valid_to")))
            return
    raise FieldError("goal_id", repr(goal_id), "a goal that is pursued")


def _set_expertise(
    model: profile_pb2.SelfModel,
    operation: SetExpertise,
    sources: Sequence[Evidence],
    evidence_count: int,
    proposed_by: str,
) -> None:
    area, level = operation.area, operation.level
    _check_size("area", area, SUBJECT_BYTES_MAX)
    if not 0.0 <= level <= 1.0:
        raise FieldError("level", str(level), "0 to 1")
    entry = profile_pb2.Expertise(
        area=area, level=round(level, 2), evidence_count=evidence_count, proposed_by=proposed_by
    )
    keep_newest(entry.evidence, sources)
    others = [other for other in model.expertise if topic_key(other.area) != topic_key(area)]
    ranked = sorted([*others, entry], key=lambda other: (-other.level, -other.evidence_count, other.area))
    replace_rows(model.expertise, ranked[:EXPERTISE_MAX])


def _set_preference(
    model: profile_pb2.SelfModel, key: str, value: str, sources: Sequence[Evidence], proposed_by: str
) -> None:
    _check_text("key", key, SUBJECT_BYTES_MAX)
    _check_text("value", value, STATEMENT_BYTES_MAX)
    _check_inference(sources)
    days = {item.time_ms // DAY_MS for item in sources}
    entry = profile_pb2.Preference(
        key=key,
        value=value,
        confidence=confidence([evidence_kind(item) for item in sources], len(sources), len(days)),
        evidence_count=len(sources),
        proposed_by=proposed_by,
    )
    keep_newest(entry.evidence, sources)
    entry.source = source_of(entry.evidence, proposed_by)
    others = [other for other in model.preferences if other.key != key]
    ranked = sorted([*others, entry], key=lambda other: other.key)
    if len(ranked) > PREFERENCES_MAX:
        raise FieldError("self_model.preferences", f"{len(ranked)}", f"at most {PREFERENCES_MAX}")
    replace_rows(model.preferences, ranked)


def _identifier(*parts: object) -> str:
    text = "\0".join(str(part) for part in parts)
    return hashlib.blake2s(text.encode(), digest_size=6).hexdigest()
