"""The scheduler's part in a rollback."""

from __future__ import annotations

import asyncio
from contextlib import closing

from foreword import keys
from foreword.store import ProfileWriter
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshReason

ANN = keys.user_key("ann")
ROLLBACK = RefreshReason.REFRESH_REASON_ROLLBACK


def ask(store, revision: int) -> None:
    """Ask for a rollback of ann, as the sidecar does."""
    with store._acknowledging() as (txn, now_ms):
        txn.request(ANN, rollback_ms=now_ms, rollback_revision=revision)


def rollbacks(store) -> list[tuple[int, int]]:
    """Return outcome and revision of every rollback in the ledger, oldest first."""
    return [(entry.outcome, entry.revision) for entry in store.ledger() if entry.reason == ROLLBACK]


def test_a_trigger_met_again_after_a_crash_changes_nothing(store) -> None:
    """A scheduler that died between writing the rollback and passing its trigger does not write it a second time."""
    store.known("ann", days=28)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            first = store.refresh_state("ann").revision
            store.record("ann", count=4, ends_session=True)
            await store.until(lambda: store.refresh_state("ann").revision > first)
            ask(store, first)
            await store.until(lambda: rollbacks(store))
        revision = store.refresh_state("ann").revision
        # As if the row of the log had not been passed.
        size_bytes = store.config.store.profiles_map_size_bytes
        with (
            closing(ProfileWriter(store.directory, map_size_bytes=size_bytes)) as writer,
            writer.begin() as txn,
        ):
            txn.put_trigger_cursor(store.activity.environment_id, 0)
        async with store.running():
            await store.a_while()
        assert rollbacks(store) == [(RefreshOutcome.REFRESH_OUTCOME_WRITTEN, revision)]
        assert store.refresh_state("ann").revision == revision

    asyncio.run(story())


def test_a_rollback_that_cannot_be_is_passed_and_told(store) -> None:
    """A revision that went meanwhile fails the rollback alone: the ledger says why, and later triggers are taken."""
    store.known("ann", days=28)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            revision = store.refresh_state("ann").revision
            ask(store, 999)
            await store.until(lambda: rollbacks(store))
            assert rollbacks(store) == [(RefreshOutcome.REFRESH_OUTCOME_FAILED, 0)]
            assert store.refresh_state("ann").revision == revision
            store.record("ann", count=4, ends_session=True)
            await store.until(lambda: store.refresh_state("ann").revision > revision)

    asyncio.run(story())
