"""Making waves: the questions of many users, made a few at a time, and stored before any is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from foreword.clock import DAY_MS, Clock
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.llm import ModelRequest
from foreword.llm.custom_id import BatchName
from foreword.store import ProfileReader, ProfileWriter
from foreword.store.failpoints import passing
from foreword.store.model_writer import ModelTransaction
from foreword.store.v1.store_pb2 import BatchStage, ModelBatch
from foreword.v1.model_work_pb2 import ModelItem, ModelWait
from scheduler.model.asking_rules import under_way
from scheduler.model.batch_point import BatchPoint
from scheduler.model.choice import BATCH, Choice
from scheduler.model.spend import PICO_A_MICRO, Spend
from scheduler.model.wave import Draft, Wave, WaveLimits, ready, returned

# The queue of the provider's lowest tier; what is above is turned away with 429. In memory there is nothing of it.
_USERS_UNDER_WAY_MAX = 100_000
# Each is asked for once in `agent.batch_poll_seconds`.
_BATCHES_UNDER_WAY_MAX = 200
# Each segment may have a model of its own: so many users hold a full wave of some model, if there is one.
_MODELS_MAX = 4
# Users looked at without a turn of the event loop: a few milliseconds.
_TURN_USERS = 100


class Drafting(Protocol):
    """Makes questions; what it finds of users who are not asked about now is written by `flush`."""

    not_yet_pico_usd: int | None
    """What the last question would have cost that waits for the end of those under way; None when none does."""

    @property
    def paused_count(self) -> int:
        """How many users at most are stepped over in the queue for a pause of their own."""
        ...

    def choice(self, user: UserKey) -> Choice | None:
        """Return who is asked about a user in a batch now; None when nobody is."""
        ...

    async def draft(self, user: UserKey, choice: Choice) -> Draft | None:
        """Make the question about a user; None when none is to be asked now."""
        ...

    def flush(self) -> None:
        """Move those who are not asked about now in the queue."""
        ...


class StoredWave(NamedTuple):
    """A wave that is stored and is to be sent."""

    name: BatchName
    batch: ModelBatch
    requests: Sequence[tuple[str, ModelRequest]]
    """Custom id and question, by place."""


class Waves:
    """Makes the waves that are due.

    One wave's questions are in memory at a time. They are made one a turn of the event loop, so that triggers are seen
    in between. What is to be sent is stored before in one transaction: its users leave the queue, and each question
    stays until it is dealt with.

    Attributes:
        too_dear_pico_usd: The most that the question costs that is next, when it alone is beyond the limit of a batch.
    """

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        drafting: Drafting,
        spend: Spend,
        *,
        clock: Clock,
        live: FollowedConfig,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._drafting = drafting
        self._spend = spend
        self._clock = clock
        self._live = live
        self._is_stopped = False
        self.too_dear_pico_usd: int | None = None

    def stop(self) -> None:
        """Make no further question, and store none."""
        self._is_stopped = True

    async def next(self) -> StoredWave | None:
        """Make and store the next wave; None when none is due, or nothing may go out.

        Raises:
            StoreError: The store fails; nothing was stored.
        """
        limits = self._limits()
        if limits.users_max <= 0:
            return None
        for choice, users in (await self._ready()).items():
            wave = await self._gather(choice, users, limits)
            self._drafting.flush()
            passing(BatchPoint.WAVE_GATHERED)
            stored = None if self._is_stopped else self._store(choice, wave.drafts)
            if stored is not None:
                passing(BatchPoint.INTENT_WRITTEN)
                return stored
        return None

    def give_back(self, number: int, wait: ModelWait, until_ms: int) -> None:
        """Queue the users of a batch that the provider does not have; nothing of it costs anything.

        Raises:
            StoreError: The store fails; nobody was queued.
        """
        now_ms = self._clock.now_ms()
        items = list(self._profiles.model.items(number))
        with self._writer.begin() as txn:
            for place, item in items:
                txn.model.delete_item(number, place)
                user = UserKey(item.user_key)
                former = txn.model.state(user) if user else None
                if former is not None and (former.batch, former.batch_item) == (number, place):
                    txn.model.schedule(user, returned(former, item, wait, until_ms, now_ms))
            txn.model.delete_batch(number)
        self._spend.release(sum(item.reserved_pico_usd for _, item in items))

    def _limits(self) -> WaveLimits:
        under_way = [batch for _, batch in self._profiles.model.batches()]
        room = _USERS_UNDER_WAY_MAX - sum(batch.item_count for batch in under_way)
        users_max = min(room, self._live.current.agent.batch_users_max)
        run, left = self._live.current.budget.run_micro_usd, self._spend.left_today_pico_usd()
        costs = [
            1 << 62,
            *([run * PICO_A_MICRO] if run is not None else []),
            *([left] if left is not None else []),
        ]
        return WaveLimits(users_max if len(under_way) < _BATCHES_UNDER_WAY_MAX else 0, min(costs))

    async def _ready(self) -> Mapping[Choice, Sequence[UserKey]]:
        now_ms, agent = self._clock.now_ms(), self._live.current.agent
        limit = _MODELS_MAX * agent.batch_users_max + self._drafting.paused_count
        due = self._profiles.model.due(BATCH, now_ms + 1, limit)
        choices: dict[UserKey, Choice] = {}
        for number, (_, user) in enumerate(due):
            if (choice := self._drafting.choice(user)) is not None:
                choices[user] = choice
            if number % _TURN_USERS == 0:
                await asyncio.sleep(0)
        self._drafting.flush()
        return ready(due, choices, now_ms, agent)

    async def _gather(self, choice: Choice, users: Sequence[UserKey], limits: WaveLimits) -> Wave:
        wave = Wave(limits)
        self.too_dear_pico_usd = None
        for user in users:
            if wave.is_full or self._is_stopped:
                break
            draft = await self._drafting.draft(user, choice)
            await asyncio.sleep(0)
            # Whoever does not fit begins the next wave; looking for a smaller one behind them would let them wait.
            if draft is None and self._waits_for_money():
                break
            if draft is not None and not wave.add(draft):
                if not wave.drafts:
                    self.too_dear_pico_usd = draft.question.call.cost_pico_usd
                break
        return wave

    def _waits_for_money(self) -> bool:
        """Return whether the day's budget lets no question out now: those to come would be made in vain."""
        is_short = self._spend.short_day == self._clock.now_ms() // DAY_MS
        return is_short or self._drafting.not_yet_pico_usd is not None

    def _store(self, choice: Choice, drafts: Sequence[Draft]) -> StoredWave | None:
        """Write the intent; users who moved on while the wave was made are not in it."""
        now_ms = self._clock.now_ms()
        with self._writer.begin() as txn:
            kept = [draft for draft in drafts if txn.model.state(draft.question.user) == draft.state]
            if not kept:
                return None
            number = txn.model.new_batch()
            batch = ModelBatch(
                stage=BatchStage.BATCH_STAGE_INTENDED,
                intended_ms=now_ms,
                provider=choice.provider,
                model=choice.model,
                item_count=len(kept),
            )
            txn.model.put_batch(number, batch)
            for place, draft in enumerate(kept):
                _put(txn.model, number, place, draft, now_ms)
        self._spend.reserve(sum(draft.question.call.cost_pico_usd for draft in kept))
        name = BatchName.of(self._writer.environment_id, number, now_ms)
        requests = [(name.question(place), draft.request) for place, draft in enumerate(kept)]
        return StoredWave(name, batch, requests)


def _put(txn: ModelTransaction, number: int, place: int, draft: Draft, now_ms: int) -> None:
    question = draft.question
    item = ModelItem(
        user_key=question.user,
        event_hashes=question.event_hashes,
        seen_seq=question.seen_seq,
        segment=question.call.segment,
        reason=question.call.reason,
        reserved_pico_usd=question.call.cost_pico_usd,
    )
    txn.put_item(number, place, item)
    state = under_way(draft.state, now_ms)
    state.batch, state.batch_item = number, place
    txn.schedule(question.user, state)
