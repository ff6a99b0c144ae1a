"""The scheduler's part in erasing a user."""

from __future__ import annotations

import asyncio

import pytest

from foreword import keys
from foreword.store import ProfileTransaction


def rows_of(store, user: str) -> int:
    """Count the rows of a user in profiles.lmdb."""
    key, reader = keys.user_key(user), store.profiles
    single = (reader.profile_row(key), reader.foreword_row(key), reader.refresh_state(key))
    due = [row for row in reader.due(1 << 62, 1000) if row[1] == key]
    return (
        sum(row is not None for row in single)
        + len(due)
        + len(reader.revisions(key))
        + len(list(reader.ledger_of(key)))
    )


def test_nothing_is_left_of_an_erased_user(store) -> None:
    """Profile, foreword, revisions, due time, refresh state and ledger rows go, and the receipt counts them."""
    store.known("ann", "bob", days=28)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 2)
            erase_id = store.erase("ann")
            await store.until(lambda: store.profiles.receipt(erase_id))
            assert rows_of(store, "ann") == 0
            receipt = store.profiles.receipt(erase_id)
            counts = {count.store: count.rows for count in receipt.counts}
            assert counts["profiles.profiles"] == counts["profiles.forewords"] == counts["profiles.due"] == 1
            assert counts["profiles.ledger"] == counts["profiles.population"] == 1
            assert b"ann" not in receipt.SerializeToString()
            assert rows_of(store, "bob") > 0

    asyncio.run(story())


def test_an_erased_user_leaves_the_population(store) -> None:
    """What the user added to the population is taken out again, in memory and on disk."""
    store.known("ann", "bob", days=28)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 2)
            assert store.profiles.population("").total_weight == 56
            erase_id = store.erase("ann")
            await store.until(lambda: store.profiles.receipt(erase_id))
            population = store.profiles.population("")
            assert population.user_count == 1
            assert population.total_weight == pytest.approx(28, abs=0.01)
            store.record("cay", count=4, ends_session=True)
            await store.attempted(daemon, 2)
            assert store.profiles.population("").user_count == 2

    asyncio.run(story())


def test_a_refresh_under_way_does_not_bring_the_user_back(store) -> None:
    """An erasure ends the refresh that races it, so that nothing of before is written after."""

    async def story() -> None:
        store.agent.held["ann"] = asyncio.Event()
        async with store.running():
            store.record("ann", count=4, ends_session=True)
            await store.until(lambda: store.agent.calls)
            erase_id = store.erase("ann")
            await store.until(lambda: store.profiles.receipt(erase_id))
            store.agent.held["ann"].set()
            await store.a_while()
            assert rows_of(store, "ann") == 0
            assert store.agent.running == 0

    asyncio.run(story())


def test_what_comes_after_is_the_user_s_new_life(store) -> None:
    """Events sent after an erasure was asked for are kept, and their profile knows nothing of before."""
    store.record("ann", count=4, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            erase_id = store.erase("ann")
            store.record("ann", count=2, ends_session=True)
            await store.until(lambda: store.profiles.receipt(erase_id) and store.text("ann"))
            await store.attempted(daemon, 1)
            assert store.text("ann") == "ann did 2 things."
            assert store.agent.calls[-1].previous is None

    asyncio.run(story())


def test_a_repeated_erasure_spares_the_new_life(store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that starts over (a restored activity store) does not erase again what has a receipt."""

    async def story() -> None:
        async with store.running() as daemon:
            erase_id = store.erase("ann")
            store.record("ann", count=2, ends_session=True)
            await store.until(lambda: store.profiles.receipt(erase_id) and store.text("ann"))
            await store.attempted(daemon, 1)
        environment = store.profiles.environment
        with environment.begin(write=True) as txn:
            txn.delete(b"trigger_cursor", db=environment.handles[b"meta"])
        async with store.running():
            await store.until(lambda: store.profiles.trigger_cursor(store.activity.environment.id) == 2)
            assert store.text("ann") == "ann did 2 things."

    asyncio.run(story())


def test_an_erasure_that_fails_is_tried_again(store, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the receipt cannot be written nothing is removed, and the erasure comes again."""
    from foreword.errors import StoreFullError

    whole = ProfileTransaction.put_receipt
    refused = []

    def full(*_: object) -> None:
        refused.append(1)
        raise StoreFullError("no room")

    store.record("ann", count=4, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            monkeypatch.setattr(ProfileTransaction, "put_receipt", full)
            erase_id = store.erase("ann")
            await store.until(lambda: refused)
            assert store.text("ann") == "ann did 4 things."
            monkeypatch.setattr(ProfileTransaction, "put_receipt", whole)
            await store.until(lambda: store.profiles.receipt(erase_id))
            assert rows_of(store, "ann") == 0
            assert store.profiles.population("").total_weight == pytest.approx(0, abs=0.001)

    asyncio.run(story())


@pytest.mark.timeout(60)
def test_a_refresh_that_ended_this_very_turn_is_abandoned(store) -> None:
    """One whose end the runner has yet to hear of is waited for, without holding up the event loop."""
    user = keys.user_key("ann")
    store.record("ann", count=4, ends_session=True)

    async def story() -> None:
        store.agent.held["ann"] = asyncio.Event()
        async with store.running() as daemon:
            await store.until(lambda: store.agent.running)
            attempt = daemon.runner.in_flight(user)
            store.agent.held["ann"].set()
            for _ in range(100):
                if attempt.task.done():
                    break
                await asyncio.sleep(0)
            assert attempt.task.done()
            assert daemon.runner.in_flight(user) is attempt
            await daemon.runner.abandon(user)
            assert daemon.runner.in_flight(user) is None

    asyncio.run(story())
