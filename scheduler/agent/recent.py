"""The newest things a user did and the days they did anything: what the memory keeps of single events."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from foreword.clock import DAY_MS
from foreword.redaction import personal_in
from foreword.v1 import profile_pb2
from scheduler.agent.evidence import Evidence
from scheduler.agent.subjects import subject_of

# What somebody did longer ago than this is habit rather than news, and counted elsewhere.
ACTS_MAX = 16
# Together a quarter of what a memory may hold.
_ACTS_BYTES_MAX = 1500
# As long as the window by default, with some days to tell a pause by.
DAYS_MAX = 32
# Longer ids are addresses or contents.
_ITEM_BYTES_MAX = 96
TOPICS_MAX = 4
# Looked up for every new event.
_NO, _YES = profile_pb2.STANCE_NO, profile_pb2.STANCE_YES


@dataclass(slots=True)
class Recent:
    """What is kept of single events.

    Attributes:
        acts: The newest, newest first, as the memory carries them.
        days: Days with events, newest first, in days since 1970-01-01.
        first_seen_ms: Time of the first event ever counted; 0 when none was.
    """

    acts: list[profile_pb2.RecentAct] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    first_seen_ms: int = 0


def recent_of(memory: profile_pb2.Memory) -> Recent:
    """Return what a memory kept; its acts are the memory's own messages."""
    first_seen_ms = memory.first_seen.ToMilliseconds() if memory.HasField("first_seen") else 0
    return Recent(list(memory.recent), list(memory.active_days), first_seen_ms)


def remember(recent: Recent, news: Sequence[Evidence]) -> None:
    """Take news in; the same whatever their order and number at a time, since each limit keeps the newest of all."""
    if not news:
        return
    first_ms = min(item.time_ms for item in news)
    recent.first_seen_ms = min(first_ms, recent.first_seen_ms or first_ms)
    days = {item.time_ms // DAY_MS for item in news}.union(recent.days)
    recent.days = heapq.nlargest(DAYS_MAX, (day for day in days if day >= 0))
    acts = [*recent.acts, *map(_act, _newest(item for item in news if item.weight == 1.0))]
    acts.sort(key=_order, reverse=True)
    recent.acts = list(_within_limits(acts))


def write(recent: Recent, memory: profile_pb2.Memory) -> None:
    """Write what is kept into the memory of a profile."""
    memory.recent.extend(recent.acts)
    memory.active_days.extend(recent.days)
    if recent.first_seen_ms:
        memory.first_seen.FromMilliseconds(recent.first_seen_ms)


def _newest(news: Iterable[Evidence]) -> list[Evidence]:
    """Return the news that may be among the newest acts: all of the same time, since what they say orders them."""
    acts = list(news)
    if len(acts) <= ACTS_MAX:
        return acts
    end_ms = heapq.nlargest(ACTS_MAX, (item.time_ms for item in acts))[-1]
    return [item for item in acts if item.time_ms >= end_ms]


def _act(item: Evidence) -> profile_pb2.RecentAct:
    event = item.event
    act = profile_pb2.RecentAct(
        type=event.type,
        item_id=_kept_item(event.item_id),
        topics=list(item.topics.values())[:TOPICS_MAX],
        subject=subject_of(event.text),
    )
    if item.decides:
        act.stance = _NO if item.against else _YES
    act.time.FromMilliseconds(item.time_ms)
    return act


# The same items come again and again; a catalogue in use has some thousands.
@lru_cache(maxsize=16_384)
def _kept_item(item_id: str) -> str:
    is_kept = item_id and len(item_id.encode()) <= _ITEM_BYTES_MAX and not personal_in(item_id)
    return item_id if is_kept else ""


def _order(act: profile_pb2.RecentAct) -> tuple[int, int, bytes]:
    time = act.time
    return time.seconds, time.nanos, act.SerializeToString(deterministic=True)


def _within_limits(acts: Sequence[profile_pb2.RecentAct]) -> Iterable[profile_pb2.RecentAct]:
    size_bytes = 0
    for act in acts[:ACTS_MAX]:
        size_bytes += act.ByteSize() + 3
        if size_bytes > _ACTS_BYTES_MAX:
            return
        yield act
