"""All that the scheduler does with models, put together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress

from foreword.clock import Clock
from foreword.errors import StoreError
from foreword.followed_config import FollowedConfig
from foreword.store import ProfileReader, ProfileWriter
from foreword.store.v1.store_pb2 import ModelHealth
from scheduler.agent.product import ProductSchema
from scheduler.health import Health
from scheduler.model.applying import Applying
from scheduler.model.batch_progress import BatchProgress
from scheduler.model.batch_rows import BatchRows
from scheduler.model.batching import Batching
from scheduler.model.connections import Connections
from scheduler.model.drafting import Drafting
from scheduler.model.interpreting import Interpreter
from scheduler.model.lost_calls import LostCalls
from scheduler.model.messages import Messages
from scheduler.model.reading import Readings
from scheduler.model.spend import Spend
from scheduler.model.status import status
from scheduler.model.waiting import Waiting
from scheduler.model.waves import Waves
from scheduler.pauses import Pauses
from scheduler.populations import Populations
from scheduler.ranked_topics import RankedOf, nothing_ranked
from scheduler.runner import Runner
from scheduler.shaping import Shaping


class ModelWork:
    """Asks models about users beside the refreshes, and never in their way.

    Without a provider in the configuration it does nothing, writes nothing and imports no SDK.

    Attributes:
        messages: Asks about users one by one.

    Args:
        writer: Of profiles.lmdb.
        profiles: Where everything is read.
        populations: The users of each namespace.
        runner: Writes answers, in turn with the refreshes.
        connections: Who can be asked.
        clock: Tells the time.
        live: The configuration in force.
        health: Where is stated what is wrong.
        pauses: Whose refreshes are paused: of a user who is paused by name no model is asked.
        shaping: Tells when the settings that shape profiles are others.
        product_schema: The operator's own message; None without one.
        ranked_of: Returns what ranking has learned of a user's topics.
        environ: Where keys may be.
    """

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        populations: Populations,
        runner: Runner,
        connections: Connections,
        *,
        clock: Clock,
        live: FollowedConfig,
        health: Health,
        pauses: Pauses,
        shaping: Shaping,
        product_schema: ProductSchema | None = None,
        ranked_of: RankedOf = nothing_ranked,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._connections = connections
        self._health = health
        self._spend = Spend(profiles, clock, live)
        readings = Readings(profiles, populations, live, ranked_of)
        applying = Applying(
            profiles,
            readings,
            runner,
            self._spend,
            clock=clock,
            live=live,
            health=health,
            shaping=shaping,
            interpret=Interpreter(product_schema),
        )
        drafting = Drafting(
            writer,
            profiles,
            readings,
            self._spend,
            connections,
            activity=lambda: runner.activity,
            clock=clock,
            live=live,
            health=health,
            pauses=pauses,
            product_schema=product_schema,
        )
        self.messages = Messages(
            writer,
            profiles,
            drafting,
            applying,
            runner=runner,
            connections=connections,
            spend=self._spend,
            clock=clock,
            live=live,
            health=health,
        )
        progress = BatchProgress(profiles, clock)
        self._batching = Batching(
            writer,
            profiles,
            Waves(writer, profiles, drafting, self._spend, clock=clock, live=live),
            BatchRows(writer, profiles, applying, self._spend, progress, clock=clock, live=live),
            progress,
            models=connections.models,
            clock=clock,
            live=live,
            health=health,
        )
        self._live = live
        self._clock = clock
        self._stopping = asyncio.Event()
        self._sweeping: asyncio.Task[None] | None = None
        self._waiting = Waiting(writer, profiles, self._spend, clock=clock, live=live, health=health)
        self._lost = LostCalls(
            writer, profiles, self._spend, clock=clock, live=live, health=health, environ=environ
        )

    def connect(self) -> None:
        """Connect to the providers, before the first refresh: it may be the one to be asked about."""
        self._connections.follow()

    def follow(self) -> None:
        """Follow the configuration, and keys that have come since."""
        self._connections.follow()
        self._lost.follow()
        if self._waiting.look():
            self.messages.wake()

    def status(self) -> ModelHealth:
        """Return who is asked about users, and how the providers do."""
        return status(self._live.current, self._connections, self._clock.now_ms())

    async def settle(self) -> None:
        """Write what lost calls have cost, as far as it can be known by now."""
        await self._lost.settle()

    async def run(self) -> None:
        """Take up what the last scheduler left, then ask until `stop`."""
        while not self.messages.is_stopped:
            try:
                self._spend.load()
                self.follow()
                self._lost.find()
                await self._lost.settle()
                break
            except StoreError as exc:
                await self.messages.rest(self._health.store_failed(exc))
        self._sweeping = asyncio.create_task(self._sweep())
        await self.messages.run()

    async def _sweep(self) -> None:
        """See to batches, again and again."""
        while not self._stopping.is_set():
            seconds = self._live.current.agent.batch_poll_seconds
            try:
                await self._batching.run()
            except StoreError as exc:
                seconds = self._health.store_failed(exc)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)

    def stop(self) -> None:
        """Ask nothing more."""
        self._stopping.set()
        self._batching.stop()
        self.messages.stop()

    async def drain(self, seconds: float) -> None:
        """Wait for answers under way for a time, then let go of everything. Batches are found again where they are."""
        await asyncio.gather(self._batching.drain(seconds), self.messages.drain(seconds))
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
        await asyncio.gather(self._connections.close(), self._lost.close())
