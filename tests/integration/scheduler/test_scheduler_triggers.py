"""From a trigger in the activity store to a refresh."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from unittest.mock import Mock

import pytest

from foreword import keys
from foreword.clock import DAY_MS
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store import ActivityReader, ProfileTransaction, ProfileWriter
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshReason
from scheduler.triggers import TriggerFeed

IDLE_MS = 1_800_000


def test_activity_is_refreshed_once_the_session_is_idle(store) -> None:
    """A user never scheduled is due at the newest event plus the idle timeout, and not a moment before."""

    async def story() -> None:
        async with store.running() as daemon:
            store.record("ann", count=4)
            await store.until(lambda: store.refresh_state("ann").due_ms)
            due_ms = store.refresh_state("ann").due_ms
            assert due_ms == store.acknowledged_ms + IDLE_MS
            store.clock.advance(due_ms - 1 - store.clock.now_ms())
            await store.a_while()
            assert store.agent.calls == []
            store.clock.advance(1)
            await store.attempted(daemon, 1)
            assert store.text("ann") == "ann did 4 things."
            assert store.ledger()[0].reason == RefreshReason.REFRESH_REASON_SESSION_END

    asyncio.run(story())


def test_later_activity_moves_the_end_of_the_session(store) -> None:
    """Every further event moves the due time on, so that a session is refreshed once."""

    async def story() -> None:
        async with store.running() as daemon:
            store.record("ann")
            await store.until(lambda: store.refresh_state("ann").due_ms)
            first_due_ms = store.refresh_state("ann").due_ms
            store.clock.advance(60_000)
            store.record("ann")
            await store.until(lambda: store.refresh_state("ann").due_ms == first_due_ms + 60_001)
            store.clock.advance(IDLE_MS)
            await store.attempted(daemon, 1)
            await store.a_while()
            assert store.agent.users() == ["ann"]

    asyncio.run(story())


def test_session_end_is_refreshed_at_once(store) -> None:
    """A `session.end` event starts a refresh without any wait, and the ledger says when it was acknowledged."""

    async def story() -> None:
        async with store.running() as daemon:
            store.record("ann", count=4, ends_session=True)
            await store.attempted(daemon, 1)
            entry = store.ledger()[0]
            assert entry.reason == RefreshReason.REFRESH_REASON_SESSION_END
            assert entry.triggered_ms == store.acknowledged_ms
            assert entry.outcome == RefreshOutcome.REFRESH_OUTCOME_WRITTEN

    asyncio.run(story())


@pytest.mark.parametrize(
    ("request_of", "reason"),
    [("on_open", RefreshReason.REFRESH_REASON_ON_OPEN), ("manual", RefreshReason.REFRESH_REASON_MANUAL)],
)
def test_requests_are_refreshed_at_once(store, request_of: str, reason: RefreshReason) -> None:
    """A read and an operator's request start a refresh at once, with their reason and time in the ledger."""
    store.record("ann", count=4, ago_ms=300 * 86_400_000)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            store.clock.advance(5000)
            store.record("ann")
            store.request("ann", **{request_of: True})
            await store.attempted(daemon, 2)
            entry = store.ledger()[1]
            assert (entry.reason, entry.triggered_ms) == (reason, store.acknowledged_ms)
            assert store.text("ann") == "ann did 5 things."

    asyncio.run(story())


def test_an_answered_trigger_does_not_come_again(store) -> None:
    """A trigger takes over its forerunner's times; those answered by an attempt count no more."""

    async def story() -> None:
        async with store.running() as daemon:
            store.record("ann", count=4)
            store.request("ann", on_open=True)
            await store.attempted(daemon, 1)
            store.clock.advance(1000)
            store.record("ann")
            await store.until(lambda: store.refresh_state("ann").due_ms == store.acknowledged_ms + IDLE_MS)
            await store.a_while()
            assert len(store.ledger()) == 1

    asyncio.run(story())


