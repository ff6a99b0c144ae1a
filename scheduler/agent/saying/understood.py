"""What models proposed of a user, and what the user is after, in sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set

from foreword.naming import Names
from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join, labels
from scheduler.agent.saying.saying import Saying

_GOALS = 3
# Sentences about beliefs, and names in one of those that say the same of several.
_BELIEFS = 6
_NAMES_IN_ONE = 5
# `Works on "the jobs table".`: what is said, and of what.
_OF_ONE_NAME = re.compile(r'([^"]+) ("[^"]+")\.')
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
    statements = list(_together([row.statement for row in beliefs]))
    yield from (Saying("understood", statement) for statement in statements[:_BELIEFS])


def _together(statements: Sequence[str]) -> Iterator[str]:
    """Yield statements, those that say the same of one name each as one sentence: a word less is a name more."""
    said: dict[str, list[str]] = {}
    for statement in statements:
        match = _OF_ONE_NAME.fullmatch(statement)
        said.setdefault(match[1] if match else statement, []).extend([match[2]] if match else [])
    for beginning, shown in said.items():
        if not shown:
            yield beginning
        for start in range(0, len(shown), _NAMES_IN_ONE):
            yield f"{beginning} {join(shown[start : start + _NAMES_IN_ONE])}."


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
