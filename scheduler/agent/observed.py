"""The evidence of a belief or goal: counted once, the newest kept, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

from foreword.clock import DAY_MS
from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.belief_kind import belief_kind
from scheduler.agent.confidence import confidence
from scheduler.agent.evidence import Evidence
from scheduler.agent.rows import replace_rows

Row: TypeAlias = profile_pb2.Belief | profile_pb2.Goal
_EvidenceList: TypeAlias = "RepeatedCompositeFieldContainer[profile_pb2.Evidence]"

# The newest few show what a belief rests on; all of them would be most of the profile.
EVIDENCE_KEPT = 4
_STATEMENT_TYPES = frozenset({"statement", "message", "preference"})
_EXPLICIT = profile_pb2.BELIEF_SOURCE_EXPLICIT


def usefulness(belief: profile_pb2.Belief) -> tuple[bool, float, int]:
    """Return what beliefs are ordered by where there is no room for all, the least useful first.

    What the user said goes before what was seen of them, then the surer, then the one last supported.
    """
    is_said = belief.source == _EXPLICIT
    return is_said, belief.confidence, belief.last_observed.ToMilliseconds()


def rows_of(model: profile_pb2.SelfModel) -> list[Row]:
    """Return the beliefs and goals of a self-model, whether they hold or not."""
    return [*model.beliefs, *model.goals]


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


def overturns(sources: Iterable[Evidence]) -> bool:
    """Return whether events can end what the user said: only other words or decisions of theirs can."""
    return any(item.decides or is_statement(item) for item in sources)


def observe(row: Row, sources: Sequence[Evidence]) -> None:
    """Count sources that were not counted before, keep the newest of all, and compute what follows.

    Args:
        row: A belief or goal.
        sources: Events that support it, oldest first.
    """
    fresh = _uncounted(row.evidence, sources)
    if not fresh:
        return
    last_day = row.last_observed.ToMilliseconds() // DAY_MS if row.evidence_count else None
    days = {item.time_ms // DAY_MS for item in fresh} - {last_day}
    row.evidence_count += len(fresh)
    row.day_count += len(days)
    keep_newest(row.evidence, fresh)
    row.last_observed.FromMilliseconds(fresh[-1].time_ms)
    if isinstance(row, profile_pb2.Belief) and not row.HasField("first_observed"):
        row.first_observed.FromMilliseconds(fresh[0].time_ms)
    row.source = source_of(row.evidence, row.proposed_by, row.source)
    settle(row, row.last_observed.ToMilliseconds())


def contradict(belief: profile_pb2.Belief, sources: Sequence[Evidence]) -> None:
    """Count sources that speak against a belief, which stays until they prevail; nothing is deleted."""
    fresh = _uncounted(belief.contradictions, sources)
    if not fresh:
        return
    belief.contradiction_count += len(fresh)
    keep_newest(belief.contradictions, fresh)
    settle(belief, max(belief.last_observed.ToMilliseconds(), fresh[-1].time_ms))


def settle(row: Row, newest_ms: int) -> None:
    """Compute the confidence of a belief or goal anew.

    Args:
        row: The belief or goal.
        newest_ms: The time of the user's newest event, by which evidence is old: no clock, so that the same events
            give the same bytes.
    """
    # What the user said, their acts do not make less said; they stand beside it.
    against = list(row.contradictions) if isinstance(row, profile_pb2.Belief) else []
    count = row.contradiction_count if isinstance(row, profile_pb2.Belief) else 0
    if row.source == _EXPLICIT:
        against = [item for item in against if item.kind == profile_pb2.EVIDENCE_KIND_STATEMENT]
        count = len(against)
    row.confidence = confidence(
        [item.kind for item in row.evidence],
        row.evidence_count,
        row.day_count,
        against=count,
        against_days=len(_days(against)),
        age_ms=newest_ms - row.last_observed.ToMilliseconds(),
    )


def unite(belief: profile_pb2.Belief, other: profile_pb2.Belief) -> None:
    """Give a belief the evidence of another that says the same, for and against, bounded as its own is.

    Which days behind both are the same nobody can tell any more: those of the one with more days count, so that a
    belief is never surer for having been two.
    """
    shared = _join(belief.evidence, other.evidence)
    belief.evidence_count += max(0, other.evidence_count - shared)
    belief.day_count = max(belief.day_count, other.day_count, len(_days(belief.evidence)))
    shared = _join(belief.contradictions, other.contradictions)
    belief.contradiction_count += max(0, other.contradiction_count - shared)
    for name, first_or_last in (("valid_from", min), ("first_observed", min), ("last_observed", max)):
        mine, its = getattr(belief, name), getattr(other, name)
        mine.FromMilliseconds(first_or_last(mine.ToMilliseconds(), its.ToMilliseconds()))
    belief.source = source_of(belief.evidence, belief.proposed_by, belief.source)
    settle(belief, belief.last_observed.ToMilliseconds())


def complete_row(row: Row) -> None:
    """Fill in what rows written by a former version lack, from what they have."""
    if isinstance(row, profile_pb2.Belief) and not row.kind:
        row.kind = belief_kind(row.statement)
    if row.source or not row.evidence:
        return
    row.source = source_of(row.evidence, row.proposed_by)
    row.evidence_count = max(row.evidence_count, len(row.evidence))
    row.day_count = len(_days(row.evidence))
    row.last_observed.CopyFrom(row.evidence[-1].time)
    if isinstance(row, profile_pb2.Belief):
        row.first_observed.CopyFrom(row.valid_from)


def source_of(
    evidence: Iterable[profile_pb2.Evidence],
    proposed_by: str,
    held: profile_pb2.BeliefSource = profile_pb2.BELIEF_SOURCE_UNSPECIFIED,
) -> profile_pb2.BeliefSource:
    """Return where a belief comes from; what the user once said stays said."""
    is_said = any(item.kind == profile_pb2.EVIDENCE_KIND_STATEMENT for item in evidence)
    if is_said or held == _EXPLICIT:
        return _EXPLICIT
    return profile_pb2.BELIEF_SOURCE_INFERRED if proposed_by else profile_pb2.BELIEF_SOURCE_BEHAVIOURAL


def keep_newest(kept: _EvidenceList, fresh: Sequence[Evidence]) -> None:
    """Add some events, oldest first, to those kept, and keep the newest of all and the newest that was said.

    Acts that agree with what somebody said would else push out their words, and make it less sure.
    """
    said = [item for item in fresh[:-EVIDENCE_KEPT] if is_statement(item)]
    for item in (*said[-1:], *fresh[-EVIDENCE_KEPT:]):
        row = kept.add(event_id=item.event.event_id, kind=evidence_kind(item))
        row.time.FromMilliseconds(item.time_ms)
    words = [place for place, row in enumerate(kept) if row.kind == profile_pb2.EVIDENCE_KIND_STATEMENT]
    first = words[-1] if words else len(kept)
    if len(kept) > EVIDENCE_KEPT and first < len(kept) - EVIDENCE_KEPT:
        del kept[first + 1 : len(kept) - EVIDENCE_KEPT + 1]
        del kept[:first]
    elif len(kept) > EVIDENCE_KEPT:
        del kept[: len(kept) - EVIDENCE_KEPT]


def _join(kept: _EvidenceList, others: _EvidenceList) -> int:
    """Add to the events kept those of another list, oldest first, bounded; return how many both had."""
    ids = {row.event_id for row in kept}
    fresh = [row for row in others if row.event_id not in ids]
    rows = sorted([*kept, *fresh], key=lambda row: (row.time.ToMilliseconds(), row.event_id))
    said = [row for row in rows[:-EVIDENCE_KEPT] if row.kind == profile_pb2.EVIDENCE_KIND_STATEMENT]
    newest = rows[-EVIDENCE_KEPT:]
    if said and all(row.kind != profile_pb2.EVIDENCE_KIND_STATEMENT for row in newest):
        newest = [said[-1], *newest[1:]]
    shared = len(others) - len(fresh)
    replace_rows(kept, newest)
    return shared


def _uncounted(kept: Sequence[profile_pb2.Evidence], sources: Sequence[Evidence]) -> list[Evidence]:
    """Return the sources that are newer than those kept: older ones were counted when they were new."""
    if not kept:
        return list(sources)
    newest = max((item.time.ToMilliseconds(), item.event_id) for item in kept)
    return [item for item in sources if (item.time_ms, item.event.event_id) > newest]


def _days(evidence: Iterable[profile_pb2.Evidence]) -> set[int]:
    return {item.time.ToMilliseconds() // DAY_MS for item in evidence}
