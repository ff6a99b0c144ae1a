"""Events past retention, with both daemons: what was learned of them stays, and is explained, given out and erased."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from both_daemons import WAIT_SECONDS, both_daemons
from waiting import until_async

from foreword.clock import DAY_MS
from foreword.store import ActivityReader
from foreword.store.archive import archive_stats
from foreword.v1.event_pb2 import Event
from foreword.v1.refresh_pb2 import RefreshOutcome

OLD, YOUNG = 30, 10


def events() -> list[Event]:
    """Return what a user did half a year ago, and last week."""
    now_ms, found = time.time_ns() // 1_000_000, []
    for number in range(OLD + YOUNG):
        days_ago = 200 - number if number < OLD else 5
        made = Event(event_id=f"e{number}", user_id="ann", type="read", topics=["pottery"])
        made.time.FromMilliseconds(now_ms - days_ago * DAY_MS)
        found.append(made)
    return found


def test_what_was_learned_outlives_its_events(tmp_path: Path) -> None:
    """Archived, events still count: a full refresh keeps them, an explanation counts them, an export gives them out."""

    async def story() -> None:
        sections = {"store": {"archive": "on"}, "sidecar": {"maintenance_seconds": 0.02}}
        async with both_daemons(tmp_path, sections=sections) as client:
            await client.record(events())

            with closing(ActivityReader(tmp_path)) as activity:
                await until_async(lambda: activity.archived_count() == OLD, "the old events to be archived")
            refreshed = await client.refresh("ann", wait_seconds=WAIT_SECONDS, full=True)
            assert refreshed.outcome != RefreshOutcome.REFRESH_OUTCOME_FAILED
            profile = (await client.profile("ann")).profile
            assert profile.memory.event_count == OLD + YOUNG
            (topic,) = profile.content_preferences.high_affinity_topics
            assert (topic.topic, topic.evidence_count) == ("pottery", OLD + YOUNG)
            explained = await client.explain("ann", "pottery")
            assert explained.beliefs[0].evidence_count == OLD + YOUNG
            assert await stores(client) == {"activity.events": YOUNG, "archive": OLD}
            erased = await client.erase("ann", wait_seconds=WAIT_SECONDS)
            assert erased.complete
            rows = {count.store: count.rows for count in erased.counts}
            assert (rows["archive"], rows["activity.events"]) == (OLD, YOUNG)
            assert rows["activity.bands"] >= 1
            assert await stores(client) == {}
            assert archive_stats(tmp_path / "archive").files == 0

    asyncio.run(story())


async def stores(client: Any) -> dict[str, int]:
    """Return how many events of the user an export gives out, by where they are."""
    found: dict[str, int] = {}
    async for record in client.export("ann"):
        if record.HasField("event"):
            found[record.store] = found.get(record.store, 0) + 1
    return found
