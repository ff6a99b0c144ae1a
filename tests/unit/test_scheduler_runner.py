"""When the runner takes a failing store for mended."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from foreword import keys
from foreword.clock import ManualClock
from foreword.errors import StoreFullError
from scheduler.health import Health
from scheduler.runner import Runner


class NearlyFull:
    """Writes as many attempts as there is room for."""

    room = 2

    def write(self, attempts: list[Any]) -> None:
        """Write all or none."""
        if len(attempts) > self.room:
            raise StoreFullError("the disk is full")


def _flush(runner: Runner, count: int) -> None:
    """Have the runner write as many finished attempts."""
    for number in range(count):
        attempt: Any = SimpleNamespace(
            user=keys.user_key(f"user{number}"),
            is_awaited=False,
            asked=SimpleNamespace(at_ms=0),
            has_computed=False,
            written=None,
        )
        runner._in_flight[attempt.user] = attempt
        runner._done.append(attempt)
    runner._flush()


def test_a_few_that_fit_do_not_end_the_problem() -> None:
    """On a nearly full disk small commits go through between large ones that do not: the log has one line of it."""
    clock = ManualClock()
    health, writer = Health(clock), NearlyFull()
    unused: Any = None
    runner = Runner(unused, unused, writer, clock=clock, live=unused, health=health, pauses=unused)  # type: ignore[arg-type]
    waits_seconds = []
    for _ in range(3):
        with pytest.raises(StoreFullError) as caught:
            _flush(runner, 5)
        waits_seconds.append(health.store_failed(caught.value))
        _flush(runner, 2)
        assert len(health.listed()) == 1
    assert waits_seconds == [0.5, 1.0, 2.0]
    writer.room = 5
    _flush(runner, 5)
    assert health.listed() == []
    _flush(runner, 1)
    assert health.listed() == []


def test_model_work_lets_urgent_refreshes_pass() -> None:
    """While somebody waits for a refresh by code, other work waits some turns of the event loop, and not for ever."""
    clock = ManualClock()
    unused: Any = None
    runner = Runner(unused, unused, unused, clock=clock, live=unused, health=Health(clock), pauses=unused)

    async def turns() -> int:
        count = 0

        async def spin() -> None:
            nonlocal count
            while True:
                await asyncio.sleep(0)
                count += 1

        spinning = asyncio.create_task(spin())
        await runner.let_urgent_pass()
        spinning.cancel()
        return count

    assert asyncio.run(turns()) == 0
    runner._urgent[0].append(keys.user_key("ann"))
    assert 20 < asyncio.run(turns()) < 40