def test_a_read_behind_an_answered_one_is_refreshed(store) -> None:
    """A later read counts, though the trigger still stands at the time of the one that was answered."""

    async def story() -> None:
        async with store.running() as daemon:
            store.record("ann", count=4)
            store.request("ann", on_open=True)
            await store.attempted(daemon, 1)
            store.clock.advance(61_000)
            store.record("ann")
            store.request("ann", on_open=True)
            await store.attempted(daemon, 2)
            assert store.text("ann") == "ann did 5 things."

    asyncio.run(story())


def test_a_session_that_ends_soon_after_another_is_refreshed_too(store) -> None:
    """The end of a second session is not taken for the first one's, whose time still stands in the trigger."""

    async def story() -> None:
        async with store.running() as daemon:
            store.record("ann", count=4, ends_session=True)
            await store.attempted(daemon, 1)
            store.clock.advance(10_000)
            store.record("ann", ends_session=True)
            await store.attempted(daemon, 2)
            assert store.text("ann") == "ann did 5 things."

    asyncio.run(story())


def test_an_operator_can_ask_twice_in_a_row(store) -> None:
    """A second manual request soon after the first gets an attempt of its own, which its caller waits for."""

    async def story() -> None:
        async with store.running() as daemon:
            store.record("ann", count=4)
            store.request("ann", manual=True)
            await store.attempted(daemon, 1)
            store.clock.advance(10_000)
            store.request("ann", manual=True)
            await store.attempted(daemon, 2)
            assert store.refresh_state("ann").attempted_ms > store.acknowledged_ms

    asyncio.run(story())


