"""Who goes first, and how many at once."""

from __future__ import annotations

import asyncio

from foreword.clock import DAY_MS, HOUR_MS


def test_a_read_goes_before_a_long_backlog(store) -> None:
    """While hundreds of users are due, one who is read is refreshed next, not last."""
    users = [f"user{number:03}" for number in range(300)]
    store.record(*users, ago_ms=2 * HOUR_MS)
    store.record("reader", count=4, ago_ms=HOUR_MS)
    store.agent.delay_seconds = 0.001

    async def story() -> None:
        async with store.running() as daemon:
            await store.until(lambda: len(store.agent.calls) > 20)
            begun = len(store.agent.calls)
            store.request("reader", on_open=True)
            await store.until(lambda: "reader" in store.agent.users())
            assert len(store.agent.calls) - begun < 150
            await store.attempted(daemon, 301)

    asyncio.run(story())


def test_a_night_s_backlog_waits_for_ended_sessions(store) -> None:
    """Users due by cadence come after one whose session idles out while they are worked on."""
    users = [f"user{number:03}" for number in range(200)]
    for ago in range(1, 8):
        store.record(*users, ago_ms=ago * DAY_MS)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 200)
        store.agent.calls.clear()
        store.record(*users)
        store.clock.advance(DAY_MS)
        store.record("late", count=4, ago_ms=1_800_000 - 50)
        store.agent.delay_seconds = 0.005
        store.settings["scheduler"]["concurrency"] = 1
        async with store.running() as daemon:
            await store.until(lambda: len(store.agent.calls) >= 10)
            assert "late" not in store.agent.users()
            store.clock.advance(100)
            await store.until(lambda: "late" in store.agent.users())
            assert len(store.agent.calls) < 150

    asyncio.run(story())


def test_no_more_at_once_than_configured(store) -> None:
    """At most scheduler.concurrency refreshes are under way, never two of one user, and all are used."""
    users = [f"user{number}" for number in range(30)]
    store.settings["scheduler"]["concurrency"] = 3
    store.agent.delay_seconds = 0.002
    store.record(*users, ago_ms=2 * HOUR_MS)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 30)
            assert store.agent.running_max == 3
            assert sorted(store.agent.users()) == sorted(users)

    asyncio.run(story())


def test_the_longest_due_goes_first(store) -> None:
    """Users who came due while no scheduler ran are refreshed in the order in which they came due."""
    in_order = ["cid", "ann", "bob"]
    for user in in_order:
        store.record(user)
        store.clock.advance(1000)

    async def story() -> None:
        async with store.running():
            await store.until(lambda: all(store.refresh_state(user).due_ms for user in in_order))
        assert store.agent.calls == []
        store.clock.advance(3 * HOUR_MS)
        async with store.running() as daemon:
            await store.attempted(daemon, 3)
            assert store.agent.users() == in_order

    asyncio.run(story())


def test_a_clock_set_back_keeps_nobody_waiting(store) -> None:
    """Whose session idles out after the clock was set back is refreshed at that time, not when it has caught up."""
    store.settings["scheduler"]["sweep_seconds"] = 3600
    store.record("ann", count=4, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            store.clock.advance(-HOUR_MS)
            await store.a_while()
            store.record("bob", count=4)
            await store.until(lambda: store.refresh_state("bob").due_ms)
            store.clock.advance(1_800_000)
            await store.attempted(daemon, 2)
            assert store.agent.users() == ["ann", "bob"]

    asyncio.run(story())
