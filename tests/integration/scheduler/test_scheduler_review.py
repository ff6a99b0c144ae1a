"""Looking through all users for a changed segment or a missing due time."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from foreword import keys
from foreword.clock import DAY_MS, HOUR_MS
from foreword.config_file import ConfigFile
from foreword.defaults import default_foreword, default_profile
from foreword.followed_config import FollowedConfig
from foreword.store import ActivityReader, ProfileWriter, decode_header
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshState
from scheduler.agent.extractive import EXTRACTIVE_VERSION
from scheduler.attempt import Refresher
from scheduler.attempt_writer import AttemptWriter
from scheduler.daemon import compute_extractive
from scheduler.health import Health
from scheduler.pauses import Pauses
from scheduler.populations import Populations
from scheduler.review import Reviewer
from scheduler.runner import Runner
from scheduler.shaping import Shaping


def header(store, user: str):
    row = store.profiles.profile_row(keys.user_key(user))
    assert row is not None
    return decode_header(row)


def test_a_lost_profile_store_is_made_anew(store) -> None:
    """When profiles.lmdb is gone, and the triggers with it, every user with events is refreshed again."""
    users = [f"user{number:03}" for number in range(450)]
    store.record(*users, count=2, ago_ms=HOUR_MS)
    with store.activity.begin() as txn:
        assert txn.drop_triggers(1 << 40, 1000) == 450

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 450)
            assert sorted(set(store.agent.users())) == users

    asyncio.run(story())


def test_a_user_who_fades_moves_to_the_next_segment(store) -> None:
    """An active user who stays away becomes semi-active, then dormant, in header, refresh state and due index."""
    store.known("ann", days=28)
    store.settings["scheduler"]["review_seconds"] = 0.05
    # The nightly refresh classifies as well; here only the review is wanted.
    store.settings["segments"] = {"active": {"refresh": "every", "every_days": 300}}
    store.settings["segments"]["semi_active"] = {"refresh": "every", "every_days": 200}

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            assert header(store, "ann").segment == Segment.SEGMENT_ACTIVE
            attempted_ms = store.refresh_state("ann").attempted_ms
            store.clock.advance(10 * DAY_MS)
            await store.until(lambda: header(store, "ann").segment == Segment.SEGMENT_SEMI_ACTIVE)
            assert store.refresh_state("ann").due_ms == attempted_ms + 200 * DAY_MS
            assert header(store, "ann").stale_after_ms == attempted_ms + 74 * HOUR_MS
            store.clock.advance(20 * DAY_MS)
            await store.until(lambda: header(store, "ann").segment == Segment.SEGMENT_DORMANT)
            assert store.refresh_state("ann").due_ms == 0
            assert header(store, "ann").refresh_on_open
            assert len(store.ledger()) == 1

    asyncio.run(story())


def test_a_user_who_comes_back_is_scheduled_again(store) -> None:
    """A dormant user who is active again without being read gets a due time by the new cadence."""
    store.known("ann", days=100, rate=20)
    store.settings["scheduler"]["review_seconds"] = 0.05

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            assert header(store, "ann").segment == Segment.SEGMENT_DORMANT
            for _ in range(6):
                store.clock.advance(DAY_MS)
                store.record("ann")
            await store.attempted(daemon, 2)
            assert header(store, "ann").segment == Segment.SEGMENT_SEMI_ACTIVE
            assert store.refresh_state("ann").due_ms > store.clock.now_ms()

    asyncio.run(story())


def test_a_shorter_interval_applies_to_those_who_wait(store) -> None:
    """When the configuration asks for more frequent refreshes, due times already set are brought forward."""
    store.known("ann", days=40, rate=3)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            attempted_ms = store.refresh_state("ann").attempted_ms
            assert store.refresh_state("ann").due_ms == attempted_ms + 3 * DAY_MS
        store.settings["segments"] = {"semi_active": {"every_days": 1.0}}
        async with store.running():
            await store.until(lambda: store.refresh_state("ann").due_ms == attempted_ms + DAY_MS)

    asyncio.run(story())


def test_a_changed_service_level_applies_to_what_is_there(store) -> None:
    """Hours that are changed hold for profiles that nobody refreshes, without a new revision or attempt."""
    store.known("ann", days=100, rate=20)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            former, attempted_ms = header(store, "ann"), store.refresh_state("ann").attempted_ms
            assert former.segment == Segment.SEGMENT_DORMANT
        store.settings["segments"] = {"dormant": {"stale_after_hours": 1, "expired_after_hours": 2}}
        async with store.running():
            await store.until(lambda: header(store, "ann").stale_after_ms == attempted_ms + HOUR_MS)
            assert header(store, "ann").expired_after_ms == attempted_ms + 2 * HOUR_MS
            assert header(store, "ann").revision == former.revision
            assert len(store.ledger()) == 1

    asyncio.run(story())


def test_who_has_enough_events_by_a_changed_setting_gets_a_profile(
    store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`cold_start.events_min` lowered in the file of a running scheduler applies to those it lets in, and only them."""
    monkeypatch.setattr("scheduler.jobs.RELOAD_SECONDS", 0.02)
    file = tmp_path / "foreword.toml"
    for user, count in (("ann", 2), ("bob", 1), ("cid", 5)):
        store.record(user, count=count, ago_ms=2 * HOUR_MS)
    options = {"compute": compute_extractive, "prompt_version": EXTRACTIVE_VERSION}

    async def story() -> None:
        async with store.running(config_file=ConfigFile.find(file), **options) as daemon:
            await store.attempted(daemon, 3)
            defaults = [user for user in ("ann", "bob", "cid") if header(store, user).is_default]
            assert defaults == ["ann", "bob"]
            file.write_text(
                f'[store]\ndirectory = "{store.directory}"\n[scheduler]\ntrigger_poll_ms = 5\n'
                "[cold_start]\nevents_min = 2\n"
            )
            await store.attempted(daemon, 4)
            assert not header(store, "ann").is_default
            await store.a_while()
            assert len(store.ledger()) == 4

    asyncio.run(story())