def test_triggers_move_users_exactly_once_across_a_crash(store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash between moving users and moving the cursor undoes both, and the next start does both once."""
    store.record("ann", "bob", count=4, ends_session=True)

    class CrashError(Exception):
        pass

    crashes: list[CrashError] = []

    def crash(*_: object) -> None:
        crashes.append(CrashError())
        raise crashes[-1]

    async def story() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(ProfileTransaction, "put_trigger_cursor", crash)
            with pytest.raises(CrashError):
                async with store.running():
                    await store.until(lambda: crashes)
        reader = ActivityReader(store.directory)
        assert store.refresh_state("ann").triggered_ms == 0
        assert store.profiles.trigger_cursor(reader.environment.id) == 0
        async with store.running() as daemon:
            await store.attempted(daemon, 2)
            await store.a_while()
        assert sorted(entry.user_key for entry in store.ledger()) == [
            keys.user_key("ann"),
            keys.user_key("bob"),
        ]
        assert store.profiles.trigger_cursor(reader.environment.id) == 2
        reader.close()

    asyncio.run(story())


def test_a_trigger_during_a_refresh_is_not_lost(store) -> None:
    """Events that come in while a user's refresh is under way get a refresh of their own."""

    async def story() -> None:
        store.agent.held["ann"] = asyncio.Event()
        async with store.running() as daemon:
            store.record("ann", count=4, ends_session=True)
            await store.until(lambda: store.agent.calls)
            store.clock.advance(1000)
            store.record("ann", ends_session=True)
            await store.until(lambda: daemon.runner.in_flight(keys.user_key("ann")).asked.at_ms)
            store.agent.held["ann"].set()
            await store.attempted(daemon, 2)
            assert store.text("ann") == "ann did 5 things."
            assert store.ledger()[1].reason == RefreshReason.REFRESH_REASON_SESSION_END
            folded = [event.event_id for call in store.agent.calls for event in call.new_events]
            assert folded == ["e1", "e2", "e3", "e4", "e5"]

    asyncio.run(story())


def test_thousands_of_triggers_are_all_taken(store) -> None:
    """More triggers than one transaction takes are moved in several, in order, without a gap."""
    users = [f"user{number:04}" for number in range(1200)]
    store.record(*users, count=1, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, len(users))
            assert sorted(store.agent.users()) == users

    asyncio.run(story())


def test_a_commit_seen_before_its_rows_is_not_missed(store, monkeypatch: pytest.MonkeyPatch) -> None:
    """LMDB shows a commit's number while it is still synced; triggers in it are taken once readers see them."""
    real = ActivityReader.last_transaction.fget
    assert real is not None
    is_syncing = True
    store.record("ann")
    monkeypatch.setattr(ActivityReader, "last_transaction", property(lambda self: real(self) + is_syncing))

    async def story() -> None:
        nonlocal is_syncing
        async with store.running() as daemon:
            await store.until(lambda: store.refresh_state("ann").due_ms)
            await store.a_while()
            # One commit, with the number that was shown all the while.
            store.record("ann", ends_session=True)
            is_syncing = False
            await store.attempted(daemon, 1)

    asyncio.run(story())


def test_an_import_is_refreshed_once(store) -> None:
    """History that comes in parts, each soon after the other, makes one refresh of each user, of all of it."""
    store.settings["session"] = {"settle_seconds": 2}

    async def story() -> None:
        async with store.running() as daemon:
            for part in range(5):
                store.record("ann", "bob", count=3, ago_ms=(90 - part) * DAY_MS)
                recorded_ms = store.clock.now_ms()
                await store.until(lambda at_ms=recorded_ms: store.refresh_state("bob").due_ms >= at_ms + 1000)
                store.clock.advance(1900)
            assert store.agent.calls == []
            store.clock.advance(200)
            await store.attempted(daemon, 2)
            assert (store.text("ann"), store.text("bob")) == ("ann did 15 things.", "bob did 15 things.")
            assert len(store.ledger()) == 2

    asyncio.run(story())


def test_a_dormant_user_s_later_history_is_refreshed(store) -> None:
    """History that comes when the profile is already made of a part refreshes a dormant user without a read."""
    store.settings["session"] = {"settle_seconds": 2}

    async def story() -> None:
        async with store.running() as daemon:
            for attempt in (1, 2):
                store.record("ann", count=4, ago_ms=300 * DAY_MS)
                await store.until(lambda: store.refresh_state("ann").settling_since_ms)
                store.clock.advance(2001)
                await store.attempted(daemon, attempt)
            assert store.text("ann") == "ann did 8 things."
            assert store.refresh_state("ann").segment == Segment.SEGMENT_DORMANT
            assert store.refresh_state("ann").settling_since_ms == 0

    asyncio.run(story())


def test_history_during_a_refresh_settles_after_it(store) -> None:
    """Late activity that comes while the user is computed makes a refresh of its own, once it has settled."""
    store.settings["session"] = {"settle_seconds": 2}
    store.agent.held["ann"] = asyncio.Event()

    async def story() -> None:
        async with store.running() as daemon:
            store.record("ann", count=4, ends_session=True)
            await store.until(lambda: store.agent.calls)
            store.record("ann", ago_ms=300 * DAY_MS)
            await store.until(lambda: daemon.runner.in_flight(keys.user_key("ann")).asked.at_ms)
            store.agent.held["ann"].set()
            await store.attempted(daemon, 1)
            assert store.refresh_state("ann").due_ms > store.clock.now_ms()
            store.clock.advance(2001)
            await store.attempted(daemon, 2)
            assert store.text("ann") == "ann did 5 things."

    asyncio.run(story())


@pytest.mark.timeout(60)
def test_a_store_that_takes_the_place_between_two_batches_is_read_from_its_beginning(
    store, tmp_path: Path
) -> None:
    """A place in the former log is none in the new one, even for a feed in the middle of the former."""

    async def story() -> None:
        store.record(*(f"old{number}" for number in range(600)))
        writer = ProfileWriter(store.directory, map_size_bytes=1 << 26)
        problems = Problems(store.clock, logging.getLogger("scheduler"))
        live = FollowedConfig(store.config, None, problems, component="scheduler", at_start={})
        activity = ActivityReader(store.directory)
        idle = Mock(in_flight=Mock(return_value=None))
        feed = TriggerFeed(
            writer, store.profiles, idle, Mock(), Mock(), reviewer=Mock(), clock=store.clock, live=live
        )
        following = asyncio.create_task(feed.follow(activity))
        await asyncio.sleep(0)
        assert 0 < store.profiles.trigger_cursor(activity.environment.id) < 600
        store.close_activity()
        (store.directory / "activity.lmdb").rename(tmp_path / "former")
        store.record(*(f"new{number}" for number in range(510)))
        activity.upkeep()
        await following
        await feed.follow(activity)
        assert all(store.refresh_state(f"new{number}").due_ms for number in range(510))
        activity.close()
        writer.close()

    asyncio.run(story())
