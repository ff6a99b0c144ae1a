"""Which topics of a namespace mean the same, out of both environments."""

from __future__ import annotations

from functools import lru_cache

from foreword import keys
from foreword.store import databases as db
from foreword.store.activity_reader import ActivityReader
from foreword.store.profile_reader import ProfileReader
from foreword.store.v1.store_pb2 import TopicAliases, TopicProposals
from foreword.synonyms import NO_SYNONYMS, Synonyms
from foreword.topics import topic_key


def read_synonyms(
    activity: ActivityReader | None, profiles: ProfileReader | None, namespace: str
) -> Synonyms:
    """Return what is in force; parsed once for as long as the rows stay as they are.

    Args:
        activity: Where operators' decisions are; None while there is no such environment.
        profiles: Where proposals are; likewise.
        namespace: The tenant's space.

    Raises:
        StoreError: A row cannot be read.
    """
    key = keys.namespace_prefix(namespace)
    decided = activity.get(db.TOPIC_ALIASES, key) if activity is not None else None
    proposed = profiles.get(db.TOPIC_PROPOSALS, key) if profiles is not None else None
    return _parsed(decided or b"", proposed or b"")


def synonyms_of(decided: TopicAliases, proposed: TopicProposals) -> Synonyms:
    """Return what is in force of two rows.

    What an operator decided goes before all proposals, and a topic that one has set apart takes part in none.
    """
    apart = set(map(topic_key, decided.split_topics))
    by_rule = (
        alias
        for alias in proposed.aliases
        if alias.is_applied and apart.isdisjoint((topic_key(alias.topic), topic_key(alias.canonical)))
    )
    # The newest decision names the canonical topic.
    newest_first = sorted(decided.aliases, key=lambda alias: (-alias.time.ToMilliseconds(), alias.topic))
    return Synonyms([*newest_first, *by_rule])


@lru_cache(maxsize=256)
def _parsed(decided: bytes, proposed: bytes) -> Synonyms:
    if not decided and not proposed:
        return NO_SYNONYMS
    return synonyms_of(TopicAliases.FromString(decided), TopicProposals.FromString(proposed))
