"""Flights: one writes a core, the others wait, and nobody waits for one who is gone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from waiting import let_pass_async, until_async

from foreword.clock import ManualClock
from foreword.store.v1.answers_pb2 import Lease
from foreword.v1.answer_pb2 import PrivateReason
from foreword.v1.core_pb2 import Core, CoreOrigin
from tiering import flight
from tiering.cores import Asked, Cores
from tiering.digest import Digests
from tiering.errors import CacheError, NoAnswerError, UnusableAnswerError
from tiering.failures import Failures
from tiering.flight import Flights, Flown
from tiering.lease import Leases
from tiering.shelf import Shelf

SECRET = bytes(range(32))
ASKED = Asked("", "en", "Can I return it?", "can i return it")
LEASE_SECONDS = 0.15


class Process:
    """A process, as far as the cache is concerned: it has files, leases and flights of its own."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.shelf = Shelf(folder / "made", SECRET, eviction="least-recently-stored", size_bytes_max=1 << 30)
        kept = Shelf(folder / "kept", SECRET, eviction="none", size_bytes_max=1 << 30)
        self.cores = Cores(kept, self.shelf, Digests(SECRET), model="m", prompt="p", corpus="")
        self.core_id = self.cores.id_of(ASKED)
        self.leases = Leases(self.shelf, clock, LEASE_SECONDS)
        self.failures = Failures(self.shelf, clock, 10.0)
        self.flights = Flights(self.leases, self.failures, lease_seconds=LEASE_SECONDS, poll_seconds=0.002)
        # Writing goes on until it is let; what was begun, ended and stored is counted.
        self.may_end = asyncio.Event()
        self.begun = 0
        self.cancelled = 0
        self.stored: list[bool] = []
        self.error: Exception | None = None

    def read(self) -> Core | None:
        """Look for the core."""
        found = self.cores.find(ASKED)
        return found.core if found is not None else None

    async def make(self, lease: Lease) -> Core:
        """Write and store it once it may."""
        self.begun += 1
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        core = Core(lead_short="Yes.", origin=CoreOrigin.CORE_ORIGIN_GENERATED)
        self.stored.append(await asyncio.to_thread(self.cores.put, ASKED, core, lease=lease))
        return core

    async def ask(self) -> Flown:
        """Ask for it."""
        return await self.flights.core(self.core_id, self.read, self.make)

    def is_free(self) -> bool:
        """Return whether nobody writes it."""
        return not self.leases.is_held(self.core_id)


Story = Callable[[Process, Process, ManualClock], Coroutine[Any, Any, None]]


@pytest.fixture
def tell(tmp_path: Path) -> Callable[[Story], None]:
    """Return what runs a story of two processes; at its end nothing is under way, and no lease is held."""

    async def told(story: Story) -> None:
        clock = ManualClock()
        one, other = Process(tmp_path, clock), Process(tmp_path, clock)
        await story(one, other, clock)
        await one.flights.close()
        await other.flights.close()
        assert one.is_free()
        assert not one.flights._joint._under_way
        assert not other.flights._joint._under_way

    return lambda story: asyncio.run(told(story))


async def ended(*tasks: Awaitable[Any]) -> list[Any]:
    return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)


def test_one_writes_however_many_ask(tell: Callable[[Story], None]) -> None:
    """A hundred askers in two processes cost one core; one of them is told that it wrote it."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        one.may_end.set(), other.may_end.set()
        flown = await ended(*(process.ask() for process in (one, other) for _ in range(50)))
        assert one.begun + other.begun == 1
        assert [each.joined for each in flown].count(False) == 1
        assert {each.core.lead_short for each in flown} == {"Yes."}

    tell(story)


def test_what_was_stored_meanwhile_is_not_written_again(tell: Callable[[Story], None]) -> None:
    """Who gets the lease looks once more: another process may have written the core since."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        other.may_end.set()
        await other.ask()
        looks = iter([None])
        flown = await one.flights.core(one.core_id, lambda: next(looks, one.read()), one.make)
        assert (one.begun, flown.joined) == (0, True)

    tell(story)


def test_one_waiter_goes_and_the_others_get_their_answer(tell: Callable[[Story], None]) -> None:
    """Cancelling the one who began it cancels nothing for those who joined."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        first, second = asyncio.create_task(one.ask()), asyncio.create_task(one.ask())
        await until_async(lambda: one.begun)
        first.cancel()
        await asyncio.wait({first})
        one.may_end.set()
        assert (await second).joined
        assert (first.cancelled(), one.begun, one.cancelled) == (True, 1, 0)

    tell(story)


def test_when_the_last_waiter_goes_the_spending_ends(tell: Callable[[Story], None]) -> None:
    """The writing is cancelled, the lease is given back, and the next asker begins anew at once."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        waiters = [asyncio.create_task(one.ask()) for _ in range(3)]
        await until_async(lambda: one.begun)
        for waiter in waiters:
            waiter.cancel()
        other.may_end.set()
        flown = await other.ask()
        assert (one.cancelled, other.begun, flown.joined) == (1, 1, False)

    tell(story)


