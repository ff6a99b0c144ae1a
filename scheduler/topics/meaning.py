"""Topics that may mean the same by the vectors of their words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import nsmallest
from itertools import combinations

from foreword.embedding import Embedder, similarity
from foreword.v1.topic_alias_pb2 import TOPIC_ALIAS_SOURCE_EMBEDDING
from scheduler.agent.stems import stem
from scheduler.topics.likeness import Likeness, commoner_first

# Of the pairs of real topics above this, two of three were the same; `k8s` and `kubernetes` are below it.
_SIMILARITY_MIN = 0.65
_CONFIDENCE = 0.6
# Each pair costs some ten microseconds: 200 topics make 20,000 pairs.
_TOPICS_MAX = 200


def by_meaning(events: Mapping[str, int], embedder: Embedder) -> Iterator[Likeness]:
    """Yield pairs of the commonest topics whose words are near each other, none of them in both.

    Averaged words say little of what differs: `left-wing` is near `right-wing`, and a thing near its examples.

    Args:
        events: How many events carry each topic, by `topic_key`.
        embedder: Makes vectors.
    """
    named = {topic: count for topic, count in events.items() if "/" not in topic and "." not in topic}
    commonest = nsmallest(_TOPICS_MAX, named, key=lambda topic: (-named[topic], topic))
    words = {topic: frozenset(map(stem, topic.replace("_", "-").split("-"))) for topic in commonest}
    vectors = {topic: embedder.embed(topic.replace("-", " ")) for topic in commonest}
    for one, other in combinations(sorted(commonest), 2):
        if words[one].isdisjoint(words[other]):
            near = similarity(vectors[one], vectors[other])
            if near >= _SIMILARITY_MIN:
                canonical, topic = commoner_first(one, other, events)
                confidence = round(_CONFIDENCE * near, 2)
                yield Likeness(topic, canonical, TOPIC_ALIAS_SOURCE_EMBEDDING, confidence)
