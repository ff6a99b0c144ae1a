"""`policy = "optimal"` in a running scheduler: what is not worth a refresh waits, and what was promised is kept."""

from __future__ import annotations

import asyncio

from foreword import keys
from foreword.clock import DAY_MS, HOUR_MS
from foreword.config import Config
from foreword.v1.refresh_pb2 import RefreshReason
from scheduler.optimal import InForce

IDLE_MS = 1_800_000
NEVER = InForce(threshold=1e6, computed_ms=1, budget=5.0)
ALWAYS = InForce(threshold=0.0, computed_ms=1, budget=5.0)


def optimal(store) -> None:
    store.settings["scheduler"] |= {"policy": "optimal", "refreshes_per_day": 5}


async def session(store, user: str) -> None:
    """Let a user do something, and the session end."""
    store.record(user)
    store.clock.advance(IDLE_MS + 1)


def test_what_is_not_worth_a_refresh_waits(store) -> None:
    """News below the threshold leave profile and ledger as they are; above it the next session's end refreshes."""
    optimal(store)
    store.known("ann", days=60, rate=20)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            daemon.policy.in_force = NEVER
            await session(store, "ann")
            await store.until(lambda: store.refresh_state("ann").habits.opened_event_count == 4)
            assert store.refresh_state("ann").due_ms == 0
            assert len(store.ledger()) == 1
            assert store.refresh_state("ann").habits.open_count > 1
            daemon.policy.in_force = ALWAYS
            await session(store, "ann")
            await store.attempted(daemon, 2)
            assert store.text("ann") == "ann did 5 things."
            habits = store.refresh_state("ann").habits
            # The stand-in agent counts on, which says nothing new.
            assert (habits.changes, habits.change_events) == (0, 2)

    asyncio.run(story())


def test_a_person_who_asks_is_not_weighed(store) -> None:
    """A manual refresh is done whatever it is worth."""
    optimal(store)
    store.known("ann", days=60, rate=20)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            daemon.policy.in_force = NEVER
            store.record("ann")
            store.request("ann", manual=True)
            await store.attempted(daemon, 2)
            assert store.ledger()[-1].reason == RefreshReason.REFRESH_REASON_MANUAL

    asyncio.run(story())


def test_the_service_level_is_a_floor(store) -> None:
    """A user whose segment promises an age is refreshed when it is reached, though it is not worth it."""
    optimal(store)
    store.known("ann", days=28)
    store.settings["segments"] = {"active": {"stale_after_hours": 12, "expired_after_hours": 48}}

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            attempted_ms = store.refresh_state("ann").attempted_ms
            promised_ms = attempted_ms + 48 * HOUR_MS
            daemon.policy.in_force = NEVER
            assert store.refresh_state("ann").due_ms == promised_ms
            await session(store, "ann")
            await store.until(lambda: store.refresh_state("ann").habits.opened_event_count == 29)
            assert store.refresh_state("ann").due_ms == promised_ms
            assert len(store.ledger()) == 1
            store.clock.advance(promised_ms + 1 - store.clock.now_ms())
            await store.attempted(daemon, 2)
            assert store.ledger()[-1].reason == RefreshReason.REFRESH_REASON_CADENCE

    asyncio.run(story())


def test_a_read_is_an_open_and_is_weighed_when_its_session_is_over(store) -> None:
    """A read alone refreshes nothing at once; half an hour later it counts as an open."""
    optimal(store)
    store.known("ann", days=60, rate=20)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            opens = store.refresh_state("ann").habits.open_count
            store.clock.advance(DAY_MS)
            store.request("ann", on_open=True)
            read_ms = store.acknowledged_ms
            await store.until(lambda: store.refresh_state("ann").due_ms == read_ms + IDLE_MS)
            assert len(store.ledger()) == 1
            store.clock.advance(IDLE_MS + 1)
            await store.attempted(daemon, 2)
            habits = store.refresh_state("ann").habits
            assert habits.open_count == opens + 1
            assert habits.opened_ms == read_ms

    asyncio.run(story())


def test_a_pass_is_daily_and_outlives_the_daemon(store) -> None:
    """Users are looked through once a day and whenever the budget is another; the next daemon goes on by the last."""
    optimal(store)
    store.known("ann", "bob", days=60, rate=20)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 2)
            await daemon.policy.pass_when_due()
            first = daemon.policy.in_force
            assert (first.users, first.budget) == (2, 5.0)
            store.clock.advance(HOUR_MS)
            await daemon.policy.pass_when_due()
            assert daemon.policy.in_force == first
            store.clock.advance(DAY_MS)
            await daemon.policy.pass_when_due()
            assert daemon.policy.in_force.computed_ms > first.computed_ms
            last = daemon.policy.in_force
        store.settings["scheduler"]["refreshes_per_day"] = 7
        async with store.running() as daemon:
            assert daemon.policy.in_force == last
            await daemon.policy.pass_when_due()
            assert daemon.policy.in_force.budget == 7

    asyncio.run(story())


def test_without_the_policy_nothing_is_counted(store) -> None:
    """By default no habits are stored, and a dormant user who is read is refreshed at once."""
    assert Config().scheduler.policy == "segments"
    store.known("ann", days=60, rate=20)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            store.request("ann", on_open=True)
            await store.attempted(daemon, 2)
            assert not store.refresh_state("ann").HasField("habits")
            await daemon.policy.pass_when_due()
            assert store.profiles.policy() is None

    asyncio.run(story())


def test_a_review_leaves_alone_who_was_put_off(store) -> None:
    """Looking through all users makes nobody due whose news are not worth it, and those who now are."""
    optimal(store)
    store.settings["scheduler"]["review_seconds"] = 0.05
    store.known("ann", days=60, rate=20)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            daemon.policy.in_force = NEVER
            await session(store, "ann")
            await store.until(lambda: store.refresh_state("ann").habits.opened_event_count == 4)
            await store.a_while()
            assert store.refresh_state("ann").due_ms == 0
            daemon.policy.in_force = ALWAYS
            await store.attempted(daemon, 2)
            assert store.profiles.foreword(keys.user_key("ann")) is not None

    asyncio.run(story())
