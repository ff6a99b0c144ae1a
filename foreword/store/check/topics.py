"""Looking through the rows that say which topics mean the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foreword.admission import TOPIC_BYTES_MAX
from foreword.store import databases as db
from foreword.store.check.fault import Fault
from foreword.store.check.rows import namespace_key_fault, parsed
from foreword.store.snapshot import Snapshot
from foreword.store.v1.store_pb2 import TopicAliases, TopicProposals
from foreword.synonyms import ALIASES_MAX, PROPOSALS_MAX, SPLIT_TOPICS_MAX, Synonyms
from foreword.topics import topic_key
from foreword.v1.topic_alias_pb2 import TopicAlias


def topic_aliases(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield what is wrong with what operators decided."""
    for key, row in snapshot.rows(db.TOPIC_ALIASES):
        decided = parsed(TopicAliases, row)
        fault = namespace_key_fault(key) or ("it cannot be parsed" if decided is None else "")
        if not fault and decided is not None:
            fault = _alias_fault(decided.aliases, ALIASES_MAX) or _split_fault(decided)
        if fault:
            yield Fault("activity.topic_aliases", key.hex(), fault)


def topic_proposals(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield what is wrong with what is proposed."""
    for key, row in snapshot.rows(db.TOPIC_PROPOSALS):
        proposed = parsed(TopicProposals, row)
        fault = namespace_key_fault(key) or ("it cannot be parsed" if proposed is None else "")
        if not fault and proposed is not None:
            fault = _alias_fault(proposed.aliases, PROPOSALS_MAX)
        if fault:
            yield Fault("profiles.topic_proposals", key.hex(), fault)


def _alias_fault(aliases: Sequence[TopicAlias], aliases_max: int) -> str:
    if len(aliases) > aliases_max:
        return f"it has {len(aliases):,} aliases; at most {aliases_max:,} are allowed"
    for alias in aliases:
        for size in (len(alias.topic.encode()), len(alias.canonical.encode())):
            if not 0 < size <= TOPIC_BYTES_MAX:
                return f"a topic has {size:,} bytes; 1 to {TOPIC_BYTES_MAX} are allowed"
        if not 0 <= alias.confidence <= 1:
            return f"a confidence is {alias.confidence}; 0 to 1 are allowed"
    in_force = [alias for alias in aliases if alias.is_applied]
    if len({topic_key(alias.topic) for alias in in_force}) < len(in_force):
        return "a topic counts as two"
    synonyms = Synonyms(in_force)
    if any(synonyms.key(alias.topic) == topic_key(alias.topic) for alias in in_force):
        return "topics count as one another in a circle"
    return ""


def _split_fault(decided: TopicAliases) -> str:
    count = len(decided.split_topics)
    if count > SPLIT_TOPICS_MAX:
        return f"{count:,} topics are set apart; at most {SPLIT_TOPICS_MAX:,} may be"
    return ""
