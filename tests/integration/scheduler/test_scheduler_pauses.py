"""Single users whom an operator has paused, in a scheduler that runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from foreword import keys
from foreword.clock import DAY_MS
from foreword.store.v1.store_pb2 import PausedUser, RefreshPauses
from foreword.v1.refresh_pb2 import RefreshReason
from scheduler.review import Reviewer
from scheduler.runner import Runner


def pause(store: Any, *users: str, segments: tuple[str, ...] = ()) -> None:
    """Have these be paused, and nobody else, as the sidecar writes it."""
    with store.activity.begin() as txn:
        txn.put_pauses(
            RefreshPauses(
                since_ms=dict.fromkeys(segments, 1),
                users=[PausedUser(user_key=keys.user_key(user), since_ms=1) for user in users],
            )
        )


async def is_held(store: Any, user: str) -> None:
    """Wait until a pause holds a user back."""
    await store.until(lambda: store.refresh_state(user).is_held, lambda: f"{user} to be held back")


def test_one_user_waits_while_others_go_on(store) -> None:
    """Who is paused waits outside the due index, across a restart, and is let go without a look at everybody."""
    users = [f"user{number:02}" for number in range(40)]

    async def story() -> None:
        pause(store, "user07")
        async with store.running() as daemon:
            store.record(*users, count=4, ends_session=True)
            await store.attempted(daemon, 39)
            await is_held(store, "user07")
            assert "user07" not in store.agent.users()
            assert store.profiles.due(1 << 62, 100) == []
        async with store.running() as daemon:
            await store.a_while()
            assert "user07" not in store.agent.users()

            async def looks_at_all(_reviewer: Reviewer, _activity: Any) -> int:
                raise AssertionError

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Reviewer, "run", looks_at_all)
                pause(store)
                await store.attempted(daemon, 40)
            assert sorted(store.agent.users()) == users

    asyncio.run(story())


@pytest.mark.parametrize("reason", ["on open", "session end", "cadence"])
def test_whatever_makes_a_user_due_waits(store, reason: str) -> None:
    """A read, the end of a session and a cadence alike; what an operator asks for does not."""
    if reason == "cadence":
        store.settings["segments"] = {"new": {"refresh": "every", "every_days": 1}}

    async def story() -> None:
        async with store.running() as daemon:
            store.record("ann", count=4, ends_session=True)
            await store.attempted(daemon, 1)
            pause(store, "ann")
            await store.until(lambda: daemon.pauses.any, "the pause to be met")
            store.clock.advance(2 * DAY_MS)
            if reason == "on open":
                store.request("ann", on_open=True)
            elif reason == "session end":
                store.record("ann", count=2, ends_session=True)
            await is_held(store, "ann")
            await store.a_while()
            assert store.agent.users() == ["ann"]
            store.request("ann", manual=True)
            await store.attempted(daemon, 2)
            assert store.ledger()[-1].reason == RefreshReason.REFRESH_REASON_MANUAL
            assert not store.refresh_state("ann").is_held

    asyncio.run(story())


def test_two_pauses_hold_until_both_have_ended(store) -> None:
    """A user who is paused by name stays so when the segment is resumed, and the other way round."""

    async def story() -> None:
        pause(store, "ann", segments=("new",))
        async with store.running() as daemon:
            store.record("ann", "bob", "cid", count=4, ends_session=True)
            for user in ("ann", "bob", "cid"):
                await is_held(store, user)
            pause(store, "ann", "bob")
            await store.attempted(daemon, 1)
            assert store.agent.users() == ["cid"]
            pause(store, "bob", segments=("new",))
            await store.a_while()
            assert store.refresh_state("ann").is_held
            pause(store)
            await store.attempted(daemon, 3)
            assert sorted(store.agent.users()) == ["ann", "bob", "cid"]

    asyncio.run(story())


@pytest.mark.parametrize("segments", [(), ("new",)])
def test_a_pause_that_ends_at_once_strands_nobody(store, segments: tuple[str, ...]) -> None:
    """Who was met, and not yet noted as held back when the pause ended, is let go with the others."""

    async def story() -> None:
        pause(store, *(() if segments else ("ann",)), segments=segments)
        async with store.running() as daemon:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Runner, "_flush", lambda _runner: None)
                store.record("ann", count=4, ends_session=True)
                await store.until(lambda: daemon.runner._held, "the user to be met")
                pause(store)
                await store.until(lambda: not daemon.pauses.any, "the pause to end")
                # Noted before others are looked for who are; later, nobody would look for them again.
                assert daemon.runner._held == []
            await store.attempted(daemon, 1)

    asyncio.run(story())


def test_an_erased_user_is_paused_no_more(store) -> None:
    """The erasure ends the pause, and the user who comes anew under the name is refreshed."""

    async def story() -> None:
        pause(store, "ann")
        async with store.running() as daemon:
            store.record("ann", count=4, ends_session=True)
            await is_held(store, "ann")
            erase_id = store.erase("ann")
            await store.until(lambda: store.profiles.receipt(erase_id))
            await store.until(lambda: not daemon.pauses.any, "the pause to end")
            assert store.profiles.refresh_state(keys.user_key("ann")) is None
            store.record("ann", count=4, ends_session=True)
            await store.until(lambda: store.agent.users() == ["ann"], "the new life")

    asyncio.run(story())
