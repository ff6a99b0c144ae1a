"""Made stores for measurements: profiles of a given size, and events to send."""

from __future__ import annotations

import random
from pathlib import Path

from foreword import keys
from foreword.store import ProfileWriter
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import Foreword, ForewordCut, Profile, Segment, TopicAffinity

PROFILE_BYTES = 2048
NOW_MS = 1_790_000_000_000
_FOREVER_MS = NOW_MS * 2
_COMMIT_USERS = 5000


def user_id(number: int) -> str:
    """Return the id of the made user `number`."""
    return f"user-{number:09d}"


def write_profiles(directory: Path, count: int) -> None:
    """Write `count` profiles of about 2 KB and their forewords through the product's own writer."""
    writer = ProfileWriter(directory, map_size_bytes=64 << 30)
    for start in range(0, count, _COMMIT_USERS):
        with writer.begin() as txn:
            for number in range(start, min(start + _COMMIT_USERS, count)):
                profile = made_profile(number)
                txn.put_profile(
                    keys.user_key(profile.user_id),
                    profile,
                    profile.foreword,
                    computed_at_ms=NOW_MS,
                    stale_after_ms=_FOREVER_MS,
                    expired_after_ms=_FOREVER_MS,
                    refresh_on_open=False,
                )
    writer.close()


def made_profile(number: int) -> Profile:
    """Return a profile padded to 2 KB, with a foreword of 400 bytes."""
    text = f"About this user\nWorks on part {number} of the system.\n".ljust(400, ".")
    profile = Profile(
        user_id=user_id(number),
        segment=Segment.SEGMENT_ACTIVE,
        semantic_summary="x" * 600,
        foreword=Foreword(
            text=text,
            token_count=190,
            tokenizer="measured",
            cuts=[ForewordCut(byte_end=16, token_count=8), ForewordCut(byte_end=400, token_count=190)],
        ),
    )
    while profile.ByteSize() < PROFILE_BYTES - 24:
        topic = f"topic-{len(profile.content_preferences.high_affinity_topics):04d}"
        profile.content_preferences.high_affinity_topics.append(
            TopicAffinity(topic=topic, score=0.5, evidence_count=9)
        )
    return profile


def made_events(count: int, users: int, *, first: int = 0, seed: int = 7) -> list[Event]:
    """Return `count` events of `users` users, shaped like article reading (about 200 bytes each)."""
    dice = random.Random(seed)
    events = []
    for number in range(first, first + count):
        event = Event(
            event_id=f"made-{number:012d}",
            user_id=user_id(dice.randrange(users)),
            type="read",
            item_id=f"article-{dice.randrange(10_000)}",
            topics=[f"topic-{dice.randrange(200)}", f"topic-{dice.randrange(200)}"],
            session_id=f"session-{number // 20}",
            attributes={"depth": "deep", "length": str(dice.randrange(200, 4000))},
        )
        event.time.FromMilliseconds(NOW_MS - dice.randrange(14 * 86_400_000))
        events.append(event)
    return events
