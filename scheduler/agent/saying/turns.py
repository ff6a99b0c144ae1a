"""What the user turned to, left, and came back from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import pairwise

from foreword.clock import DAY_MS, month_text
from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join
from scheduler.agent.saying.areas import areas, is_place, keys, within_keys
from scheduler.agent.saying.counts import is_run, of_all, of_newest
from scheduler.agent.saying.saying import Saying

_TOPICS = 2
# What makes up a tenth of all a user did, and eight events, and stopped a season before the last activity.
_LEFT_EVENTS_MIN = 8
_LEFT_SHARE_MIN = 0.1
_LEFT_MS = 90 * DAY_MS
# Two months without a sign are more than a holiday.
_AWAY_DAYS_MIN = 60
_MONTH_DAYS = 30.44


def turns(findings: Findings, _: profile_pb2.SelfModel, claimed: Set[str]) -> Iterator[Saying]:
    """Say what the newest acts hold more than all, what the user left, and that they were away."""
    if findings.is_cold:
        return
    left_out = claimed | within_keys(findings)
    risen = [
        (item, note)
        for item in areas(findings)
        if item.key not in left_out and (note := of_newest(findings, item)) is not None
    ][:_TOPICS]
    if risen:
        named = [f"{findings.names.shown(item.topic)} ({note})" for item, note in risen]
        yield Saying("turn", f"Turned to {join(named)}.", keys([item for item, _ in risen]))
    yield from _left(findings, left_out)
    yield from _back(findings.memory.recent.days)


def _left(findings: Findings, left_out: Set[str]) -> Iterator[Saying]:
    left = [item for item in findings.high if item.key not in left_out and _is_left(findings, item)]
    left.sort(key=lambda item: (-item.evidence_count, item.key))
    if left[:_TOPICS]:
        yield Saying(
            "turn", " ".join(_since(findings, item) for item in left[:_TOPICS]), keys(left[:_TOPICS])
        )


def _is_left(findings: Findings, item: Affinity) -> bool:
    return (
        is_run(findings)
        and item.evidence_count >= max(_LEFT_EVENTS_MIN, _LEFT_SHARE_MIN * findings.memory.events)
        and item.last_seen_ms < findings.memory.as_of_ms - _LEFT_MS
        and is_place(findings, item)
        and findings.names.name(item.topic) is not None
    )


def _since(findings: Findings, item: Affinity) -> str:
    note = of_all(findings, item)
    return f"No {findings.names.shown(item.topic)} since {month_text(item.last_seen_ms)}{f' ({note})' if note else ''}."


def _back(days: Sequence[int]) -> Iterator[Saying]:
    """Say since when the user is back, and how long they were away; `days` newest first."""
    for newer, older in pairwise(days):
        if newer - older >= _AWAY_DAYS_MIN:
            text = f"Back since {month_text(newer * DAY_MS)} after {_span(newer - older)} away."
            yield Saying("turn", text)
            return


def _span(days: int) -> str:
    """Return a number of days, 45 or more, in months or years: `11 months`, `3 years`."""
    months = round(days / _MONTH_DAYS)
    return f"{months} months" if months < 24 else f"{months // 12} years"
