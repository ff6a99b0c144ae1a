"""What becomes of what a model proposed earlier: events support it or speak against it, a no or silence ends it."""

from __future__ import annotations

from collections.abc import Iterator

from foreword.clock import DAY_MS
from foreword.errors import FieldError
from foreword.v1 import profile_pb2
from scheduler.agent.evidence import Evidence
from scheduler.agent.findings import Findings
from scheduler.agent.observed import is_statement
from scheduler.agent.operations import (
    AddGoal,
    CloseBelief,
    CloseGoal,
    ContradictBelief,
    Operation,
    ReinforceBelief,
)
from scheduler.agent.vetting import Vetting

# Windows without an event that supports it, after which nobody can say that it still holds. One is a holiday.
SILENT_WINDOWS_MAX = 2
# What speaks against a belief prevails when there is more of it than of what supports it, and not by a single act.
_PREVAILING_MIN = 2
# As many as code cites for anything.
_CITED_MAX = 50


def upkeep(
    findings: Findings, previous: profile_pb2.Profile | None, *, now_ms: int, window_days: int
) -> Iterator[Operation]:
    """Yield what becomes of the beliefs and goals that a model proposed, by what happened since.

    An event supports one by naming two of its things, or all. Its words stay as they are until a model finds better
    ones, the user says no to something in it, more events speak against it than for it, or no event has supported it
    for `SILENT_WINDOWS_MAX` windows.

    Args:
        findings: What code knows of the user.
        previous: The profile in force, or None.
        now_ms: The time of the refresh.
        window_days: The length of the window.
    """
    if previous is None:
        return
    beliefs = [row for row in previous.self_model.beliefs if _is_held(row)]
    goals = [row for row in previous.self_model.goals if _is_held(row)]
    newest = max(findings.known.values(), key=_order, default=None)
    if newest is None or not (beliefs or goals):
        return
    vetting, end = Vetting(findings), (newest.event.event_id,)
    silent_ms = now_ms - SILENT_WINDOWS_MAX * window_days * DAY_MS
    news = sorted((findings.known[event_id] for event_id in findings.news), key=_order)
    for belief in beliefs:
        fate = _fate(belief, vetting, news, silent_ms)
        if fate is None:
            yield CloseBelief(belief.belief_id, end)
            continue
        if fate:
            yield ReinforceBelief(belief.belief_id, fate)
        yield from _opposition(belief, vetting, news, len(fate))
    for goal in goals:
        fate = _fate(goal, vetting, news, silent_ms)
        if fate is None:
            yield CloseGoal(goal.goal_id, end)
        elif fate:
            yield AddGoal(goal.statement, fate)


def _fate(
    row: profile_pb2.Belief | profile_pb2.Goal, vetting: Vetting, news: list[Evidence], silent_ms: int
) -> tuple[str, ...] | None:
    """Return the news that supports a belief or goal; None when it is to end."""
    try:
        is_refused = vetting.is_refused(row.statement)
        statement = vetting.statement(row.statement)
        fresh = [
            item.event.event_id
            for item in news
            if vetting.supports(item, row.statement) and not vetting.speaks_against(item, statement)
        ]
    except FieldError:
        # A name in it may not be said any more; who withdraws such rows needs no help.
        return ()
    last_ms = max((each.time.ToMilliseconds() for each in row.evidence), default=0)
    # What the user said of themselves does not end by not being said again; what they are at does.
    can_fade = isinstance(row, profile_pb2.Goal) or row.source != profile_pb2.BELIEF_SOURCE_EXPLICIT
    is_silent = not fresh and last_ms < silent_ms and can_fade
    return None if is_refused or is_silent else tuple(fresh[-_CITED_MAX:])


def _opposition(
    belief: profile_pb2.Belief, vetting: Vetting, news: list[Evidence], fresh_count: int
) -> Iterator[Operation]:
    """Yield what speaks against a belief, and its end where that prevails; against what the user said only words do."""
    try:
        statement = vetting.statement(belief.statement)
    except FieldError:
        return
    opposed = [item for item in news if vetting.speaks_against(item, statement)]
    if belief.source == profile_pb2.BELIEF_SOURCE_EXPLICIT:
        opposed = [item for item in opposed if is_statement(item)]
    if not opposed:
        return
    ids = tuple(item.event.event_id for item in opposed[-_CITED_MAX:])
    yield ContradictBelief(belief.belief_id, ids)
    against = belief.contradiction_count + len(opposed)
    if against >= _PREVAILING_MIN and against > belief.evidence_count + fresh_count:
        yield CloseBelief(belief.belief_id, ids)


def _is_held(row: profile_pb2.Belief | profile_pb2.Goal) -> bool:
    return bool(row.proposed_by) and not row.HasField("valid_to")


def _order(item: Evidence) -> tuple[int, str]:
    return item.time_ms, item.event.event_id
