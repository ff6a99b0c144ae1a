"""The topics of namespaces: listed, made one, and set apart again."""

from __future__ import annotations

import asyncio

from foreword.clock import Clock
from foreword.errors import StoreError
from foreword.store import ActivityTransaction
from foreword.store.synonym_rows import read_synonyms
from foreword.store.v1.store_pb2 import Population, TopicAliases, TopicProposals
from foreword.synonyms import NO_SYNONYMS, Synonyms
from foreword.topics import topic_key
from foreword.v1.operator_service_pb2 import (
    ListTopicsRequest,
    ListTopicsResponse,
    MergeTopicsRequest,
    MergeTopicsResponse,
    SplitTopicRequest,
    SplitTopicResponse,
)
from sidecar.activity import Activity
from sidecar.profiles import Profiles
from sidecar.topic_list import Vocabulary, list_topics
from sidecar.topic_table import merge, split


class Topics:
    """Reads both environments, and writes what operators decide."""

    def __init__(self, profiles: Profiles, activity: Activity, clock: Clock) -> None:
        self._profiles = profiles
        self._activity = activity
        self._clock = clock

    def synonyms(self, namespace: str) -> Synonyms:
        """Return which topics mean the same; none while the store cannot be read."""
        try:
            return read_synonyms(self._activity.reader, self._profiles.reader, namespace)
        except StoreError:
            return NO_SYNONYMS

    async def page(self, request: ListTopicsRequest) -> ListTopicsResponse:
        """Return a page of topics."""
        vocabulary = self._vocabulary(request.namespace)
        # In a thread: two thousand topics take some milliseconds.
        return await asyncio.to_thread(list_topics, request, vocabulary)

    async def merge(self, request: MergeTopicsRequest) -> MergeTopicsResponse:
        """Make topics one; answer once that is on disk."""
        namespace, now_ms = request.namespace, self._clock.now_ms()

        def job(transaction: ActivityTransaction) -> TopicAliases:
            merged = merge(transaction.topic_aliases(namespace), request.canonical, request.topics, now_ms)
            transaction.put_topic_aliases(namespace, merged)
            return merged

        decided = await self._activity.write(job)
        vocabulary = self._vocabulary(namespace)._replace(decided=decided)
        synonyms = vocabulary.synonyms()
        found = vocabulary.aliases(synonyms).get(synonyms.key(request.canonical), [])
        return MergeTopicsResponse(aliases=[alias for alias in found if alias.is_applied])

    async def split(self, request: SplitTopicRequest) -> SplitTopicResponse:
        """Make a topic one of its own; answer once that is on disk."""
        namespace, topic = request.namespace, request.topic

        def job(transaction: ActivityTransaction) -> TopicAliases:
            before = transaction.topic_aliases(namespace)
            transaction.put_topic_aliases(namespace, split(before, topic))
            return before

        before = self._vocabulary(namespace)._replace(decided=await self._activity.write(job)).synonyms()
        is_alias = before.key(topic) != topic_key(topic)
        return SplitTopicResponse(canonical=before.shown(topic) if is_alias else "")

    def _vocabulary(self, namespace: str) -> Vocabulary:
        activity, profiles = self._activity.reader, self._profiles.reader
        return Vocabulary(
            activity.topic_aliases(namespace) if activity is not None else TopicAliases(),
            profiles.topic_proposals(namespace) if profiles is not None else TopicProposals(),
            profiles.population(namespace) if profiles is not None else Population(),
        )
