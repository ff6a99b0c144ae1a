"""Segments, rules and pauses that an operator has made, in a scheduler that runs."""

from __future__ import annotations

import asyncio
from typing import Any

from foreword import keys
from foreword.clock import DAY_MS, HOUR_MS
from foreword.noting import Noting
from foreword.store import NewEvent, decode_header
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import Cadence, Segment
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshReason

TEAM: dict[str, Any] = {
    "refresh": "every",
    "every_days": 2,
    "stale_after_hours": 49,
    "expired_after_hours": 100,
    "when": {"attributes": {"plan": ["team"]}},
}
SKIPPED = RefreshOutcome.REFRESH_OUTCOME_SKIPPED


def header(store, user: str):
    row = store.profiles.profile_row(keys.user_key(user))
    return None if row is None else decode_header(row)


def pause(store, *names: str) -> None:
    with store.activity.begin() as txn:
        pauses = txn.pauses()
        for name in names:
            pauses.since_ms[name] = store.clock.now_ms()
        txn.put_pauses(pauses)


def resume(store) -> None:
    with store.activity.begin() as txn:
        pauses = txn.pauses()
        pauses.since_ms.clear()
        txn.put_pauses(pauses)


def record_plan(store, user: str, plan: str, event_id: str) -> None:
    """Record an event that carries a plan, as the sidecar would under the store's configuration."""
    now_ms = store.clock.now_ms()
    event = Event(event_id=event_id, user_id=user, type="view", attributes={"plan": plan})
    event.time.FromMilliseconds(now_ms)
    with store.activity.begin(noting=Noting(attributes=frozenset({"plan"}))) as txn:
        txn.record([NewEvent(keys.user_key(user), event_id, now_ms, event.SerializeToString(), True)], now_ms)


def test_a_segment_by_an_attribute_has_its_number_in_header_and_state(store) -> None:
    """Who has the plan is in that segment, with its hours and interval; who changes it leaves with the next event."""
    store.settings["segments"] = {"team": TEAM}
    number = store.config.segments.numbered("team")

    async def story() -> None:
        async with store.running() as daemon:
            record_plan(store, "ann", "team", "p1")
            await store.attempted(daemon, 1)
            state, now_ms = store.refresh_state("ann"), store.clock.now_ms()
            assert state.segment == header(store, "ann").segment == number
            assert state.due_ms == now_ms + 2 * DAY_MS
            assert header(store, "ann").stale_after_ms == now_ms + 49 * HOUR_MS
            store.clock.advance(HOUR_MS)
            record_plan(store, "ann", "free", "p2")
            await store.attempted(daemon, 2)
            assert header(store, "ann").segment == Segment.SEGMENT_NEW

    asyncio.run(story())


def test_a_rule_by_hand_refreshes_nobody_by_itself(store) -> None:
    """Under `manual` activity, reads and nights do nothing; an operator's request does."""
    store.settings["segments"] = {"new": {"refresh": "manual"}}

    async def story() -> None:
        async with store.running() as daemon:
            store.record("ann", count=4, ends_session=True)
            await store.attempted(daemon, 1)
            assert [entry.outcome for entry in store.ledger()] == [SKIPPED]
            assert header(store, "ann") is None
            store.record("ann", count=2, ends_session=True)
            store.request("ann", on_open=True)
            store.clock.advance(DAY_MS)
            store.request("ann", manual=True)
            await store.attempted(daemon, 2)
            assert store.agent.users() == ["ann"]
            assert header(store, "ann") is not None
            state = store.refresh_state("ann")
            assert (state.segment, state.due_ms) == (Segment.SEGMENT_NEW, 0)
            assert store.profiles.profile(keys.user_key("ann")).profile.cadence == Cadence.CADENCE_MANUAL

    asyncio.run(story())


def test_who_is_never_refreshed_is_not_even_by_hand(store) -> None:
    """Under `never` a request ends without a profile, and says so in the ledger."""
    store.settings["segments"] = {"new": {"refresh": "never"}}

    async def story() -> None:
        async with store.running() as daemon:
            store.record("ann", count=4, ends_session=True)
            await store.attempted(daemon, 1)
            store.request("ann", manual=True)
            await store.a_while()
            assert {entry.outcome for entry in store.ledger()} == {SKIPPED}
            assert store.agent.users() == []

    asyncio.run(story())


def test_a_pause_holds_back_and_a_resume_lets_go(store) -> None:
    """What comes due in a paused segment waits outside the due index, across a restart, and goes on after the pause."""
    users = [f"user{number:03}" for number in range(200)]
    store.settings["scheduler"]["batch_users"] = 16

    async def story() -> None:
        pause(store, "new")
        async with store.running() as daemon:
            store.record(*users, count=4, ends_session=True)
            await store.until(lambda: all(_is_held(store, user) for user in users))
            assert store.agent.users() == []
            assert store.profiles.due(1 << 62, 10) == []
            # What an operator asks for by name is meant.
            store.request("user007", manual=True)
            await store.attempted(daemon, 1)
            assert store.agent.users() == ["user007"]
        async with store.running() as daemon:
            await store.a_while()
            assert store.agent.users() == ["user007"]
            resume(store)
            await store.attempted(daemon, 200)
            assert sorted(set(store.agent.users())) == users
            assert not any(store.refresh_state(user).is_held for user in users)

    asyncio.run(story())


def _is_held(store, user: str) -> bool:
    state = store.refresh_state(user)
    return state is not None and state.is_held


def test_whoever_is_waited_for_goes_first_after_a_pause(store) -> None:
    """A read that came during a pause is refreshed before the others that are let go with it."""
    users = [f"user{number:03}" for number in range(100)]
    store.settings["scheduler"] |= {"concurrency": 1, "batch_users": 4}

    async def story() -> None:
        pause(store, "")
        async with store.running() as daemon:
            store.record(*users, count=4, ends_session=True)
            await store.until(lambda: all(_is_held(store, user) for user in users))
            store.clock.advance(1000)
            store.request("user090", on_open=True)
            await store.until(
                lambda: store.refresh_state("user090").reason == RefreshReason.REFRESH_REASON_ON_OPEN
            )
            await store.until(lambda: _is_held(store, "user090"))
            resume(store)
            await store.attempted(daemon, 100)
            # Users are let go by slices of fifty; between two of them some of the first are refreshed.
            assert store.agent.users().index("user090") < 60

    asyncio.run(story())


def test_who_comes_more_often_is_reclassified_at_once(store) -> None:
    """A dormant user whose days add up is semi-active with the event that makes it so, not at the next review."""
    store.known("ann", days=100, rate=20)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            assert header(store, "ann").segment == Segment.SEGMENT_DORMANT
            for _ in range(6):
                store.clock.advance(DAY_MS)
                store.record("ann")
                await store.a_while()
            assert store.refresh_state("ann").segment == Segment.SEGMENT_SEMI_ACTIVE

    asyncio.run(story())


def test_a_removed_segment_lets_its_users_go(store) -> None:
    """When a segment is gone from the configuration, its users are in another with the next start."""
    store.settings["segments"] = {"team": TEAM}

    async def story() -> None:
        async with store.running() as daemon:
            record_plan(store, "ann", "team", "p1")
            await store.attempted(daemon, 1)
        del store.settings["segments"]
        async with store.running():
            await store.until(lambda: header(store, "ann").segment == Segment.SEGMENT_NEW)
            assert store.refresh_state("ann").due_ms == 0

    asyncio.run(story())
