"""Topics that may mean the same because whatever carries one carries the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import combinations

from foreword.v1.topic_alias_pb2 import TOPIC_ALIAS_SOURCE_CO_OCCURRENCE
from scheduler.topics.likeness import Likeness, commoner_first

# Of all events that carry one of two topics so many carry both. On real activity such pairs are mostly a thing and its
# kind (a folder and its language), so none is ever in force by itself.
_SHARE_MIN = 0.9
_EVENTS_MIN = 20
_CONFIDENCE = 0.3
# An event may have 32 topics, which make 496 pairs; who tags so many tags with what belongs together, not what is one.
_TOPICS_MAX = 8


def by_co_occurrence(events: Iterable[Collection[str]]) -> Iterator[Likeness]:
    """Yield topics that nearly always stand together.

    Args:
        events: The topics of each event, by `topic_key`.
    """
    single: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    for topics in events:
        single.update(topics)
        if len(topics) <= _TOPICS_MAX:
            both.update(combinations(sorted(topics), 2))
    for (one, other), count in sorted(both.items()):
        share = count / (single[one] + single[other] - count)
        if share >= _SHARE_MIN and count >= _EVENTS_MIN and not _is_inside(one, other):
            canonical, topic = commoner_first(one, other, single)
            yield Likeness(topic, canonical, TOPIC_ALIAS_SOURCE_CO_OCCURRENCE, round(_CONFIDENCE * share, 2))


def _is_inside(one: str, other: str) -> bool:
    """Return whether one is a place in a tree: a folder and what is in it stand together without being one."""
    return "/" in one or "/" in other
