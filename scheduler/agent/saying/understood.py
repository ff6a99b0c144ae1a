"""What models proposed of a user, and what the user is after, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from foreword.naming import Names
from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join, labels
from scheduler.agent.saying.saying import Saying

_GOALS = 3
_BELIEFS = 4
_AREAS = 3
# From which level on which word, where code itself uses it from 100, 25 and 8 events on.
_DEEPLY_LEVEL_MIN, _WELL_LEVEL_MIN, _SOME_LEVEL_MIN = 0.77, 0.45, 0.21


def understood(findings: Findings, self_model: profile_pb2.SelfModel, _claimed: Set[str]) -> Iterator[Saying]:
    """Say what the user knows beside what is counted, what they are at now, what is believed of them.

    The surest come first. Statements are told as they are: their names are in quotation marks already.
    """
    knowledge = _knowledge([row for row in self_model.expertise if row.proposed_by], findings.names)
    yield from (Saying("knows", text) for text in knowledge)
    goals = [row for row in self_model.goals if not row.HasField("valid_to")]
    if goals:
        goals.sort(key=lambda row: (-row.confidence, row.goal_id))
        said = [_lowered(row.statement) for row in goals[:_GOALS]]
        joint = "; " if any("," in each for each in said) else ", "
        yield Saying("now", f"Now: {joint.join(said)}.")
    beliefs = [row for row in self_model.beliefs if row.proposed_by and not row.HasField("valid_to")]
    beliefs.sort(key=lambda row: (-row.confidence, row.belief_id))
    yield from (Saying("understood", row.statement) for row in beliefs[:_BELIEFS])


def _knowledge(rows: Sequence[profile_pb2.Expertise], names: Names) -> Iterator[str]:
    def known(level_min: float, level_end: float = 2.0) -> list[str]:
        areas = [row.area for row in rows if level_min <= row.level < level_end]
        return labels(names, areas, _AREAS)

    deeply, well = known(_DEEPLY_LEVEL_MIN), known(_WELL_LEVEL_MIN, _DEEPLY_LEVEL_MIN)
    some = known(_SOME_LEVEL_MIN, _WELL_LEVEL_MIN)
    parts = [
        *([f"{join(deeply)} deeply"] if deeply else []),
        *([f"{join(well)} well"] if well else []),
        *([f"some {join(some)}"] if some else []),
    ]
    if parts:
        yield f"Also knows {', '.join(parts)}."


def _lowered(statement: str) -> str:
    return statement[:1].lower() + statement[1:]
