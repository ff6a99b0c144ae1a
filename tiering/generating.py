"""Cores that a model writes: once for all who ask, and never with a user in sight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from foreword.clock import Clock
from foreword.config import Tiering
from foreword.store.v1.answers_pb2 import Lease
from foreword.v1.answer_pb2 import PrivateReason, Tier
from foreword.v1.core_pb2 import Core, CoreFreshness, CoreOrigin
from tiering.accounts import Spent
from tiering.asking import Asking
from tiering.cache import Cache
from tiering.cores import Asked
from tiering.digest import CoreId
from tiering.errors import CacheError, NoAnswerError, NotShareableError
from tiering.finding import Finding
from tiering.finishing import add_costs, finish
from tiering.flight import Flights, Flown
from tiering.writing import core_request, read_core


class Generating:
    """Lets a model write cores, one call for all who wait.

    Args:
        cache: Where they are stored.
        asking: Asks the model.
        finding: Says how current a stored one is.
        settings: Returns what is in force.
        clock: Tells the time.
    """

    def __init__(
        self,
        cache: Cache,
        asking: Asking,
        finding: Finding,
        settings: Callable[[], Tiering],
        clock: Clock,
    ) -> None:
        self._cache = cache
        self._asking = asking
        self._finding = finding
        self._settings = settings
        self._clock = clock
        self._flights = Flights(cache.leases, cache.failures, lease_seconds=settings().lease_seconds)

    async def core(self, asked: Asked, tags: tuple[str, ...], spent: list[Spent]) -> Flown:
        """Return the core of a question, written now unless somebody else writes it.

        Raises:
            NoAnswerError: None can be had now; with a private reason, because what was written is for one asker alone.
            UnusableAnswerError: What the model wrote is no core.
        """
        core_id = self._cache.cores.id_of(asked)
        make = partial(self._write, asked, tags, spent)
        return await self._flights.core(core_id, partial(self._fresh, core_id), make)

    def behind(self, core: Core, asked: Asked) -> None:
        """Write a core anew while the stored one is served."""
        core_id = self._cache.cores.id_of(asked)
        make = partial(self._write, asked, tuple(core.tags), [])
        self._flights.behind(core_id, partial(self._fresh, core_id), make)

    async def close(self) -> None:
        """Give up what is under way, and the leases with it."""
        await self._flights.close()

    def _fresh(self, core_id: CoreId) -> Core | None:
        core = self._cache.cores.by_id(core_id)
        is_fresh = core and self._finding.freshness(core) == CoreFreshness.CORE_FRESHNESS_FRESH
        return core if is_fresh else None

    async def _write(self, asked: Asked, tags: tuple[str, ...], spent: list[Spent], lease: Lease) -> Core:
        tiering = self._settings()
        request = core_request(
            asked.question,
            locale=asked.locale,
            context=self._cache.context,
            model=tiering.model,
            output_tokens_max=tiering.output_tokens_max,
        )
        cost: list[Spent] = []
        try:
            answer = await self._asking.ask(Tier.TIER_CORE, request, cost)
        finally:
            spent += cost
        try:
            core = read_core(answer, asked.question)
        except NotShareableError as exc:
            # Said so for a while to all who ask, in whatever process.
            raise NoAnswerError(
                exc.message, tried=(exc.message,), private_reason=PrivateReason.PRIVATE_REASON_ANSWER
            ) from exc
        finish(core, asked, tags, CoreOrigin.CORE_ORIGIN_GENERATED, self._clock.now_ms())
        core.revisions.CopyFrom(self._cache.cores.revisions(asked.namespace))
        add_costs(core, cost)
        await asyncio.to_thread(self._store, asked, core, lease)
        return core

    def _store(self, asked: Asked, core: Core, lease: Lease) -> None:
        try:
            self._cache.put(asked, core, lease=lease)
        except CacheError:
            # Served all the same: without room nothing is kept, and nobody waits for it.
            return
