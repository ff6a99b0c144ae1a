"""Looking for topics that mean the same, namespace by namespace, behind everything else."""

from __future__ import annotations

import asyncio
import logging
import math
import zlib
from collections.abc import Mapping

from cachetools import LRUCache

from foreword import keys
from foreword.clock import Clock
from foreword.embedding import Embedder
from foreword.faded_counts import spellings_of
from foreword.followed_config import FollowedConfig
from foreword.naming import quoted
from foreword.store import ActivityReader, ProfileReader, ProfileWriter
from foreword.store.v1.store_pb2 import Population
from foreword.topics import topic_key
from scheduler.topics.proposing import propose

logger = logging.getLogger("scheduler")

# Namespaces looked at in one run, each for a tenth of a second at most; the next run goes on with the next.
_NAMESPACES_MAX = 32
# Events that topics are looked for together in: the newest of some users.
_USERS_MAX = 200
_EVENTS_MAX = 50
# Users read without a pause, some milliseconds; in between triggers are looked at.
_SLICE_USERS = 10
_REMEMBERED_MAX = 10_000


class TopicProposer:
    """Writes what is proposed, when the topics of a namespace have changed since it last looked.

    Args:
        writer: Of profiles.lmdb.
        profiles: Where populations and former proposals are read.
        clock: Tells the time.
        live: The configuration in force.
        embedder: Makes vectors; None where `agent.embedding` asks for none.
    """

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        clock: Clock,
        live: FollowedConfig,
        embedder: Embedder | None = None,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._clock = clock
        self._live = live
        self._embedder = embedder
        self._after: str | None = None
        self._looked_at: LRUCache[str, int] = LRUCache(_REMEMBERED_MAX)

    async def run(self, activity: ActivityReader | None) -> int:
        """Look at the next namespaces; return for how many something else is proposed now.

        Raises:
            StoreError: An environment cannot be read or written; the namespaces before are done.
        """
        changed = 0
        for _ in range(_NAMESPACES_MAX):
            found = self._profiles.next_population(self._after)
            self._after = None if found is None else found[0]
            if found is None:
                break
            changed += await self._look_at(*found, activity)
            await asyncio.sleep(0)
        return changed

    async def _look_at(self, namespace: str, population: Population, activity: ActivityReader | None) -> bool:
        events = _events_of(population)
        mark = _mark(events)
        if self._looked_at.get(namespace) == mark:
            return False
        sample = await _sample(activity, namespace) if activity is not None else []
        former = self._profiles.topic_proposals(namespace)
        names = self._live.current.foreword.words_of(namespace).names()
        # In a thread: two thousand topics take a tenth of a second, with vectors half of one.
        proposals = await asyncio.to_thread(
            propose,
            events,
            sample,
            former,
            self._clock.now_ms(),
            withholds=names.withholds,
            embedder=self._embedder,
        )
        self._looked_at[namespace] = mark
        if proposals == former:
            return False
        with self._writer.begin() as txn:
            txn.put_topic_proposals(namespace, proposals)
        in_force = sum(alias.is_applied for alias in proposals.aliases)
        logger.info(
            "topics of namespace %s: %d merges proposed, %d of them in force",
            quoted(namespace),
            len(proposals.aliases),
            in_force,
        )
        return True


def _events_of(population: Population) -> dict[str, int]:
    """Return how many events carried each topic itself, whatever it counts as."""
    events: dict[str, int] = {}
    for row in population.topics:
        for text, count in spellings_of(row).items():
            key = topic_key(text)
            events[key] = events.get(key, 0) + count
    return events


def _mark(events: Mapping[str, int]) -> int:
    """Return what changes with the topics there are, and with each fifth more events of them."""
    size = round(4 * math.log2(1 + sum(events.values())))
    return zlib.crc32("\n".join([*sorted(events), str(size)]).encode())


async def _sample(activity: ActivityReader, namespace: str) -> list[list[str]]:
    """Return the topics of the newest events of the first users of a namespace."""
    sample: list[list[str]] = []
    prefix = keys.namespace_prefix(namespace)
    after = prefix
    for _ in range(_USERS_MAX // _SLICE_USERS):
        users = [user for user, _ in activity.users(after, _SLICE_USERS) if user.startswith(prefix)]
        for user in users:
            stored = activity.events(user, limit=_EVENTS_MAX)
            sample += [list(each.event.topics) for each in stored]
        if len(users) < _SLICE_USERS:
            break
        after = users[-1]
        await asyncio.sleep(0)
    return sample
