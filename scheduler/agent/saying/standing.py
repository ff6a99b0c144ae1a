"""Where the user stands out among the others of the namespace."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join
from scheduler.agent.saying.areas import areas, keys, names_of, within_keys, words_of
from scheduler.agent.saying.saying import Saying

# A user stands out in a topic by half as much again as the others, both faded and in plain counts. That somebody does
# less than others is not said: it helps nobody, and is true of most topics of most people.
_MORE_THAN_OTHERS = 1.5
# With fewer others, each of them could be told from what is said of all.
_OTHERS_MIN = 20
_EVENTS_MIN = 5
_SHARE_MIN = 0.04
_TOPICS = 2


def standing(findings: Findings, _: profile_pb2.SelfModel, claimed: Set[str]) -> Iterator[Saying]:
    """Say what the user does more of than other users."""
    if findings.others < _OTHERS_MIN:
        return
    left_out = claimed | within_keys(findings)
    more = [item for item in areas(findings) if item.key not in left_out and _stands_out(findings, item)]
    more.sort(key=lambda item: (item.population_share / item.memory_share, item.key))
    names = names_of(findings, more, _TOPICS)
    if names:
        joined = words_of(findings).joined.lstrip(":").lstrip()
        yield Saying("standing", f"More {joined}{join(names)} than other users.", keys(more[:_TOPICS]))


def _stands_out(findings: Findings, item: Affinity) -> bool:
    count = findings.memory.topics[item.key]
    share, others = count.events / findings.memory.events, findings.others_share(item.key)
    return (
        item.evidence_count >= _EVENTS_MIN
        and item.memory_share >= max(_SHARE_MIN, _MORE_THAN_OTHERS * item.population_share)
        and not count.against
        and others is not None
        and share >= _MORE_THAN_OTHERS * others
    )
