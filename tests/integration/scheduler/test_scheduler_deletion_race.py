"""A deletion that is committed while a refresh reads."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from foreword import keys
from foreword.store import ActivityReader, Deletion
from scheduler.agent.extractive import EXTRACTIVE_VERSION
from scheduler.daemon import compute_extractive


def test_a_deletion_while_events_are_read_is_taken_out_once(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events deleted after a refresh read the user's row and before it read the events are not subtracted uncounted."""
    read, ids = ActivityReader.events, ["e5", "e6"]
    armed: list[bool] = []

    def deleting(reader: ActivityReader, *args: Any, **named: Any) -> Any:
        if armed:
            armed.clear()
            with store._acknowledging() as (txn, now_ms):
                assert txn.delete(keys.user_key("ann"), ids, now_ms) == [Deletion.DONE] * 2
        return read(reader, *args, **named)

    monkeypatch.setattr(ActivityReader, "events", deleting)

    async def story() -> None:
        store.record("ann", count=4)
        store.request("ann", manual=True)
        async with store.running(compute=compute_extractive, prompt_version=EXTRACTIVE_VERSION) as daemon:
            await store.attempted(daemon, 1)
            armed.append(True)
            store.record("ann", count=2)
            store.request("ann", manual=True)
            await store.attempted(daemon, 3)

    asyncio.run(story())
    memory = store.profiles.profile(keys.user_key("ann")).profile.memory
    population = store.profiles.population("")
    assert (memory.event_count, population.event_count, population.topics[0].event_count) == (4, 4, 4)
