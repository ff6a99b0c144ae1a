"""Looking through all users for a changed segment or a missing due time."""

from __future__ import annotations

import asyncio

from foreword import keys
from foreword.clock import DAY_MS, HOUR_MS
from foreword.store import decode_header
from foreword.v1.profile_pb2 import Segment


def header(store, user: str):
    row = store.profiles.profile_row(keys.user_key(user))
    assert row is not None
    return decode_header(row)


def test_a_lost_profile_store_is_made_anew(store) -> None:
    """When profiles.lmdb is gone, and the triggers with it, every user with events is refreshed again."""
    users = [f"user{number:03}" for number in range(450)]
    store.record(*users, count=2, ago_ms=HOUR_MS)
    with store.activity.begin() as txn:
        assert txn.drop_triggers(1 << 40, 1000) == 450

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 450)
            assert sorted(set(store.agent.users())) == users

    asyncio.run(story())


def test_a_user_who_fades_moves_to_the_next_segment(store) -> None:
    """An active user who stays away becomes semi-active, then dormant, in header, refresh state and due index."""
    store.known("ann", days=28)
    store.settings["scheduler"]["reclassify_seconds"] = 0.05
    # The nightly refresh classifies as well; here only the review is wanted.
    store.settings["segments"] = {"active": {"refresh": "interval", "interval_days": 300}}
    store.settings["segments"]["semi_active"] = {"refresh": "interval", "interval_days": 200}

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            assert header(store, "ann").segment == Segment.SEGMENT_ACTIVE
            attempted_ms = store.refresh_state("ann").attempted_ms
            store.clock.advance(10 * DAY_MS)
            await store.until(lambda: header(store, "ann").segment == Segment.SEGMENT_SEMI_ACTIVE)
            assert store.refresh_state("ann").due_ms == attempted_ms + 200 * DAY_MS
            assert header(store, "ann").stale_after_ms == attempted_ms + 74 * HOUR_MS
            store.clock.advance(20 * DAY_MS)
            await store.until(lambda: header(store, "ann").segment == Segment.SEGMENT_DORMANT)
            assert store.refresh_state("ann").due_ms == 0
            assert header(store, "ann").refresh_on_open
            assert len(store.ledger()) == 1

    asyncio.run(story())


def test_a_user_who_comes_back_is_scheduled_again(store) -> None:
    """A dormant user who is active again without being read gets a due time by the new cadence."""
    store.known("ann", days=100, rate=20)
    store.settings["scheduler"]["reclassify_seconds"] = 0.05

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            assert header(store, "ann").segment == Segment.SEGMENT_DORMANT
            for _ in range(6):
                store.clock.advance(DAY_MS)
                store.record("ann")
            await store.attempted(daemon, 2)
            assert header(store, "ann").segment == Segment.SEGMENT_SEMI_ACTIVE
            assert store.refresh_state("ann").due_ms > store.clock.now_ms()

    asyncio.run(story())


def test_a_shorter_interval_applies_to_those_who_wait(store) -> None:
    """When the configuration asks for more frequent refreshes, due times already set are brought forward."""
    store.known("ann", days=40, rate=3)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            attempted_ms = store.refresh_state("ann").attempted_ms
            assert store.refresh_state("ann").due_ms == attempted_ms + 3 * DAY_MS
        store.settings["segments"] = {"semi_active": {"interval_days": 1.0}}
        async with store.running():
            await store.until(lambda: store.refresh_state("ann").due_ms == attempted_ms + DAY_MS)

    asyncio.run(story())
