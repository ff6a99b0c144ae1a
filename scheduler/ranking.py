"""Having a global model for ranking trained each night, in a process of its own."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import os
import sys
from contextlib import suppress
from typing import Any

from foreword.clock import Clock
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.wall_time import night, night_over

logger = logging.getLogger("scheduler")

COMPONENT = "scheduler.ranking"
_COMMAND = (sys.executable, "-m", "ranking.training_process")
_LINE_BYTES_MAX = 1 << 16
# Some hundred times what the most examples of the default take; beyond, it hangs, and would hold the folder for ever.
TRAINING_SECONDS_MAX = 7_200.0
# What an operator did is no training; as `ranking.model_folder` writes it, which needs numpy.
_NO_TRAINING = "rolled back"


class RankingTrainer:
    """Trains once a night, when the night is over; a night that was slept through is made up for at the start.

    Args:
        clock: Tells the time.
        live: The configuration in force.
        problems: Where a training that failed is stated.
        seconds_max: A training that takes longer is ended, and has failed.
    """

    def __init__(
        self,
        clock: Clock,
        live: FollowedConfig,
        problems: Problems,
        *,
        seconds_max: float = TRAINING_SECONDS_MAX,
    ) -> None:
        self._clock = clock
        self._live = live
        self._problems = problems
        self._seconds_max = seconds_max
        self._night: int | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def run(self) -> bool:
        """Train if tonight's training is due; return whether it was."""
        config = self._live.current
        if config.ranking.train == "off" or config.ranking.mode == "off" or not _is_installed():
            return False
        newest = self._night_of(self._clock.now_ms())
        if self._night is None:
            self._night = self._trained_night(newest)
        if self._night == newest:
            return False
        self._night = newest
        await self.train()
        return True

    def _trained_night(self, newest: int) -> int:
        """Return after which night a model was trained last; the newest where none ever was: the first is tonight's."""
        history = self._live.current.store.directory / "ranking" / "HISTORY"
        try:
            lines = history.read_text(errors="replace").splitlines()
        except OSError:
            return newest
        trained_ms = max(map(_trained_ms, lines), default=0)
        return self._night_of(trained_ms) if trained_ms else newest

    def _night_of(self, now_ms: int) -> int:
        scheduler = self._live.current.scheduler
        return night_over(night(scheduler.night), scheduler.time_zone, now_ms)

    async def train(self) -> dict[str, Any] | None:
        """Train now; return what became of it, None when it failed."""
        config = self._live.current
        asked = {
            "directory": str(config.store.directory.absolute()),
            "settings": config.ranking.model_dump(),
            "now_ms": self._clock.now_ms(),
        }
        said = await self._said(json.dumps(asked).encode())
        trained: dict[str, Any] | None = said.get("trained")
        if trained is None:
            why = said.get("failed", "its process ended without a word")
            self._problems.note(COMPONENT, "training", f"no global model was trained tonight: {why}")
            return None
        self._problems.end(COMPONENT, "training")
        logger.info("global model for ranking: %s", trained["why"])
        return trained

    def stop(self) -> None:
        """End a training that is under way; the folder is tidied by the next."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def _said(self, asked: bytes) -> dict[str, Any]:
        """Return the last that a training says."""
        self._process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_BYTES_MAX,
            # One core of a machine that serves.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        try:
            async with asyncio.timeout(self._seconds_max):
                output, _ = await self._process.communicate(asked)
        except TimeoutError:
            return {"failed": f"it took longer than {self._seconds_max:g} s and was ended"}
        finally:
            self.stop()
            # Until it is gone it holds the folder.
            await self._process.wait()
            self._process = None
        lines = output.decode(errors="replace").splitlines()
        try:
            said = json.loads(lines[-1]) if lines else {}
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}


def _trained_ms(line: str) -> int:
    """Return when a line of the history was left by a training; 0 of one that was not, or cannot be read."""
    try:
        entry = json.loads(line)
        return 0 if entry["verdict"] == _NO_TRAINING else int(entry["at_ms"])
    except (ValueError, TypeError, KeyError):
        return 0


def _is_installed() -> bool:
    return importlib.util.find_spec("numpy") is not None
