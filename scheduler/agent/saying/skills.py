"""What the user knows by doing, as a developer knows languages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join
from scheduler.agent.saying.areas import keys, leading, named, names_of
from scheduler.agent.saying.saying import Saying

# How many events make which word for knowing something.
_DEEPLY_EVENTS_MIN = 100
_WELL_EVENTS_MIN = 25
_SOME_EVENTS_MIN = 8


def skills(findings: Findings, _: profile_pb2.SelfModel, claimed: Set[str]) -> Iterator[Saying]:
    """Say what the user knows of what their kind of activity shows, by how many events are in it."""
    said = keys(leading(findings)) | claimed
    learned = sorted(
        (
            item
            for item in named(findings)
            if findings.words.is_a(item.key, findings.kind.knows) and item.key not in said
        ),
        key=lambda item: (-item.evidence_count, item.key),
    )
    known = _knowledge(findings, learned)
    if known:
        yield Saying("knows", known, keys(learned))


def _knowledge(findings: Findings, learned: Sequence[Affinity]) -> str | None:
    deep = names_of(findings, _met(learned, _DEEPLY_EVENTS_MIN), 3)
    well = names_of(findings, _met(learned, _WELL_EVENTS_MIN, _DEEPLY_EVENTS_MIN), 3)
    some = names_of(findings, _met(learned, _SOME_EVENTS_MIN, _WELL_EVENTS_MIN), 3)
    known = [*([f"{join(deep)} deeply"] if deep else []), *([f"{join(well)} well"] if well else [])]
    if known:
        return f"Knows {', '.join(known)}{f'; some {join(some)}' if some else ''}."
    if some:
        return f"Works with {join(some)}."
    return f"Has worked a little with {join(names_of(findings, learned, 2))}." if learned else None


def _met(affinities: Sequence[Affinity], events_min: int, events_end: int | None = None) -> list[Affinity]:
    return [
        item
        for item in affinities
        if events_min <= item.evidence_count and (events_end is None or item.evidence_count < events_end)
    ]
