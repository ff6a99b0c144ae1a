"""How the runs of the user's AI agent end."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.evidence import Evidence
from scheduler.agent.findings import Findings
from scheduler.agent.saying.saying import Saying

# With fewer, a count says nothing of a habit.
_RUNS_MIN = 3
_ENDS = frozenset({"outcome", "result", "finish", "end"})
_OUTCOME_FIELDS = ("outcome", "status", "result")
_DONE = frozenset("success successful succeeded ok pass passed resolved done completed true".split())
_NOT_DONE = frozenset("failure fail failed error unresolved aborted timeout false".split())
# Of a reward from 0 to 1.
_DONE_VALUE_MIN = 0.5


def runs(findings: Findings, _: profile_pb2.SelfModel, _claimed: Set[str]) -> Iterator[Saying]:
    """Say how many of the agent's runs in the window got done."""
    if not findings.kind.outcomes or findings.is_cold:
        return
    outcomes = [done for done in map(_is_done, findings.known.values()) if done is not None]
    if len(outcomes) >= _RUNS_MIN:
        done = sum(outcomes) or "None"
        yield Saying("habit", findings.kind.outcomes.format(done, len(outcomes)))


def _is_done(item: Evidence) -> bool | None:
    """Return whether an event says that a run ended well; None when it says nothing of an end."""
    event = item.event
    if event.type.rpartition(".")[2].lower() not in _ENDS:
        return None
    for field in _OUTCOME_FIELDS:
        word = event.attributes.get(field, "").lower()
        if word in _DONE or word in _NOT_DONE:
            return word in _DONE
    if event.feedback in (event_pb2.FEEDBACK_LIKE, event_pb2.FEEDBACK_ACCEPT):
        return True
    if event.feedback in (event_pb2.FEEDBACK_DISLIKE, event_pb2.FEEDBACK_REJECT):
        return False
    return event.value >= _DONE_VALUE_MIN if event.HasField("value") else None
