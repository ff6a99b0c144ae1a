"""What texts the user prefers."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.saying.saying import Saying

_LONG_PERCENTILE_MIN, _SHORT_PERCENTILE_MAX = 75, 25


def reading_habits(findings: Findings, _: profile_pb2.SelfModel, _claimed: Set[str]) -> Iterator[Saying]:
    """Say how deep and how long the texts are that the user reads."""
    wants = []
    if findings.depth == profile_pb2.DEPTH_DEEP:
        wants.append("in-depth")
    elif findings.depth == profile_pb2.DEPTH_OVERVIEW:
        wants.append("brief overview")
    percentile = findings.length_percentile
    if percentile is not None and percentile >= _LONG_PERCENTILE_MIN:
        wants.append("long")
    elif percentile is not None and percentile <= _SHORT_PERCENTILE_MAX:
        wants.append("short")
    if wants:
        yield Saying("answer", f"Prefers {' and '.join(wants)} texts.")
