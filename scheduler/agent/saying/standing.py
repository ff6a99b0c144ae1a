"""Where the user differs from the others of the namespace."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.kind import Kind
from scheduler.agent.labels import join
from scheduler.agent.saying.areas import JOINTS, areas, is_place, keys, names_of, repository_keys
from scheduler.agent.saying.saying import Saying

# A user stands out in a topic by half as much again as the others, and lags at a third.
_MORE_THAN_OTHERS = 1.5
_LESS_THAN_OTHERS = 0.4
# With fewer others, each of them could be told from what is said of all.
_OTHERS_MIN = 20
_STANDING_EVENTS_MIN = 5
_LAGGING_EVENTS_MIN = 20
_LAGGING_POPULATION_SHARE_MIN = 0.08
_STANDING_SHARE_MIN = 0.04


def standing(findings: Findings, _: profile_pb2.SelfModel, claimed: Set[str]) -> Iterator[Saying]:
    """Say what the user does more and less of than other users."""
    if findings.others < _OTHERS_MIN:
        return
    more, less = _more(findings, claimed), _less(findings, claimed)
    joint = JOINTS[findings.kind]
    above, below = names_of(findings, more, 2), names_of(findings, less, 2)
    topics = keys([*more[:2], *less[:2]])
    if above and below:
        text = f"More {joint}{join(above)} than other users, less {joint}{join(below)}."
        yield Saying("standing", text, topics)
    elif above:
        yield Saying("standing", f"More {joint}{join(above)} than other users.", topics)
    elif below:
        yield Saying("standing", f"Less {joint}{join(below)} than other users.", topics)


def _more(findings: Findings, claimed: Set[str]) -> list[Affinity]:
    repos = repository_keys(findings)
    more = [
        item
        for item in areas(findings)
        if item.key not in repos
        and item.evidence_count >= _STANDING_EVENTS_MIN
        and item.memory_share >= max(_STANDING_SHARE_MIN, _MORE_THAN_OTHERS * item.population_share)
    ]
    return sorted(
        more, key=lambda item: (item.key in claimed, item.population_share / item.memory_share, item.key)
    )


def _less(findings: Findings, claimed: Set[str]) -> list[Affinity]:
    if findings.memory.events < _LAGGING_EVENTS_MIN:
        return []
    less = [
        item
        for item in findings.high
        if item.key not in claimed
        and (findings.kind is not Kind.CODE or is_place(item))
        and item.population_share >= _LAGGING_POPULATION_SHARE_MIN
        and item.memory_share <= _LESS_THAN_OTHERS * item.population_share
    ]
    return sorted(less, key=lambda item: (-item.population_share, item.key))