def test_a_clock_that_ran_ahead_leaves_nobody_behind(store) -> None:
    """Who was refreshed in a time that has not come is refreshed anew once the clock is right."""
    store.settings["scheduler"]["review_seconds"] = 0.05
    store.known("ann", days=40, rate=3)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            store.clock.advance(4 * DAY_MS)
            await store.attempted(daemon, 2)
            store.clock.advance(-4 * DAY_MS)
            await store.attempted(daemon, 3)
            state = store.refresh_state("ann")
            assert state.attempted_ms == store.clock.now_ms()
            assert state.due_ms == store.clock.now_ms() + 3 * DAY_MS
            assert header(store, "ann").stale_after_ms < store.clock.now_ms() + 5 * DAY_MS

    asyncio.run(story())


def test_changes_that_are_few_share_a_commit(store) -> None:
    """Of 300 users ten are of another segment now; they are put right in fewer commits than users are looked at in."""
    users = [f"user{number:03}" for number in range(300)]
    store.record(*users, ago_ms=40 * DAY_MS)
    writer = ProfileWriter(store.directory, map_size_bytes=1 << 26)
    with writer.begin() as txn:
        txn.put_defaults(default_profile(), default_foreword())
        for number, user in enumerate(users):
            segment = Segment.SEGMENT_DORMANT if number % 30 else Segment.SEGMENT_ACTIVE
            txn.schedule(
                keys.user_key(user), RefreshState(segment=segment, attempted_ms=store.clock.now_ms())
            )
    with closing(writer), closing(ActivityReader(store.directory)) as activity:
        before = store.profiles.last_transaction
        assert asyncio.run(_reviewer(store, writer).run(activity)) == 10
        # One, or a few where the machine is so slow that the first must not wait any longer.
        assert 1 <= store.profiles.last_transaction - before <= 3
        assert {store.refresh_state(user).segment for user in users} == {Segment.SEGMENT_DORMANT}
        assert asyncio.run(_reviewer(store, writer).run(activity)) == 0


def _reviewer(store, writer: ProfileWriter) -> Reviewer:
    health = Health(store.clock)
    live = FollowedConfig(store.config, None, health.problems, component="test", at_start={})
    populations = Populations(store.profiles, lambda: 60.0)
    shaping = Shaping(live)
    refresher = Refresher(
        store.profiles, populations, store.clock, live, shaping, compute=store.agent, prompt_version="test"
    )
    attempts = AttemptWriter(writer, populations, store.clock, live)
    pauses = Pauses(live)
    runner = Runner(
        store.profiles, refresher, attempts, clock=store.clock, live=live, health=health, pauses=pauses
    )
    return Reviewer(
        writer, store.profiles, runner, clock=store.clock, live=live, shaping=shaping, pauses=pauses
    )
