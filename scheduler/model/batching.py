"""Batches from their sending to their last row, whatever happens in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress

from foreword.clock import DAY_MS, HOUR_MS, Clock
from foreword.followed_config import FollowedConfig
from foreword.llm import Batches, Model, ModelError
from foreword.llm.custom_id import BatchName
from foreword.llm.recovery import Recovery, Trace, may_be_taken
from foreword.store import ProfileReader, ProfileWriter
from foreword.store.failpoints import passing
from foreword.store.v1.store_pb2 import BatchStage, ModelBatch
from foreword.v1.model_work_pb2 import ModelOutcome, ModelWait
from scheduler.health import COMPONENT, Health
from scheduler.model.batch_point import BatchPoint
from scheduler.model.batch_progress import BatchProgress
from scheduler.model.batch_rows import BatchRows
from scheduler.model.spend import PICO_A_MICRO
from scheduler.model.waves import StoredWave, Waves

logger = logging.getLogger("scheduler")

LOST, EXPIRED = ModelOutcome.MODEL_OUTCOME_LOST, ModelOutcome.MODEL_OUTCOME_EXPIRED

# The provider ends every batch after a day; one more hour for its clock and ours.
_AGE_MS_MAX = DAY_MS + HOUR_MS
# How long the provider keeps rows, and so how long there is anything to wait for.
_ROWS_MS_MAX = 29 * DAY_MS
# Rows that are not there are read for again: a list that was cut off looks like one without them.
_READS_MAX = 3
# A provider that turns one batch away turns the next away too: each refusal doubles the wait, to an hour at most.
_REST_MS_MAX = HOUR_MS
# Kinds of problems.
_REFUSED, _KEPT = "batches refused", "batches kept"
_GIVEN_UP, _TOO_DEAR = "batch given up", "batches too dear"


class Batching:
    """Sends batches and deals with their rows. All it knows is stored: a restart goes on where the last run was.

    Args:
        writer: Of profiles.lmdb.
        profiles: Where batches and their questions are read.
        waves: Makes what is sent.
        rows: Deals with what is answered.
        progress: Says how it goes.
        models: The providers that can be asked, by name.
        clock: Tells the time.
        live: The configuration in force.
        health: Takes what is wrong.
    """

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        waves: Waves,
        rows: BatchRows,
        progress: BatchProgress,
        *,
        models: Mapping[str, Model],
        clock: Clock,
        live: FollowedConfig,
        health: Health,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._waves = waves
        self._rows = rows
        self._progress = progress
        self._models = models
        self._clock = clock
        self._live = live
        self._health = health
        self._recovery = Recovery()
        self._reads: dict[int, int] = {}
        self._rest_ms = 0
        self._rests_until_ms = 0
        self._running = asyncio.Lock()
        self._is_stopped = False

    async def run(self) -> None:
        """Ask for the batches under way, deal with those that have ended, and send what is due, until nothing is.

        Raises:
            StoreError: The store fails; the next run goes on.
        """
        async with self._running:
            is_due = True
            while is_due and not self._is_stopped:
                for number, batch in self._profiles.model.batches():
                    if not self._is_stopped:
                        await self._follow(number, batch)
                is_due = await self._send_due()
            self._show()

    def stop(self) -> None:
        """Begin nothing more; what is being sent is sent, and its name written."""
        self._is_stopped = True
        self._waves.stop()
        self._rows.stop()

    async def drain(self, seconds: float) -> None:
        """Wait for what is under way for a time; what comes later is found again by the next start."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._running.acquire(), seconds)

    # -- sending --------------------------------------------------------------------------------------------

    async def _send_due(self) -> bool:
        """Send wave after wave; return whether more may be due. A long sweep stops now and then for what has ended."""
        # Not on a clock that was set back: the wait would be until it is there again.
        self._rests_until_ms = min(self._rests_until_ms, self._clock.now_ms() + self._rest_ms)
        until_ms = self._clock.now_ms() + int(1000 * self._live.current.agent.batch_poll_seconds)
        while not self._is_stopped and self._clock.now_ms() >= self._rests_until_ms:
            wave = await self._waves.next()
            if wave is None:
                return False
            await self._send(wave)
            self._progress.say()
            if self._clock.now_ms() >= until_ms:
                return True
        return False

    async def _send(self, wave: StoredWave) -> None:
        batches = self._batches(wave.batch)
        if batches is None:
            # The configuration changed this moment; the next look at the queue finds another way to ask.
            self._waves.give_back(wave.name.number, ModelWait.MODEL_WAIT_UNSPECIFIED, self._clock.now_ms())
            return
        try:
            state = await batches.create(wave.requests)
        except ModelError as exc:
            self._rest(exc)
            if may_be_taken(exc):
                self._keep(wave.name.number, wave.batch, f"nobody knows whether it was taken: {exc}")
            else:
                self._waves.give_back(wave.name.number, ModelWait.MODEL_WAIT_PROVIDER, self._rests_until_ms)
            return
        passing(BatchPoint.BATCH_TAKEN)
        self._name(wave.name.number, wave.batch, state.batch_id)
        self._rest_ms = self._rests_until_ms = 0
        self._progress.asked_count += wave.batch.item_count
        self._health.problems.end(COMPONENT, _REFUSED)

    def _rest(self, exc: ModelError) -> None:
        """Send nothing for a while: as long as the provider asks for, and longer each time."""
        poll_ms = int(1000 * self._live.current.agent.batch_poll_seconds)
        self._rest_ms = min(_REST_MS_MAX, max(2 * self._rest_ms, poll_ms))
        self._rest_ms = max(self._rest_ms, int(1000 * (exc.retry_after_seconds or 0)))
        self._rests_until_ms = self._clock.now_ms() + self._rest_ms
        message = f"a batch could not be sent, the next is tried in {self._rest_ms / 1000:g} s: {exc}"
        self._health.problems.note(COMPONENT, _REFUSED, message)

    def _name(self, number: int, batch: ModelBatch, batch_id: str) -> None:
        batch.stage, batch.batch_id, batch.error = BatchStage.BATCH_STAGE_SENT, batch_id, ""
        with self._writer.begin() as txn:
            txn.model.put_batch(number, batch)
        passing(BatchPoint.NAME_WRITTEN)

    # -- what is under way ----------------------------------------------------------------------------------

    async def _follow(self, number: int, batch: ModelBatch) -> None:
        """Bring one batch as far as it will go now."""
        batches = self._batches(batch)
        name = BatchName.of(self._writer.environment_id, number, batch.intended_ms)
        error = f"{batch.provider} is not configured any more"
        if batches is not None:
            try:
                if batch.stage == BatchStage.BATCH_STAGE_SENT or await self._recover(name, batch, batches):
                    await self._ask(name, batch, batches)
            except ModelError as exc:
                error = str(exc)
            else:
                return
        if self._age_ms(batch) > _ROWS_MS_MAX:
            await self._write_off(name, batch, f"the provider could not be asked for 29 days: {error}")
        else:
            self._keep(number, batch, error)

    async def _recover(self, name: BatchName, batch: ModelBatch, batches: Batches) -> bool:
        """Look for a batch of which only the intent is stored; return whether it was found."""
        finding = await self._recovery.look(
            name,
            batch,
            batches,
            known={other.batch_id for _, other in self._profiles.model.batches()},
            now_ms=self._clock.now_ms(),
            grace_ms=int(1000 * self._live.current.agent.batch_grace_seconds),
        )
        if finding.state is not None:
            logger.info("batch %d was found again at the provider: %s", name.number, finding.state.batch_id)
            passing(BatchPoint.BATCH_FOUND)
            self._name(name.number, batch, finding.state.batch_id)
            return True
        if finding.trace is Trace.ABSENT:
            logger.info("batch %d never reached the provider; its users are asked about again", name.number)
            self._waves.give_back(name.number, ModelWait.MODEL_WAIT_UNSPECIFIED, self._clock.now_ms())
        elif finding.trace is Trace.UNDECIDED and self._age_ms(batch) > _AGE_MS_MAX:
            await self._write_off(name, batch, f"nobody can tell what became of it: {finding.reason}")
        else:
            self._keep(name.number, batch, finding.reason)
        return False

    async def _ask(self, name: BatchName, batch: ModelBatch, batches: Batches) -> None:
        state = await batches.state(batch.batch_id)
        if state is not None and state.has_ended:
            await self._read(name, batch, batches)
        elif self._age_ms(batch) > _AGE_MS_MAX:
            what = "does not know it" if state is None else "has not ended it"
            await self._write_off(name, batch, f"after 25 hours the provider {what}", EXPIRED)
        else:
            # A provider that has just taken a batch may not know it yet.
            is_late = self._age_ms(batch) > 1000 * self._live.current.agent.batch_grace_seconds
            self._keep(
                name.number, batch, "the provider does not know it" if state is None and is_late else ""
            )

    async def _read(self, name: BatchName, batch: ModelBatch, batches: Batches) -> None:
        left = await self._rows.read(name, batch, batches)
        if self._is_stopped:
            return
        if not left:
            self._drop(name.number)
            self._health.problems.end(COMPONENT, _GIVEN_UP)
            return
        reads = self._reads[name.number] = self._reads.get(name.number, 0) + 1
        if reads < _READS_MAX:
            self._keep(name.number, batch, f"{left} rows are missing; they are read for again")
        else:
            await self._write_off(name, batch, f"its row was missing {reads} times")

    async def _write_off(
        self, name: BatchName, batch: ModelBatch, error: str, outcome: ModelOutcome = LOST
    ) -> None:
        """End what is left of a batch, at the most that it can have cost."""
        logger.warning(
            "batch %d (%s) is given up: %s", name.number, batch.batch_id or "without a name", error
        )
        self._health.problems.note(
            COMPONENT, _GIVEN_UP, f"a batch was given up, its users are asked about again: {error}"
        )
        await self._rows.write_off(name, batch, outcome, error)
        self._drop(name.number)

    def _drop(self, number: int) -> None:
        passing(BatchPoint.BATCH_SETTLED)
        self._reads.pop(number, None)
        with self._writer.begin() as txn:
            txn.model.delete_batch(number)

    def _keep(self, number: int, batch: ModelBatch, error: str) -> None:
        batch.polled_ms, batch.error = self._clock.now_ms(), error
        with self._writer.begin() as txn:
            txn.model.put_batch(number, batch)

    def _batches(self, batch: ModelBatch) -> Batches | None:
        model = self._models.get(batch.provider)
        return model.batches if model is not None else None

    def _show(self) -> None:
        """Say how it goes, and what keeps batches."""
        under_way = self._profiles.model.batches()
        kept = [f"batch {number} waits: {batch.error}" for number, batch in under_way if batch.error]
        if kept:
            more = f" (and {len(kept) - 1} others)" if len(kept) > 1 else ""
            self._health.problems.note(COMPONENT, _KEPT, kept[0] + more)
        else:
            self._health.problems.end(COMPONENT, _KEPT)
        if self._waves.too_dear_pico_usd is not None:
            most = self._waves.too_dear_pico_usd // PICO_A_MICRO
            message = (
                f"no batch is sent: one question can cost {most} micro-USD, more than budget.run_micro_usd"
            )
            self._health.problems.note(COMPONENT, _TOO_DEAR, message)
        else:
            self._health.problems.end(COMPONENT, _TOO_DEAR)
        self._progress.say()

    def _age_ms(self, batch: ModelBatch) -> int:
        return self._clock.now_ms() - batch.intended_ms
