"""An activity store that was replaced by an older copy of itself, beneath profiles made from more than it has."""

from __future__ import annotations

import asyncio
import shutil
from typing import Any

from foreword import keys
from foreword.store import ActivityTransaction, Deletion
from foreword.store.files import ACTIVITY
from scheduler.agent.extractive import EXTRACTIVE_VERSION
from scheduler.daemon import compute_extractive

ANN = keys.user_key("ann")


def _delete(store: Any, ids: list[str]) -> None:
    with store._acknowledging() as (txn, now_ms):
        assert ActivityTransaction.delete(txn, ANN, ids, now_ms) == [Deletion.DONE] * len(ids)


async def _refreshed(store: Any) -> None:
    """Have ann refreshed by a daemon that knows only what is stored, and cleared up after as the sidecar does."""
    before = len(store.ledger()) if (store.directory / "profiles.lmdb").exists() else 0
    store.request("ann", manual=True)
    async with store.running(compute=compute_extractive, prompt_version=EXTRACTIVE_VERSION) as daemon:
        await store.attempted(daemon, before + 1)
    with store._acknowledging() as (txn, _):
        txn.drop_deleted(ANN, store.refresh_state("ann").deletion_seq)
    store.clock.advance(1000)


def _counted(store: Any) -> tuple[int, int, int]:
    memory, population = store.profiles.profile(ANN).profile.memory, store.profiles.population("")
    return memory.event_count, memory.topics[0].event_count, population.event_count


def test_a_deletion_in_a_rewound_store_is_taken_out_of_the_memory(store: Any) -> None:
    """Its triggers are taken though they begin anew, what is deleted goes, and what the store has lost stays known."""
    kept = store.directory.parent / "older"
    store.record("ann", count=6)
    asyncio.run(_refreshed(store))
    _delete(store, ["e1"])
    asyncio.run(_refreshed(store))
    assert _counted(store) == (5, 5, 5)
    store.close_activity()
    shutil.copytree(store.directory / ACTIVITY, kept)
    store.record("ann", count=2)
    asyncio.run(_refreshed(store))
    _delete(store, ["e7"])
    asyncio.run(_refreshed(store))
    assert _counted(store) == (6, 6, 6)
    store.close_activity()
    shutil.rmtree(store.directory / ACTIVITY)
    shutil.move(kept, store.directory / ACTIVITY)

    _delete(store, ["e2", "e3"])
    asyncio.run(_refreshed(store))
    assert _counted(store) == (4, 4, 4)
    store.record("ann", count=1)
    asyncio.run(_refreshed(store))
    assert _counted(store) == (5, 5, 5)
    _delete(store, ["e4"])
    asyncio.run(_refreshed(store))
    assert _counted(store) == (4, 4, 4)
