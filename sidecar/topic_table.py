"""What an operator's merges and splits make of a namespace's table."""

from __future__ import annotations

from collections.abc import Sequence

from foreword.admission import TOPIC_BYTES_MAX
from foreword.errors import FieldError
from foreword.naming import quoted
from foreword.store.v1.store_pb2 import TopicAliases
from foreword.synonyms import ALIASES_MAX, SPLIT_TOPICS_MAX, Synonyms
from foreword.text_size import check_text
from foreword.topics import topic_key
from foreword.v1.topic_alias_pb2 import TOPIC_ALIAS_SOURCE_OPERATOR

# Whoever merges more at once has a list, and can send it in parts.
MERGED_MAX = 100


def merge(decided: TopicAliases, canonical: str, topics: Sequence[str], now_ms: int) -> TopicAliases:
    """Return the table with topics counting as another; what they counted as before is forgotten.

    Topics that count as one of them go on doing so, and with it count as the canonical topic.

    Raises:
        FieldError: A topic is malformed or the canonical one itself, the canonical one counts as it, or the table is
            full.
    """
    check_text("canonical", canonical, TOPIC_BYTES_MAX, bytes_min=1)
    if not 1 <= len(topics) <= MERGED_MAX:
        raise FieldError("topics", f"{len(topics)} topics", f"1 to {MERGED_MAX} topics")
    keys = _keys(canonical, topics)
    kept = [alias for alias in decided.aliases if topic_key(alias.topic) not in keys]
    _refuse_circle(Synonyms(kept), canonical, keys)
    merged = TopicAliases(version=decided.version + 1, aliases=kept)
    for topic in keys.values():
        alias = merged.aliases.add(
            topic=topic,
            canonical=canonical,
            source=TOPIC_ALIAS_SOURCE_OPERATOR,
            confidence=1.0,
            is_applied=True,
        )
        alias.time.FromMilliseconds(now_ms)
    merged.aliases.sort(key=lambda alias: topic_key(alias.topic))
    merged.split_topics.extend(topic for topic in decided.split_topics if topic_key(topic) not in keys)
    _check_room("topics", len(merged.aliases), ALIASES_MAX)
    return merged


def split(decided: TopicAliases, topic: str) -> TopicAliases:
    """Return the table with a topic that is one of its own, and takes part in no proposal.

    Topics that count as it go on doing so.

    Raises:
        FieldError: The topic is malformed, or the table is full.
    """
    check_text("topic", topic, TOPIC_BYTES_MAX, bytes_min=1)
    key = topic_key(topic)
    apart = TopicAliases(version=decided.version + 1)
    apart.aliases.extend(alias for alias in decided.aliases if topic_key(alias.topic) != key)
    others = (other for other in decided.split_topics if topic_key(other) != key)
    apart.split_topics.extend(sorted([*others, topic], key=topic_key))
    _check_room("topic", len(apart.split_topics), SPLIT_TOPICS_MAX)
    return apart


def _keys(canonical: str, topics: Sequence[str]) -> dict[str, str]:
    found = {}
    for place, topic in enumerate(topics):
        check_text(f"topics[{place}]", topic, TOPIC_BYTES_MAX, bytes_min=1)
        if topic_key(topic) == topic_key(canonical):
            raise FieldError(f"topics[{place}]", quoted(topic), "another topic than the canonical one")
        found[topic_key(topic)] = topic
    return found


def _refuse_circle(synonyms: Synonyms, canonical: str, keys: dict[str, str]) -> None:
    counts_as = synonyms.key(canonical)
    if counts_as in keys:
        found = f"{quoted(canonical)}, which counts as {quoted(keys[counts_as])}"
        allowed = "a topic that counts as none of the others, as it does once it is split"
        raise FieldError("canonical", found, allowed)


def _check_room(field: str, count: int, count_max: int) -> None:
    if count > count_max:
        raise FieldError(field, f"{count:,} in the namespace's table", f"at most {count_max:,}")
