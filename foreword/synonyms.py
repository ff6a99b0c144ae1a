"""Which topics of a namespace mean the same: what operators decided, and what was proposed and is in force."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable

from foreword.topics import topic_key
from foreword.v1.topic_alias_pb2 import TopicAlias

# An operator's table is read whole with every change of it: at these numbers it takes some 200 KB and milliseconds.
ALIASES_MAX = 2000
SPLIT_TOPICS_MAX = 2000
# Nobody goes through more by hand.
PROPOSALS_MAX = 500


class Synonyms:
    """Topics and what they count as; without any, every topic is its own.

    Attributes:
        digest: Tells these from others, whatever process asks; 0 without any.

    Args:
        aliases: In force, in the order in which they came; each names a topic and what it counts as. Of two that name
            one topic the first holds, and one that would close a circle does not.
    """

    def __init__(self, aliases: Iterable[TopicAlias] = ()) -> None:
        self._next: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        for alias in aliases:
            topic, canonical = topic_key(alias.topic), topic_key(alias.canonical)
            if topic not in self._next and self._followed(canonical) != topic:
                self._next[topic] = canonical
                self._titles.setdefault(canonical, alias.canonical)
        self._canonical = {topic: self._followed(topic) for topic in self._next}
        # Only what is not counted as something else has a name of its own.
        self._titles = {key: title for key, title in self._titles.items() if key not in self._next}
        # Not Python's hash, which differs from process to process.
        in_force = json.dumps([self._canonical, self._titles], sort_keys=True).encode()
        self.digest = (zlib.crc32(in_force) or 1) if self._canonical else 0

    def key(self, topic: str) -> str:
        """Return the `topic_key` of what a topic counts as."""
        key = topic_key(topic)
        return self._canonical.get(key, key)

    def holds(self, alias: TopicAlias) -> bool:
        """Return whether an alias is in force as it stands."""
        return self._next.get(topic_key(alias.topic)) == topic_key(alias.canonical)

    def title(self, key: str) -> str:
        """Return what a canonical topic is called, by its key; empty when nothing else counts as it."""
        return self._titles.get(key, "")

    def shown(self, topic: str) -> str:
        """Return how a topic is called: as it is spelled, unless it is one of several that mean the same."""
        return (self._titles and self._titles.get(self.key(topic))) or topic

    def keyed(self, topics: Iterable[str]) -> dict[str, str]:
        """Return topics by what they count as, each in one spelling of them, whatever their order.

        Two that mean the same are one; its spelling is then the canonical topic's own, where that is among them.
        """
        if not self._canonical:
            return {topic_key(topic): topic for topic in topics}
        found: dict[str, str] = {}
        for topic in topics:
            key = self.key(topic)
            found[key] = _better(found[key], topic, key) if key in found else topic
        return found

    def _followed(self, topic: str) -> str:
        # Ends: no circle is ever let in.
        while topic in self._next:
            topic = self._next[topic]
        return topic


def _better(one: str, other: str, key: str) -> str:
    """Return the spelling of the canonical topic itself; of two alike the first in the alphabet."""
    return min(one, other, key=lambda each: (topic_key(each) != key, each))


NO_SYNONYMS = Synonyms()
