"""The sidecar's catch-ups: begun, ended and begun again by the setting."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from taught_correction import ASKED, BOOK, CANCEL

from foreword.clock import ManualClock
from foreword.config import Config
from foreword.problems import Problems
from ranking.catching_up import Taught
from ranking.example import Example
from sidecar.catching_up import CatchingUp
from sidecar.models import Models


def test_the_setting_begins_and_ends_it(tmp_path: Path) -> None:
    """Off, nothing is learned; on, it is served; off again, it is not; on again, it goes on from what was learned."""
    clock = ManualClock(1_000_000)
    problems = Problems(clock, logging.getLogger("test"))
    models = Models(Config(store={"directory": tmp_path}), problems, clock)
    catching_up = CatchingUp(tmp_path / "kept", models, problems=problems, clock=clock, every_seconds=0)

    def say(count: int) -> None:
        for _ in range(count):
            catching_up.add(Taught(Example("ann", ASKED, CANCEL, 1.0), 0.0))
            catching_up.add(Taught(Example("ann", ASKED, BOOK, 0.0), 0.0))

    def tick() -> None:
        clock.advance(10_000)
        asyncio.run(catching_up.tick())

    say(10)
    catching_up.every_seconds = 10
    tick()
    tick()
    assert models.correction is None
    say(10)
    tick()
    served = models.correction
    assert served is not None
    assert served.count == 20
    catching_up.every_seconds = 0
    tick()
    assert models.correction is None
    say(10)
    catching_up.every_seconds = 10
    tick()
    say(1)
    tick()
    assert models.correction is not None
    assert models.correction.count == 22
