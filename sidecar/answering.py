"""What answers questions in the sidecar: opened with it, looked after, and done without when it cannot be had."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from foreword.clock import Clock
from foreword.config import Config, Tiering
from foreword.errors import ForewordError
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.v1.answer_pb2 import AnswerTotals
from foreword.v1.erasure_pb2 import StoreCount
from tiering.errors import CacheError

if TYPE_CHECKING:
    from tiering.answers import Answers
    from tiering.asking import Asking
    from tiering.cache import Cache
    from tiering.curating import Curating

COMPONENT = "sidecar.answers"
# How often what is on the account goes to disk, and what others stored is taken in.
TICK_SECONDS = 0.5


class Answering:
    """The cache, and what answers from it; None and said so while it cannot be opened.

    Attributes:
        cache: The open cache; None while there is none.
        answers: Answers questions from it.
        curating: Handles cores in it.
    """

    def __init__(
        self,
        config: Config,
        live: FollowedConfig,
        problems: Problems,
        clock: Clock,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.cache: Cache | None = None
        self.answers: Answers | None = None
        self.curating: Curating | None = None
        self._config = config
        self._live = live
        self._problems = problems
        self._clock = clock
        self._environ = environ
        self._asking: Asking | None = None
        self._why = ""

    async def open(self) -> None:
        """Open the cache; what is wrong with it is a problem, and no reason not to serve profiles."""
        try:
            cache = await asyncio.to_thread(self._open_cache)
            self._asking = self._connected(cache)
        except ForewordError as exc:
            self._state(exc)
            return
        from tiering.answers import Answers
        from tiering.curating import Curating

        self._problems.end(COMPONENT, "cache")
        self.cache = cache
        prices = self._config.agent.prices
        self.answers = Answers(cache, self._asking, self._settings, prices, self._clock)
        self.curating = Curating(cache, self.answers.finding, self._settings, self._clock)

    def _open_cache(self) -> Cache:
        # Imported only now, while the native front answers reads already: a third of all that a start imports.
        from tiering import answers, curating  # noqa: F401 - for `open`, which is not to wait for them on the loop
        from tiering.cache import Cache

        return Cache.open(
            self._config.answers_directory(),
            self._config.tiering,
            self._clock,
            lambda: self._live.current.tiering,
        )

    def open_parts(self) -> tuple[Cache, Answers, Curating]:
        """Return what is open.

        Raises:
            CacheError: Nothing is.
        """
        if self.cache is None or self.answers is None or self.curating is None:
            raise CacheError(self._why or "the cache of cores is not open", hint="see foreword status")
        return self.cache, self.answers, self.curating

    async def tick(self) -> None:
        """Bring the account to disk and take in what other processes stored; open a cache that could not be."""
        if self.cache is None:
            await self.open()
            return
        try:
            await asyncio.to_thread(self._upkeep, self.cache)
        except CacheError as exc:
            self._state(exc)
        else:
            self._problems.end(COMPONENT, "cache")

    def totals(self) -> AnswerTotals | None:
        """Return sums over all answers; None while there is no cache."""
        return self.cache.accounts.totals() if self.cache is not None else None

    def forget(self, user_id: str, namespace: str) -> list[StoreCount]:
        """Remove what is held of an asker; return how much, nothing where there is no cache.

        Raises:
            CacheError: Some may be left.
        """
        if self.cache is None:
            return []
        asker = self.cache.digests.asker(namespace, user_id)
        self.cache.accounts.flush()
        return [StoreCount(store="answers.asked", rows=self.cache.askers.forget(asker))]

    async def close(self) -> None:
        """Give up what is under way, and let go of the cache and of connections."""
        if self.answers is not None:
            await self.answers.close()
        if self._asking is not None:
            await self._asking.close()
        if self.cache is not None:
            await self.tick()
            self.cache.close()

    def _settings(self) -> Tiering:
        return self._live.current.tiering

    def _connected(self, cache: Cache) -> Asking | None:
        tiering, agent = self._config.tiering, self._config.agent
        if tiering.provider == "none":
            return None
        # Imported only now: who asks no model pays for none.
        from foreword.llm import connect
        from tiering.asking import Asking

        model = connect(agent, self._environ, tiering.provider)
        if model is None:
            self._problems.note(
                COMPONENT,
                "key",
                f"no model writes cores: tiering.provider is {tiering.provider}, and there is no key "
                "(see agent.api_key_file)",
            )
            return None
        return Asking(
            model,
            calls_max=agent.calls_max,
            timeout_seconds=agent.timeout_seconds,
            prices=agent.prices,
            accounts=cache.accounts,
            clock=self._clock,
        )

    def _upkeep(self, cache: Cache) -> None:
        cache.accounts.flush()
        if cache.nearest is not None:
            cache.nearest.follow()

    def _state(self, exc: ForewordError) -> None:
        self._why = f"{exc}"
        self._problems.note(COMPONENT, "cache", f"cores of answers are done without: {exc}")
