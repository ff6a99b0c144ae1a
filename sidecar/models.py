"""The global models at hand: the one in force, and the one before it for users whose parameters are still its."""

from __future__ import annotations

import asyncio

from foreword.clock import Clock
from foreword.config import Config
from foreword.errors import StoreError
from foreword.problems import Problems
from ranking.correction import Correction
from ranking.model import GlobalModel
from ranking.model_folder import ModelFolder
from ranking.trainer import models_directory

COMPONENT = "sidecar.ranking"
# How long a model that could not be read is left alone. A minute: reading one takes some 50 ms of a thread, and whoever
# mended a file waits no longer than that.
RETRY_MS = 60_000
# Versions looked for that are not at hand; as many as are kept on disk by default.
_ABSENT_MAX = 7


class Models:
    """Follows the folder of models. A swap is one reference: requests under way end with the model they began with.

    Attributes:
        current: The one in force.
        correction: What it is corrected by; None for nothing.
    """

    def __init__(self, config: Config, problems: Problems, clock: Clock) -> None:
        self._folder = ModelFolder(models_directory(config.store.directory))
        self._problems = problems
        self._clock = clock
        self._seen: object = None
        # When what could not be read is looked at again: the one in force, and others that users' blocks name.
        self._retry_ms = 0
        self._absent: dict[int, int] = {}
        self.current = GlobalModel.seed()
        self.correction: Correction | None = None
        self._former: dict[int, GlobalModel] = {}
        self._load()

    async def follow(self) -> None:
        """Take over a model that was put in force, read in a thread of its own; one that is damaged is not taken.

        That is looked at again each minute, and so is a former one that was asked for and is not at hand.
        """
        now_ms = self._clock.now_ms()
        is_due = bool(self._retry_ms) and now_ms >= self._retry_ms
        if is_due or self._folder.signature() != self._seen:
            await asyncio.to_thread(self._load)
        for version, due_ms in list(self._absent.items()):
            if now_ms >= due_ms:
                self._absent[version] = now_ms + RETRY_MS
                await self._fetch(version)

    def of(self, version: int) -> GlobalModel | None:
        """Return a model by its version; None when it is neither in force nor the one before, or cannot be read.

        One that is not at hand, such as after a restart, is looked for beside, and may be there the next time.
        """
        if version == self.current.version:
            return self.current
        found = self._former.get(version)
        # The one that knows nothing, with which every start begins, is no former one.
        if found is None and set(self._former) <= {0} and len(self._absent) < _ABSENT_MAX:
            self._absent.setdefault(version, 0)
        return found

    async def read(self, version: int) -> GlobalModel | None:
        """Return a model by its version, from disk if it is not at hand; None when it is not kept."""
        found = self.of(version)
        if found is not None:
            return found
        try:
            return await asyncio.to_thread(self._folder.load, version)
        except StoreError:
            return None

    async def _fetch(self, version: int) -> None:
        """Have a former model at hand, unless another was put in force meanwhile."""
        current = self.current
        try:
            model = await asyncio.to_thread(self._folder.load, version)
        except StoreError:
            return
        if self.current is current:
            self._former[version] = model
            self._absent.clear()

    def _load(self) -> None:
        # Before reading: what changes meanwhile is seen the next time.
        seen = self._folder.signature()
        try:
            number = self._folder.current()
            model = self._folder.load(number) if number != self.current.version else self.current
        except StoreError as exc:
            is_start = self._seen is None and not self._retry_ms
            self._seen, self._retry_ms = seen, self._clock.now_ms() + RETRY_MS
            if is_start:
                # Users' blocks are likelier to be of the one before than of the one that knows nothing.
                self.current = self._folder.last_whole() or self.current
            self._problems.note(
                COMPONENT, "model", f"global model {self.current.version} stays in force: {exc}"
            )
            return
        self._problems.end(COMPONENT, "model")
        self._retry_ms = 0
        if model is not self.current:
            model.prepare(self.current)
            # Only the one before: who has not been asked for since then is made anew when they are.
            self._former = {self.current.version: self.current}
            self._absent.clear()
            self.current = model
        self._seen = seen
