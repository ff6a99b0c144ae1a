"""Capacity planning: pure arithmetic from figures to disk, memory, refreshes, cost and hosts."""

from foreword.planning.inputs import (
    ASSUMED_DAYS,
    ASSUMED_SHARES,
    PlanInput,
    PlannedSegment,
    configured,
    segment_names,
    segments_of,
    slug,
)
from foreword.planning.known import KNOWN, assumed, checked
from foreword.planning.plan import Plan, make_plan
from foreword.planning.sheet import Figure, Quantity, Sheet, Source, number_text

__all__ = [
    "ASSUMED_DAYS",
    "ASSUMED_SHARES",
    "KNOWN",
    "Figure",
    "Plan",
    "PlanInput",
    "PlannedSegment",
    "Quantity",
    "Sheet",
    "Source",
    "assumed",
    "checked",
    "configured",
    "make_plan",
    "number_text",
    "segment_names",
    "segments_of",
    "slug",
]
