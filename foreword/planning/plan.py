"""A capacity plan: from users and what each of them does to disk, memory, refreshes, models and hosts.

Pure arithmetic. Every formula is the text that is shown, so what a reader checks is what was computed.
"""

from __future__ import annotations

from typing import NamedTuple

from foreword.planning.findings import findings
from foreword.planning.hosts import add_hosts
from foreword.planning.inputs import PlanInput
from foreword.planning.known import ROWS, WORK
from foreword.planning.models import add_models
from foreword.planning.refreshes import add_refreshes
from foreword.planning.sheet import Sheet
from foreword.planning.storage import add_memory, add_storage, add_writes
from foreword.planning.use import add_use, put_configured, put_figures, put_use


class Plan(NamedTuple):
    """What comes of it."""

    sheet: Sheet
    findings: tuple[str, ...]
    """What does not fit, a sentence each: what, and what to do."""


def make_plan(given: PlanInput) -> Plan:
    """Return a plan."""
    sheet = Sheet()
    segments = [each for each in given.segments if each.share.value > 0]
    asked = [each for each in segments if each.price is not None]
    put_use(sheet, given, segments)
    put_figures(sheet, "Figures of this installation", ROWS | WORK, given)
    put_configured(sheet, given)
    add_use(sheet, segments)
    add_refreshes(sheet, segments)
    if asked:
        add_models(sheet, given, asked)
    add_storage(sheet, segments, asked)
    add_memory(sheet)
    add_writes(sheet, segments)
    add_hosts(sheet, given, segments)
    return Plan(sheet, tuple(findings(sheet, segments)))