def test_who_asks_while_a_flight_ends_does_not_join_it(tell: Callable[[Story], None]) -> None:
    """A flight that everybody left is nobody's to join, though it still gives its lease back."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        waiter = asyncio.create_task(one.ask())
        await until_async(lambda: one.begun)
        waiter.cancel()
        await asyncio.wait({waiter})
        one.may_end.set()
        flown = await one.ask()
        assert (flown.joined, one.begun, one.cancelled, one.stored) == (False, 2, 1, [True])

    tell(story)


def test_a_lease_is_given_back_that_was_taken_for_nobody(tell: Callable[[Story], None]) -> None:
    """Cancelled while a thread takes the lease, a flight keeps nobody waiting until it lapses."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        has_taken, may_return = threading.Event(), threading.Event()
        take = one.leases.take

        def slowly(core_id: Any) -> Lease | None:
            lease = take(core_id)
            has_taken.set()
            may_return.wait(20)
            return lease

        with patch.object(one.leases, "take", slowly):
            waiter = asyncio.create_task(one.ask())
            await until_async(has_taken.is_set)
            waiter.cancel()
            await asyncio.wait({waiter})
            assert not one.is_free()
            may_return.set()
            await until_async(one.is_free)
        assert one.begun == 0

    tell(story)


def test_a_dead_leader_is_replaced_and_can_store_nothing(tell: Callable[[Story], None]) -> None:
    """When its lease lapses one follower writes; what the first one brings late is refused."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        dead = one.leases.take(one.core_id)
        assert dead is not None
        other.may_end.set()
        asking = asyncio.create_task(other.ask())
        await until_async(lambda: other.flights._joint._tasks)
        assert other.begun == 0
        clock.advance(int(LEASE_SECONDS * 1000))
        await asking
        core = Core(lead_short="Late.", origin=CoreOrigin.CORE_ORIGIN_GENERATED)
        assert not one.cores.put(ASKED, core, lease=dead)
        found = one.read()
        assert found is not None
        assert (other.stored, found.lead_short) == ([True], "Yes.")

    tell(story)


def test_a_leader_that_lost_its_lease_follows(tell: Callable[[Story], None]) -> None:
    """Renewing says that somebody else writes: its own writing is cancelled, and it gets the other's core."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        asking = asyncio.create_task(one.ask())
        await until_async(lambda: one.begun)
        with patch.object(one.leases, "renew", lambda *_: True):
            clock.advance(int(LEASE_SECONDS * 1000))
            replacing = asyncio.create_task(other.ask())
            await until_async(lambda: other.begun)
        await until_async(lambda: one.cancelled)
        other.may_end.set()
        assert (await asking).joined
        assert not (await replacing).joined
        assert one.begun == other.begun == 1

    tell(story)


def test_a_leader_that_lives_is_not_replaced(tell: Callable[[Story], None]) -> None:
    """The lease is renewed for as long as the writing takes."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        asking = asyncio.create_task(one.ask())
        await until_async(lambda: one.begun)
        following = asyncio.create_task(other.ask())
        renewed: list[bool] = []
        renew = one.leases.renew
        with patch.object(one.leases, "renew", lambda *each: renewed.append(renew(*each)) or renewed[-1]):
            for number in range(1, 5):
                clock.advance(int(LEASE_SECONDS * 600))
                await until_async(lambda number=number: len(renewed) >= number)
        one.may_end.set()
        assert (await following).joined
        assert not (await asking).joined
        assert other.begun == 0

    tell(story)


def test_a_failure_is_told_to_all_and_not_tried_again_at_once(tell: Callable[[Story], None]) -> None:
    """Those in the process get what was raised; those in others learn what was tried; later it is tried again."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        one.error = UnusableAnswerError("the model's answer was cut off")
        asking = [asyncio.create_task(one.ask()) for _ in range(2)]
        await until_async(lambda: one.begun)
        following = asyncio.create_task(other.ask())
        await until_async(lambda: other.flights._joint._tasks)
        one.may_end.set(), other.may_end.set()
        assert await ended(*asking) == [one.error] * 2
        (told,) = await ended(following)
        assert isinstance(told, NoAnswerError)
        assert told.tried == ("writing the core: the model's answer was cut off",)
        (again,) = await ended(one.ask())
        assert isinstance(again, NoAnswerError)
        assert (one.begun, other.begun) == (1, 0)
        clock.advance(10_001)
        await other.ask()
        assert other.begun == 1

    tell(story)


