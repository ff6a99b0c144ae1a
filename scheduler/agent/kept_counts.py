"""Which of its counts a memory keeps, so that it takes 6 KB at most however long the history."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from foreword.topics import commonest
from foreword.v1 import profile_pb2

if TYPE_CHECKING:
    from scheduler.agent.memory import AttributeCount, TopicCount

# Of a whole memory. The twenty strongest topics foretell next week as well as all of them, and have room in any case
# but that of names of a hundred bytes or of dozens of noes.
MEMORY_BYTES_MAX = 6000
# As many of the shortest names have room.
_TOPICS_MAX = 100
# Topics that the user decided against are kept before all others, the newest of them; nobody says no to more by hand.
NOES_MAX = 50
# So that they leave room for a dozen topics that draw the user.
_NOES_BYTES_MAX = 2700
_ATTRIBUTES_MAX = 40
# A dozen values; what shares a topic's word is said by the topic.
_ATTRIBUTES_BYTES_MAX = 700
# People write a name in two or three ways; more are typing errors.
_SPELLINGS_MAX = 4
# Of a row in a list, beside its own bytes: a tag and a length.
_FRAME_BYTES = 3
_NO = profile_pb2.STANCE_NO


def write(
    topics: Mapping[str, TopicCount],
    attributes: Mapping[tuple[str, str], AttributeCount],
    proto: profile_pb2.Memory,
) -> None:
    """Write the strongest attributes and topics into a memory that holds all else already, as far as there is room.

    Noes go first, the newest of them, then topics by their weight.
    """
    _write_attributes(attributes, proto)
    room_bytes = MEMORY_BYTES_MAX - proto.ByteSize()
    said = [item for item in topics.items() if item[1].stance == _NO]
    noes = heapq.nsmallest(NOES_MAX, said, key=lambda item: (-item[1].stance_ms, item[0]))
    room_bytes -= _write_topics((count for _, count in noes), proto, min(room_bytes, _NOES_BYTES_MAX))
    kept = {topic for topic, _ in noes[: len(proto.topics)]}
    others = [item for item in topics.items() if item[0] not in kept] if kept else topics.items()
    ranked = heapq.nsmallest(
        _TOPICS_MAX - len(kept), others, key=lambda item: (-item[1].weight - item[1].against, item[0])
    )
    _write_topics((count for _, count in ranked), proto, room_bytes)


def _write_topics(counts: Iterable[TopicCount], proto: profile_pb2.Memory, room_bytes: int) -> int:
    """Write rows until there is no room; return the bytes taken."""
    taken_bytes = 0
    for count in counts:
        row = proto.topics.add()
        _fill(row, count)
        size_bytes = row.ByteSize() + _FRAME_BYTES
        if taken_bytes + size_bytes > room_bytes:
            del proto.topics[-1]
            break
        taken_bytes += size_bytes
    return taken_bytes


def _fill(row: profile_pb2.FadedCount, count: TopicCount) -> None:
    row.value = count.name()
    row.weight, row.negative_weight, row.event_count = count.weight, count.against, count.events
    row.rating_sum, row.rating_weight = count.rating_sum, count.rating_weight
    row.rating_total, row.rating_count = count.rating_total, count.rating_count
    row.accepted_count, row.rejected_count = count.accepted, count.rejected
    row.against_count = count.against_events
    row.last_seen.FromMilliseconds(count.last_seen_ms)
    if count.stance:
        row.stance = count.stance
        row.stance_time.FromMilliseconds(count.stance_ms)
    _add_spellings(row, count.spellings)
    count.days.write(row)


def _add_spellings(row: profile_pb2.FadedCount, spellings: dict[str, int]) -> None:
    """Write the spellings down when there is more than the one the row is named by."""
    if list(spellings) == [row.value]:
        return
    rest = dict(spellings)
    for _ in range(min(len(spellings), _SPELLINGS_MAX)):
        text = commonest(rest)
        row.spellings.add(text=text, event_count=rest.pop(text))


def _write_attributes(
    attributes: Mapping[tuple[str, str], AttributeCount], proto: profile_pb2.Memory
) -> None:
    ranked = heapq.nsmallest(_ATTRIBUTES_MAX, attributes.items(), key=lambda item: (-item[1].weight, item[0]))
    taken_bytes = 0
    for (name, value), kept in ranked:
        row = proto.attributes.add(field=name, value=value, weight=kept.weight, event_count=kept.events)
        row.last_seen.FromMilliseconds(kept.last_seen_ms)
        taken_bytes += row.ByteSize() + _FRAME_BYTES
        if taken_bytes > _ATTRIBUTES_BYTES_MAX:
            del proto.attributes[-1]
            return
