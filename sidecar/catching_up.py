"""Correcting the global model between two trainings, by what all users say, at intervals."""

from __future__ import annotations

import asyncio
from pathlib import Path

from foreword.clock import Clock
from foreword.errors import StoreError
from foreword.problems import Problems
from ranking.catching_up import CatchUp, CorrectionFolder, Taught
from ranking.correction import Correction
from sidecar.models import Models

COMPONENT = "sidecar.ranking"
# What kill -9 may cost. More often would write up to 16 MB for some examples each time.
SAVE_MS = 60_000


class CatchingUp:
    """Learns for everybody what was said since the last time, and has it served; writes it down each minute.

    Between two catch-ups nothing that is served moves but the parameters of the user who said something.

    Args:
        directory: Where corrections are kept.
        models: Whose model in force is corrected.
        problems: Where a correction that cannot be written is stated.
        clock: Tells the time.
        every_seconds: How often; 0 for never.

    Attributes:
        every_seconds: The same; may be set. At 0 nothing is served of it from the next tick on, and what was learned
            is taken up again when it goes on.
    """

    def __init__(
        self, directory: Path, models: Models, *, problems: Problems, clock: Clock, every_seconds: float
    ) -> None:
        self._folder = CorrectionFolder(directory)
        self._models, self._problems, self._clock = models, problems, clock
        self._version = models.current.version
        self.every_seconds = every_seconds
        self._saved_ms = clock.now_ms()
        self._unsaved: Correction | None = None
        self._catch_up: CatchUp | None = None
        if every_seconds:
            self._begin()

    def add(self, taught: Taught) -> None:
        """Have an example learned with the next catch-up; does nothing where there is none."""
        if self._catch_up is not None:
            self._catch_up.add(taught)

    async def tick(self) -> None:
        """Begin, catch up or end as is due, in a thread of its own, and write down what was learned."""
        version, now_ms = self._models.current.version, self._clock.now_ms()
        if version < self._version:
            # An operator went back: what was learned on top of the model that was left goes with it.
            await asyncio.to_thread(self._forget)
        self._version = version
        if not self.every_seconds:
            self._catch_up = self._models.correction = None
        elif self._catch_up is None:
            await asyncio.to_thread(self._begin)
        elif self._catch_up.is_due(now_ms, 1000 * self.every_seconds):
            await asyncio.to_thread(self._learn, self._catch_up, now_ms)
        if self._unsaved is not None and not 0 <= now_ms - self._saved_ms < SAVE_MS:
            self._saved_ms = now_ms
            await self._save()

    def _begin(self) -> None:
        """Go on from what was learned before."""
        found = self._unsaved or self._folder.load()
        if self._folder.damage:
            since = "from the one before" if found is not None else "from nothing"
            self._problems.note(
                COMPONENT, "correction", f"what all users taught is learned on {since}: {self._folder.damage}"
            )
        self._catch_up = CatchUp(None if found is None else found.copy())
        if found is not None:
            self._serve(found)

    def _learn(self, catch_up: CatchUp, now_ms: int) -> None:
        self._unsaved = catch_up.publish(now_ms)
        self._serve(self._unsaved)

    def _forget(self) -> None:
        self._unsaved = self._models.correction = None
        # Not from what is on disk, which may not be removable.
        self._catch_up = CatchUp() if self.every_seconds else None
        try:
            self._folder.clear()
        except StoreError as exc:
            self._problems.note(COMPONENT, "correction", f"what all users taught is not removed: {exc}")

    def _serve(self, correction: Correction) -> None:
        """Have requests answered with a correction from the next on, or without while it foretells worse."""
        former = self._models.correction
        if correction.is_better and former is not None:
            correction.prepare(former)
        self._models.correction = correction if correction.is_better else None

    async def close(self) -> None:
        """Write down what was learned."""
        if self._unsaved is not None:
            await self._save()

    async def _save(self) -> None:
        correction = self._unsaved
        try:
            if correction is not None:
                await asyncio.to_thread(self._folder.save, correction)
        except StoreError as exc:
            # Kept, and tried again each minute.
            self._problems.note(COMPONENT, "correction", f"what all users taught is not written down: {exc}")
        else:
            self._problems.end(COMPONENT, "correction")
            if self._unsaved is correction:
                self._unsaved = None