def test_all_processes_learn_that_an_answer_cannot_be_shared(tell: Callable[[Story], None]) -> None:
    """The reason for which an answer is private comes along, so that nobody asks a model for a core again."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        reason = PrivateReason.PRIVATE_REASON_ANSWER
        one.error = NoAnswerError("it carries personal data", tried=(), private_reason=reason)
        one.may_end.set()
        assert await ended(one.ask()) == [one.error]
        (told,) = await ended(other.ask())
        assert told.private_reason == reason

    tell(story)


@pytest.mark.parametrize("broken", ["take", "renew", "give_back", "is_held"])
def test_a_cache_that_fails_stops_no_answer(tell: Callable[[Story], None], broken: str) -> None:
    """Without a lease to be had the core is written all the same, once in the process."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        def fail(*_: Any) -> None:
            raise CacheError("the disk is full")

        with patch.object(one.leases, broken, fail):
            asking = [asyncio.create_task(one.ask()) for _ in range(3)]
            await until_async(lambda: one.begun)
            await let_pass_async(LEASE_SECONDS)
            one.may_end.set()
            flown = await ended(*asking)
        assert [each.core.lead_short for each in flown] == ["Yes."] * 3
        assert (one.begun, one.stored) == (1, [broken != "take"])
        clock.advance(int(LEASE_SECONDS * 1000))

    tell(story)


def test_a_cache_that_cannot_be_read_stops_no_answer(tell: Callable[[Story], None]) -> None:
    """Looking in vain is no reason to give nothing."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        def fail() -> None:
            raise CacheError("the disk is gone")

        one.may_end.set()
        flown = await one.flights.core(one.core_id, fail, one.make)
        assert flown.core.lead_short == "Yes."

    tell(story)


def test_behind_an_answer_nobody_waits_and_it_is_written(tell: Callable[[Story], None]) -> None:
    """It is kept until done, whoever joins it and goes, and is not begun twice."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        for _ in range(2):
            one.flights.behind(one.core_id, one.read, one.make)
        await until_async(lambda: one.begun)
        joining = asyncio.create_task(one.ask())
        await until_async(lambda: one.flights._joint._under_way[one.core_id].waiters == 2)
        joining.cancel()
        await asyncio.wait({joining})
        one.may_end.set()
        await until_async(one.read)
        assert (one.begun, one.cancelled) == (1, 0)

    tell(story)


def test_what_fails_behind_an_answer_is_logged(
    tell: Callable[[Story], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for it, so the log has why."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        one.error = UnusableAnswerError("the model's answer was cut off")
        one.may_end.set()
        one.flights.behind(one.core_id, one.read, one.make)
        await until_async(lambda: caplog.messages)
        assert caplog.messages == ["a core could not be written anew: the model's answer was cut off"]

    tell(story)


def test_flights_are_limited(tell: Callable[[Story], None]) -> None:
    """One more than the limit is refused with a hint; who joins one of them is not."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        with patch.object(flight, "FLIGHTS_MAX", 1):
            asking = asyncio.create_task(one.ask())
            await until_async(lambda: one.begun)
            with pytest.raises(NoAnswerError, match="1 cores are being written already") as told:
                await one.flights.core(other.cores.id_of(ASKED._replace(locale="de")), one.read, one.make)
            assert told.value.hint
            joining = asyncio.create_task(one.ask())
            one.may_end.set()
            assert await ended(asking, joining)

    tell(story)


def test_a_flight_that_never_ends_is_ended(tell: Callable[[Story], None]) -> None:
    """Nobody waits for ever, even for a writer that renews its lease and writes nothing."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        with (
            patch.object(flight, "_FLIGHT_SECONDS_MAX", 0.5),
            pytest.raises(NoAnswerError, match="took too long"),
        ):
            await one.ask()
        assert one.cancelled == one.begun

    tell(story)


def test_who_waits_when_a_process_ends_is_told(tell: Callable[[Story], None]) -> None:
    """Closing cancels what is written, gives leases back, and takes nothing new."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        asking = asyncio.create_task(one.ask())
        await until_async(lambda: one.begun)
        await one.flights.close()
        told = await ended(asking, one.ask())
        assert [type(each) for each in told] == [NoAnswerError] * 2
        assert (one.cancelled, one.is_free()) == (1, True)

    tell(story)


def test_an_error_of_no_kind_of_ours_reaches_the_asker(tell: Callable[[Story], None]) -> None:
    """A bug is not swallowed, and not remembered: the next asker tries again."""

    async def story(one: Process, other: Process, clock: ManualClock) -> None:
        one.error = ZeroDivisionError()
        one.may_end.set()
        assert await ended(one.ask()) == [one.error]
        one.error = None
        assert not (await one.ask()).joined

    tell(story)
