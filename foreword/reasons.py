"""Why something is believed as surely as it is, in one sentence with the counts."""

from __future__ import annotations

from foreword.clock import month_text
from foreword.v1.profile_pb2 import Belief, BeliefSource, Goal

_SOURCES = {
    BeliefSource.BELIEF_SOURCE_EXPLICIT: "the user said so",
    BeliefSource.BELIEF_SOURCE_INFERRED: "read out of the events by a model",
}


def reason(row: Belief | Goal) -> str:
    """Return such as `the user said so; 5 events on 4 days, the newest in March 2016; 1 against`.

    The same row gives the same sentence: it knows no clock.
    """
    parts = [_SOURCES.get(row.source, ""), _support(row), _against(row)]
    return "; ".join(filter(None, parts))


def _support(row: Belief | Goal) -> str:
    days, newest_ms = row.day_count, row.last_observed.ToMilliseconds()
    text = _counted(row.evidence_count, "event")
    text += f" on {_counted(days, 'day')}" if days and row.evidence_count > 1 else ""
    return f"{text}, the newest in {month_text(newest_ms)}" if newest_ms else text


def _against(row: Belief | Goal) -> str:
    count = row.contradiction_count if isinstance(row, Belief) else 0
    return f"{count} against" if count else ""


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
