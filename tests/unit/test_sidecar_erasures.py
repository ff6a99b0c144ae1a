"""Erasures as the sidecar begins and finishes them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from foreword import keys
from foreword.clock import DAY_MS, ManualClock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store import ActivityTransaction
from foreword.v1.event_pb2 import Event
from sidecar import server
from sidecar.activity import Activity
from sidecar.archiving import Archiving
from sidecar.erasures import Erasures
from sidecar.open_triggers import OpenTriggers
from sidecar.profiles import Profiles

ANN = keys.user_key("ann")
DAY = 19_000


def test_whoever_asks_is_told_what_the_archive_lost_though_another_finishes_erasures(tmp_path: Path) -> None:
    """While maintenance runs without pause, the answer still counts the events that left the archive."""
    clock = ManualClock((DAY + 400) * DAY_MS)
    config = Config.model_validate({"store": {"directory": str(tmp_path), "archive": "on"}})
    problems = Problems(clock, server.logger)
    live = FollowedConfig(config, None, problems, component="sidecar.config", at_start={})

    async def run() -> dict[str, int]:
        profiles = Profiles(tmp_path, readers_max=64, problems=problems)
        activity = Activity(config, live, problems, profiles)
        archiving = Archiving(activity, live, problems)
        archive = archiving.archive()
        assert archive is not None
        archive.append(DAY, [event("a"), event("b")])
        await activity.write(noted)
        triggers = OpenTriggers(activity, live, clock)
        erasures = Erasures(activity, profiles, triggers, archiving=archiving, problems=problems, clock=clock)
        asked = asyncio.create_task(erasures.erase(ANN, 0.2))
        while not asked.done():
            await erasures.finish_all()
            await asyncio.sleep(0)
        await activity.close()
        return {count.store: count.rows for count in asked.result().counts}

    assert asyncio.run(run())["archive"] == 2


def event(event_id: str) -> Event:
    made = Event(event_id=event_id, user_id="ann", type="view")
    made.time.FromMilliseconds(DAY * DAY_MS)
    return made


def noted(transaction: ActivityTransaction) -> None:
    """Note that there is an archive."""
    transaction.retention.archived([])
