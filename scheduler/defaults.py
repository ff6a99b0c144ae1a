"""What users nobody knows are served, written whenever the operator's editorial or what trends is another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from cachetools import LRUCache

from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.store import ProfileReader, ProfileWriter
from foreword.store.v1.store_pb2 import Trend, Trends
from foreword.topics import topic_key
from foreword.v1.profile_pb2 import Profile
from scheduler.agent.general import Generals, general_profile

logger = logging.getLogger("scheduler")

# A default of 17 cohorts takes 50 KB; with more tenants at once, the least recently used is made again.
_GENERALS_MAX = 64
# Namespaces whose rows share a synced commit; making each takes a millisecond, and in between triggers are looked at.
_SLICE_NAMESPACES = 20


class Defaults:
    """Makes the default profiles of each namespace of editorial and trend, and writes the rows that are served.

    Args:
        writer: Of profiles.lmdb.
        profiles: Where trends are read.
        live: The configuration in force, with the editorial.
    """

    def __init__(self, writer: ProfileWriter, profiles: ProfileReader, live: FollowedConfig) -> None:
        self._writer = writer
        self._profiles = profiles
        self._live = live
        self._made_by: Config | None = None
        self._published: Config | None = None
        self._generals: LRUCache[str, Generals] = LRUCache(_GENERALS_MAX)

    def publish_common(self) -> None:
        """Write what is served in namespaces that nothing is known of.

        Raises:
            StoreError: It cannot be written.
        """
        profile = self._common()
        with self._writer.begin() as txn:
            txn.put_defaults(profile, profile.foreword)

    async def publish(self) -> int:
        """Write the defaults of all namespaces when the configuration is another; return how many changed.

        Raises:
            StoreError: The store cannot be read or written; the next call tries again.
        """
        config = self._live.current
        if config is self._published:
            return 0
        self.publish_common()
        editorial = config.cold_start.editorial_words()
        names = sorted({*self._profiles.default_namespaces(), *editorial.namespaces})
        changed = 0
        for start in range(0, len(names), _SLICE_NAMESPACES):
            changed += self.publish_some(names[start : start + _SLICE_NAMESPACES])
            await asyncio.sleep(0)
        # Only now: a failure above is made up for by the next call.
        self._published = config
        return changed

    def publish_some(self, namespaces: Iterable[str]) -> int:
        """Write the defaults of some namespaces; return how many changed.

        Raises:
            StoreError: The store cannot be read or written.
        """
        common, changed = self._common(), 0
        made = [(name, self._made(name).whole) for name in namespaces]
        with self._writer.begin() as txn:
            for name, profile in made:
                if profile.default_basis.digest == common.default_basis.digest:
                    changed += txn.delete_namespace_defaults(name)
                else:
                    changed += txn.put_namespace_defaults(name, profile, profile.foreword)
        if changed:
            logger.info("the default profiles of %d namespaces are others now", changed)
        return changed

    def generals(self, namespace: str) -> Generals:
        """Return the default profiles of a namespace, and of its cohorts.

        Raises:
            StoreError: What trends cannot be read.
        """
        if self._made_by is not self._live.current:
            self._generals.clear()
            self._made_by = self._live.current
        found = self._generals.get(namespace)
        if found is None:
            found = self._generals[namespace] = self._made(namespace)
        return found

    def forget(self, namespace: str) -> None:
        """Make the defaults of a namespace anew when they are next needed: something else trends."""
        self._generals.pop(namespace, None)

    def _made(self, namespace: str) -> Generals:
        trends = self._profiles.trends(namespace)
        settings = self._live.current.cold_start
        if not trends.trends:
            return Generals(self._profile(namespace, Trend()))
        whole, *cohorts = trends.trends
        attribute = settings.cohort_attribute
        withholds = self._live.current.foreword.words_of(namespace).names().withholds
        kept = [
            each
            for each in cohorts
            if trends.cohort_attribute == attribute
            and each.user_count >= settings.cohort_users_min
            and not withholds(each.cohort)
        ]
        return Generals(
            self._profile(namespace, whole),
            {each.cohort: self._profile(namespace, each, trends) for each in kept[: settings.cohorts_max]},
            attribute,
        )

    def _common(self) -> Profile:
        config = self._live.current
        editorial = config.cold_start.editorial_words()
        return general_profile(
            editorial.common,
            Trend(),
            config.foreword.words.names(),
            words=config.foreword.words.domain_words(),
            topics_max=0,
            users_min=config.cold_start.trend_users_min,
            tokens_max=config.foreword.tokens_max,
        )

    def _profile(self, namespace: str, trend: Trend, trends: Trends | None = None) -> Profile:
        config = self._live.current
        settings, words = config.cold_start, config.foreword.words_of(namespace)
        editorial = settings.editorial_words()
        users = {topic_key(each.topic): each.user_count for each in trend.topics}
        return general_profile(
            editorial.of(namespace),
            trend,
            words.names(lambda key: users.get(key, 0)),
            words=words.domain_words(),
            cohort_attribute="" if trends is None else trends.cohort_attribute,
            topics_max=settings.trend_topics_max,
            users_min=settings.trend_users_min,
            tokens_max=config.foreword.tokens_max,
        )
