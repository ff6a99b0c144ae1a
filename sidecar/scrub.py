"""Looking for damage in the background, so that none stays unknown because nobody happens to read it."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence

from foreword.clock import Clock
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store.check import Fault, Scrub
from foreword.store.files import ENVIRONMENTS

logger = logging.getLogger("sidecar")

COMPONENT = "sidecar.scrub"

# Until the daemons are up and the first readers served.
FIRST_PAUSE_SECONDS = 60.0
# A change of store.scrub_hours is noticed within this time.
PAUSE_SECONDS_MAX = 60.0
# The first round after a start, and those while something is found, are faster by this: with the default, daily
# restarts do not keep a round from its end, and what was mended is seen to be within two hours.
HURRY = 24
# Further ones are counted; `foreword store check` names them.
FAULTS_NAMED = 3


class Scrubber:
    """Goes through both environments once in store.scrub_hours, and lists as problems what it finds.

    Attributes:
        ended_ms: When each environment was last looked through to its end, by name.
    """

    def __init__(self, scrub: Scrub, live: FollowedConfig, problems: Problems, clock: Clock) -> None:
        self.ended_ms: dict[str, int] = {}
        self._clock = clock
        self._scrub = scrub
        self._live = live
        self._problems = problems

    async def run(self) -> None:
        """Go on until cancelled."""
        now = asyncio.get_running_loop().time
        looked, pause_seconds_max = now(), FIRST_PAUSE_SECONDS
        while True:
            remaining = looked + min(self._pause_seconds(), pause_seconds_max) - now()
            if not self._live.current.store.scrub_hours:
                await asyncio.sleep(PAUSE_SECONDS_MAX)
            elif remaining > 0:
                await asyncio.sleep(min(remaining, PAUSE_SECONDS_MAX))
            else:
                await self._go_on()
                looked, pause_seconds_max = now(), math.inf

    def _pause_seconds(self) -> float:
        is_hurried = not self._scrub.rounds or any(map(self._scrub.faults, ENVIRONMENTS))
        seconds = self._live.current.store.scrub_hours * 3600 / self._scrub.portions
        return seconds / HURRY if is_hurried else seconds

    async def _go_on(self) -> None:
        passes = dict(self._scrub.passes)
        try:
            name = await self._scrub.go_on()
        except OSError as exc:
            logger.warning("no process could be started to look for damage, which is tried again: %s", exc)
            return
        if self._scrub.passes[name] > passes[name]:
            self.ended_ms[name] = self._clock.now_ms()
        faults = self._scrub.faults(name)
        if faults:
            self._problems.note(COMPONENT, name, _message(name, faults))
        else:
            self._problems.end(COMPONENT, name)


def _message(name: str, faults: Sequence[Fault]) -> str:
    places = "1 place" if len(faults) == 1 else f"{len(faults)} places"
    named = "; ".join(map(str, faults[:FAULTS_NAMED]))
    more = "; …" if len(faults) > FAULTS_NAMED else ""
    return (
        f"{name} is damaged in {places}: {named}{more} "
        "(run `foreword store check`, then `foreword refresh` the users or restore a backup)"
    )
