"""Which of a user's events a model reads first, when it cannot read all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from operator import attrgetter

from foreword.v1 import profile_pb2
from scheduler.agent.evidence import Evidence
from scheduler.agent.observed import evidence_kind

# A prompt shows some tens of events. What only older ones show stands in the aggregates, and the time that choosing
# takes does not grow with what a user has ever done.
_REPRESENTED_MAX = 2000


def newest_first(events: Iterable[Evidence]) -> list[Evidence]:
    """Return events with the newest first; those of the same time in the order given."""
    return sorted(events, key=attrgetter("time_ms"), reverse=True)


def said(newest: list[Evidence]) -> list[Evidence]:
    """Return what the user said, and after it how they judged, in the order given."""
    of_kind: dict[int, list[Evidence]] = {}
    for item in newest:
        of_kind.setdefault(evidence_kind(item), []).append(item)
    return [
        *of_kind.get(profile_pb2.EVIDENCE_KIND_STATEMENT, ()),
        *of_kind.get(profile_pb2.EVIDENCE_KIND_FEEDBACK, ()),
    ]


def representative(newest: list[Evidence]) -> Iterator[Evidence]:
    """Yield events so that every beginning of them represents the newest 2,000: by turns the newest and the rarest.

    The rarest is the one that shows most of what has not been shown: an event counts 1 for the newest of its topic,
    type, session or item, 1/2 for the second newest, 1/3 for the third and so on. One pass and a sort: choosing each
    by what those before it left out says the same of the first few, and takes n² for many alike.
    """
    newest = newest[:_REPRESENTED_MAX]
    gains = _gains(newest)
    rarest = sorted(range(len(newest)), key=gains.__getitem__, reverse=True)
    places = chain.from_iterable(zip(range(len(newest)), rarest, strict=True))
    return (newest[place] for place in dict.fromkeys(places))


def _gains(newest: Iterable[Evidence]) -> list[float]:
    topics: dict[str, int] = {}
    types: dict[str, int] = {}
    sessions: dict[str, int] = {}
    items: dict[str, int] = {}
    gains = []
    # Written out: a user may have 10,000 events, and a call for each field of each takes three times as long.
    for item in newest:
        event, event_type = item.event, item.event.type
        types[event_type] = of_type = types.get(event_type, 0) + 1
        gain = 1 / of_type
        # The rarest of its topics: an event of many common topics shows nothing that others do not.
        rarest = 0
        for topic in item.topics:
            topics[topic] = of_topic = topics.get(topic, 0) + 1
            rarest = min(rarest, of_topic) if rarest else of_topic
        if rarest:
            gain += 1 / rarest
        if session := event.session_id:
            sessions[session] = of_session = sessions.get(session, 0) + 1
            gain += 1 / of_session
        if item_id := event.item_id:
            items[item_id] = of_item = items.get(item_id, 0) + 1
            gain += 1 / of_item
        gains.append(gain)
    return gains
