"""Which of a user's events a model reads first, when it cannot read all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from foreword.v1 import profile_pb2
from scheduler.agent.apply import evidence_kind
from scheduler.agent.evidence import Evidence


def newest_first(events: Iterable[Evidence]) -> list[Evidence]:
    """Return events with the newest first; those of the same time by their id."""
    return sorted(events, key=lambda item: (-item.time_ms, item.event.event_id))


def said(newest: Iterable[Evidence]) -> list[Evidence]:
    """Return what the user said, and after it how they judged, in the order given."""
    kinds = [(evidence_kind(item), item) for item in newest]
    statements = [item for kind, item in kinds if kind == profile_pb2.EVIDENCE_KIND_STATEMENT]
    return [*statements, *(item for kind, item in kinds if kind == profile_pb2.EVIDENCE_KIND_FEEDBACK)]


def representative(newest: list[Evidence]) -> Iterator[Evidence]:
    """Yield all events, so that every beginning of them represents the whole: by turns the newest and the rarest.

    The rarest is the one that shows most of what has not been shown: an event counts 1 for the newest of its topic,
    type, session or item, 1/2 for the second newest, 1/3 for the third and so on. One pass and a sort: choosing each
    by what those before it left out says the same of the first few, and takes n² for many alike.
    """
    gains = list(_gains(newest))
    rarest = sorted(range(len(newest)), key=lambda place: -gains[place])
    places = chain.from_iterable(zip(range(len(newest)), rarest, strict=True))
    return (newest[place] for place in dict.fromkeys(places))


def _gains(newest: Iterable[Evidence]) -> Iterator[float]:
    met: dict[tuple[str, str], int] = {}
    for item in newest:
        event = item.event
        # The rarest of its topics: an event of many common topics shows nothing that others do not.
        topics = max((_turn(met, "topic", topic) for topic in item.topics), default=0.0)
        others = (("type", event.type), ("session", event.session_id), ("item", event.item_id))
        yield topics + sum(_turn(met, field, value) for field, value in others if value)


def _turn(met: dict[tuple[str, str], int], field: str, value: str) -> float:
    """Return what the next event of this value counts, and count it."""
    count = met[field, value] = met.get((field, value), 0) + 1
    return 1 / count
