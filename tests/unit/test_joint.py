"""Joint work: done once for all who wait, and given up with the last of them."""

from __future__ import annotations

import asyncio

import pytest
from waiting import until_async

from tiering.joint import Joint


class Work:
    """Work that ends when it is let, and counts."""

    def __init__(self) -> None:
        self.joint: Joint[int] = Joint()
        self.may_end = asyncio.Event()
        self.begun = 0
        self.cancelled = 0
        self.error: Exception | None = None

    async def do(self) -> int:
        """Work."""
        self.begun += 1
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return self.begun

    def caller(self) -> asyncio.Task[int]:
        """Return a caller who waits for it."""
        return asyncio.create_task(self.joint.join("key", self.do))


def test_many_callers_share_one_work() -> None:
    """All get what came of it, and the next caller begins anew."""

    async def story() -> None:
        work = Work()
        callers = [work.caller() for _ in range(20)]
        await until_async(lambda: work.begun == 1, "the work")
        work.may_end.set()
        assert await asyncio.gather(*callers) == [1] * 20
        assert await work.caller() == 2

    asyncio.run(story())


def test_a_caller_who_goes_goes_alone() -> None:
    """The first one, too, in whose call the work was begun."""

    async def story() -> None:
        work = Work()
        first, second = work.caller(), work.caller()
        await until_async(lambda: work.begun == 1, "the work")
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        work.may_end.set()
        assert await second == 1
        assert not work.cancelled

    asyncio.run(story())


def test_the_last_caller_ends_the_work() -> None:
    """Who comes later begins anew, even while the former work is still ending."""

    async def story() -> None:
        work = Work()
        callers = [work.caller() for _ in range(3)]
        await until_async(lambda: work.begun == 1, "the work")
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        later = work.caller()
        await until_async(lambda: work.begun == 2, "the next work")
        assert work.cancelled == 1
        work.may_end.set()
        assert await later == 2

    asyncio.run(story())


def test_all_callers_learn_of_an_error() -> None:
    """And it is not kept."""

    async def story() -> None:
        work = Work()
        work.error = ValueError("no")
        callers = [work.caller() for _ in range(3)]
        await until_async(lambda: work.begun == 1, "the work")
        work.may_end.set()
        assert [str(each) for each in await asyncio.gather(*callers, return_exceptions=True)] == ["no"] * 3
        work.error = None
        assert await work.caller() == 2

    asyncio.run(story())
