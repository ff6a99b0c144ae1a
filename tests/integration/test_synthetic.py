"""Simulated users beside real ones, with both daemons."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path

import pytest
from both_daemons import WAIT_SECONDS, both_daemons
from waiting import until_async

from foreword import keys, synthetic
from foreword.clock import DAY_MS
from foreword.errors import ServiceError
from foreword.store import ActivityReader, ProfileReader
from foreword.v1.event_pb2 import Event
from foreword.v1.freshness_pb2 import FRESHNESS_DEFAULT

OLD, YOUNG, PEOPLE = 20, 6, 6


def simulated(name: str, count: int, days_ago: int) -> list[Event]:
    found = []
    for number in range(count):
        made = Event(
            event_id=f"{days_ago}-{number}",
            user_id=name,
            namespace=synthetic.NAMESPACE,
            type="read",
            topics=["robots"],
            attributes={synthetic.SOURCE: synthetic.SIMULATED},
        )
        made.time.FromMilliseconds(time.time_ns() // 1_000_000 - days_ago * DAY_MS)
        found.append(made)
    return found


def test_they_live_apart_from_people(tmp_path: Path) -> None:
    """They get no profile, count in no figure, population, trend or backfill; old events of theirs go as others'."""

    async def story() -> None:
        sections = {
            "scheduler": {"review_seconds": 0.05},
            "sidecar": {"maintenance_seconds": 0.02},
            "store": {"archive": "off"},
        }
        async with both_daemons(tmp_path, sections=sections) as client:
            for number in range(PEOPLE):
                await client.record(
                    simulated(f"sim-{number}", YOUNG, 1) + simulated(f"sim-{number}", OLD, 200)
                )
            await client.record(
                {"event_id": f"e{n}", "user_id": "ann", "type": "read", "topics": ["pottery"]}
                for n in range(9)
            )
            await client.refresh("ann", wait_seconds=WAIT_SECONDS)
            with pytest.raises(ServiceError) as refused:
                await client.refresh("sim-1", namespace=synthetic.NAMESPACE)
            assert refused.value.reason == "FIELD_INVALID"
            with closing(ActivityReader(tmp_path)) as activity, closing(ProfileReader(tmp_path)) as profiles:
                await until_async(
                    lambda: activity.events_count() == PEOPLE * YOUNG + 9, "events past retention to go"
                )
                assert [keys.split_user_key(each.user)[0] for each in profiles.users()] == ["ann"]
                assert profiles.population(synthetic.NAMESPACE).user_count == 0
                assert profiles.default_namespaces() == set()
            served = await client.profile("sim-1", namespace=synthetic.NAMESPACE)
            assert (served.freshness, served.profile.is_default) == (FRESHNESS_DEFAULT, True)
            status = await client.status()
            assert status.user_count == 1
            erased = await client.erase("sim-1", namespace=synthetic.NAMESPACE, wait_seconds=WAIT_SECONDS)
            assert erased.complete

    asyncio.run(story())
