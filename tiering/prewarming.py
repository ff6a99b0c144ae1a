"""Cores written before anybody asks, in batches at the provider's lower price, each of which is paid for once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from foreword.clock import DAY_MS, HOUR_MS, Clock
from foreword.config import Config
from foreword.errors import ForewordError
from foreword.llm import (
    Batches,
    BatchRow,
    Model,
    ModelError,
    ModelRequest,
    TokenUsage,
    cost_pico_usd,
    estimate_pico_usd,
)
from foreword.llm.custom_id import BatchName
from foreword.llm.recovery import Recovery, Trace, may_be_taken
from foreword.store.failpoints import passing
from foreword.store.v1 import answers_pb2
from foreword.store.v1.answers_pb2 import PrewarmBatch, Prewarmed
from foreword.store.v1.store_pb2 import BatchStage, ModelBatch
from foreword.tokens import count_tokens
from foreword.v1.answer_pb2 import PrivateReason, Tier
from foreword.v1.core_pb2 import Core, CoreFreshness, CoreOrigin
from tiering.accounts import Spent
from tiering.asked import asked_of
from tiering.cache import Cache
from tiering.cores import Asked
from tiering.errors import NotShareableError, UnusableAnswerError
from tiering.finding import Finding
from tiering.finishing import add_costs, finish
from tiering.rows import put_row, read_row
from tiering.wanted import Wanted
from tiering.writing import core_request, read_core

_UNDER_WAY, _SETTLED = b"p", b"P"
_OUTDATED = "outdated meanwhile"
# Of the 256 MB that the provider takes: a context of 200,000 bytes stands in every question.
_BATCH_BYTES_MAX = 128 << 20
# Answers of one transaction: some 30 ms, for which a sidecar that stores something waits.
_TOGETHER = 32
# The provider ends every batch after a day; one more hour for its clock and ours.
_AGE_MS_MAX = DAY_MS + HOUR_MS
# In a row: a provider that is down for minutes does not end a wait of hours, one that refuses for good does.
_ERRORS_MAX = 5
# Rows that are not there are read for again: a list that was cut off looks like one without them.
_READS_MAX = 3


class PrewarmPoint(StrEnum):
    """What has just been done, where a crash would hurt most."""

    INTENT_WRITTEN = "the questions are written, nothing is sent"
    BATCH_TAKEN = "the provider has the batch, its name is not written"
    NAME_WRITTEN = "the provider's name for the batch is written"
    ANSWERS_STORED = "some cores are stored, others are not"
    BATCH_SETTLED = "all answers are dealt with, the batch still stands"


class Plan(NamedTuple):
    """What is to be asked, and why not the rest.

    Attributes:
        cores: The questions to ask, as cores without words.
        most_pico_usd: The most that they can cost, all together.
        private: Those whose answer is not shared, and why.
        skipped: Counts of `fresh`, `twice` and `under way`, and of `beyond the limit` of what may be spent.
    """

    cores: list[Core]
    most_pico_usd: int
    private: list[tuple[Wanted, PrivateReason]]
    skipped: Counter[str]


class Done(NamedTuple):
    """What became of questions: counts by outcome, of which `prewarmed` is the good one, and what they cost."""

    counts: Counter[str]
    pico_usd: int


class Prewarming:
    """Has a model write cores in batches. One process at a time does; the caller holds a lock.

    What is under way is written down before it is sent, and goes when it is dealt with: a process that is killed leaves
    batches that the next one finds again at the provider, whatever it was started for.

    Args:
        cache: Where cores are stored.
        config: What is in force.
        clock: Tells the time.
    """

    def __init__(self, cache: Cache, config: Config, clock: Clock) -> None:
        self._cache = cache
        self._config = config
        self._clock = clock
        self._finding = Finding(cache, None, lambda: config.tiering, clock)
        self._recovery = Recovery()
        self._reads: Counter[int] = Counter()
        self._counts: Counter[str] = Counter()
        self._pico_usd = 0
        self._store_name = cache.digests.row("prewarming")[:4].hex()

    def under_way(self) -> int:
        """Return how many questions are at the provider, or were to be sent there when a process ended."""
        return sum(len(each.cores) for each in self._stored().batches)

    def plan(self, wanted: Sequence[Wanted], most_pico_usd: int | None) -> Plan:
        """Return what is to be asked: in the order of the file, as far as the money goes.

        Args:
            wanted: The questions.
            most_pico_usd: What may be spent at most; None: what is left of the day's budget.

        Raises:
            CacheError: The cache cannot be read.
        """
        batches = self._stored().batches
        limits = [most_pico_usd, self._cache.accounts.left_pico_usd()]
        room = min((limit for limit in limits if limit is not None), default=1 << 62)
        room -= sum(each.most_pico_usd for each in batches)
        known = dict.fromkeys((core.core_id for each in batches for core in each.cores), "under way")
        plan = Plan([], 0, [], Counter())
        most = 0
        for each in wanted:
            asked = each.question.asked
            core_id = self._cache.cores.id_of(asked).hex()
            core = Core(
                namespace=asked.namespace, locale=asked.locale, question=asked.question, core_id=core_id
            )
            core.tags.extend(each.question.tags)
            reason = each.question.private_reason()
            if reason:
                plan.private.append((each, reason))
                continue
            hit = self._finding.stored(asked)
            if core_id in known:
                plan.skipped[known[core_id]] += 1
            elif hit is not None and hit.found.freshness == CoreFreshness.CORE_FRESHNESS_FRESH:
                plan.skipped["fresh"] += 1
            elif plan.skipped["beyond the limit"] or most + (cost := self._most_pico_usd(core)) > room:
                plan.skipped["beyond the limit"] += 1
            else:
                most += cost
                plan.cores.append(core)
                known[core_id] = "twice"
        return plan._replace(most_pico_usd=most)

    async def run(self, plan: Plan, model: Model, show: Callable[[int, int], None]) -> Done:
        """Send what is planned, and deal with it and with what was under way until all of it has ended.

        Args:
            plan: From `plan`.
            model: Is asked.
            show: Takes how many questions have ended, and how many there are.

        Raises:
            ModelError: The provider refuses. What it has is kept, and found again by the next run.
            CacheError: The cache cannot be written; likewise.
            ForewordError: The model's server takes no batches.
        """
        batches = model.batches
        if batches is None:
            raise ForewordError(
                f"{model.name} takes no batches",
                hint="tiering.provider anthropic does; its cores are written as asked",
            )
        total = self.under_way() + len(plan.cores)
        for cores in self._chunks(plan.cores):
            await self._send(cores, model.name, batches)
        errors = 0
        while True:
            try:
                for each in self._stored().batches:
                    await self._follow(each, batches)
                errors = 0
            except ModelError as exc:
                errors += 1
                if errors == _ERRORS_MAX or exc.failure in ("unauthorized", "rejected"):
                    raise
            left = self.under_way()
            show(total - left, total)
            if not left:
                return Done(self._counts, self._pico_usd)
            await asyncio.sleep(self._config.agent.batch_poll_seconds)

    # -- sending ----------------------------------------------------------------------------------------------

    async def _send(self, cores: Sequence[Core], provider: str, batches: Batches) -> None:
        each = self._intend(cores, provider)
        passing(PrewarmPoint.INTENT_WRITTEN)
        name = self._name(each)
        requests = [(name.question(place), self._request(core)) for place, core in enumerate(cores)]
        try:
            state = await batches.create(requests)
        except ModelError as exc:
            # Where nobody knows, the next run looks at the provider's list.
            if not may_be_taken(exc):
                self._drop(each)
            raise
        passing(PrewarmPoint.BATCH_TAKEN)
        self._sent(each, state.batch_id)

    def _intend(self, cores: Sequence[Core], provider: str) -> PrewarmBatch:
        stored = self._stored()
        stored.last_number += 1
        batch = ModelBatch(
            stage=BatchStage.BATCH_STAGE_INTENDED,
            intended_ms=self._clock.now_ms(),
            provider=provider,
            model=self._config.tiering.model,
            item_count=len(cores),
        )
        most = sum(map(self._most_pico_usd, cores))
        each = stored.batches.add(number=stored.last_number, batch=batch, cores=cores, most_pico_usd=most)
        self._write(stored)
        return each

    def _sent(self, each: PrewarmBatch, batch_id: str) -> None:
        stored = self._stored()
        for other in stored.batches:
            if other.number == each.number:
                other.batch.stage, other.batch.batch_id = BatchStage.BATCH_STAGE_SENT, batch_id
                each.CopyFrom(other)
        self._write(stored)
        passing(PrewarmPoint.NAME_WRITTEN)

    def _drop(self, each: PrewarmBatch) -> None:
        stored = self._stored()
        left = [other for other in stored.batches if other.number != each.number]
        self._write(answers_pb2.Prewarming(last_number=stored.last_number, batches=left))
        self._cache.made.delete(_key(each))

    # -- what is under way ------------------------------------------------------------------------------------

    async def _follow(self, each: PrewarmBatch, batches: Batches) -> None:
        """Bring one batch as far as it will go now."""
        is_sent = each.batch.stage == BatchStage.BATCH_STAGE_SENT
        if not is_sent and not await self._found(each, batches):
            return
        state = await batches.state(each.batch.batch_id)
        if state is not None and state.has_ended:
            await self._settle(each, batches)
        elif self._clock.now_ms() - each.batch.intended_ms > _AGE_MS_MAX:
            self._give_up(each)

    async def _found(self, each: PrewarmBatch, batches: Batches) -> bool:
        """Look for a batch of which only the intent is stored; one that never arrived is sent."""
        batch, now_ms = each.batch, self._clock.now_ms()
        finding = await self._recovery.look(
            self._name(each),
            batch,
            batches,
            known={other.batch.batch_id for other in self._stored().batches},
            now_ms=now_ms,
            grace_ms=int(1000 * self._config.agent.batch_grace_seconds),
        )
        if finding.state is not None:
            self._sent(each, finding.state.batch_id)
            return True
        if finding.trace is Trace.ABSENT:
            self._drop(each)
            current = [core for core in each.cores if self._asked(core) is not None]
            if len(current) < len(each.cores):
                self._counts[_OUTDATED] += len(each.cores) - len(current)
            if current:
                await self._send(current, batch.provider, batches)
        elif finding.trace is Trace.UNDECIDED and now_ms - batch.intended_ms > _AGE_MS_MAX:
            self._give_up(each)
        return False

    async def _settle(self, each: PrewarmBatch, batches: Batches) -> None:
        """Deal with the answers of a batch that has ended: each once, in whatever order and however often they come."""
        name = self._name(each)
        done = set((read_row(self._cache.made, _key(each), Prewarmed) or Prewarmed()).places)
        chunk: dict[int, BatchRow] = {}
        async with aclosing(batches.rows(each.batch.batch_id)) as rows:
            async for row in rows:
                place = name.place(row.custom_id)
                if place is not None and place < len(each.cores) and place not in done:
                    chunk[place] = row
                if len(chunk) == _TOGETHER:
                    self._store(each, chunk, done)
                    chunk = {}
        self._store(each, chunk, done)
        self._reads[each.number] += 1
        if len(done) == len(each.cores):
            passing(PrewarmPoint.BATCH_SETTLED)
            self._drop(each)
        elif self._reads[each.number] == _READS_MAX:
            self._give_up(each)

    def _store(self, each: PrewarmBatch, rows: dict[int, BatchRow], done: set[int]) -> None:
        """Store cores, what they cost, and that they are dealt with: all of it or nothing."""
        with self._cache.made.writing():
            for place, row in rows.items():
                self._counts[self._outcome(each, each.cores[place], row)] += 1
            done.update(rows)
            put_row(self._cache.made, _key(each), Prewarmed(places=sorted(done)))
            self._cache.accounts.flush()
        passing(PrewarmPoint.ANSWERS_STORED)

    def _outcome(self, each: PrewarmBatch, wanted: Core, row: BatchRow) -> str:
        if row.answer is None:
            return f"no answer ({row.outcome})"
        cost = self._spend(each, row.answer.usage)
        asked = self._asked(wanted)
        if asked is None:
            return _OUTDATED
        try:
            core = read_core(row.answer, wanted.question)
        except NotShareableError:
            return "not shareable"
        except UnusableAnswerError:
            return "unusable"
        finish(core, asked, wanted.tags, CoreOrigin.CORE_ORIGIN_PREWARMED, self._clock.now_ms())
        core.revisions.CopyFrom(self._cache.cores.revisions(asked.namespace))
        add_costs(core, [cost])
        self._cache.put(asked, core)
        return "prewarmed"

    def _give_up(self, each: PrewarmBatch) -> None:
        """End what is left of a batch, at the most that it can have cost."""
        done = read_row(self._cache.made, _key(each), Prewarmed) or Prewarmed()
        lost = len(each.cores) - len(done.places)
        with self._cache.made.writing():
            for _ in range(lost):
                self._spend(each, None)
            self._cache.accounts.flush()
        self._counts["lost"] += lost
        self._drop(each)

    def _spend(self, each: PrewarmBatch, usage: TokenUsage | None) -> Spent:
        price = self._config.agent.prices.get(each.batch.model)
        if usage is None or price is None:
            # Nobody can say: its share of what the batch can cost at most.
            cost = each.most_pico_usd // len(each.cores)
        else:
            cost = cost_pico_usd(usage, price, in_batch=True)
        spent = Spent(Tier.TIER_CORE, usage or TokenUsage(), cost)
        self._cache.accounts.spend(spent)
        self._pico_usd += cost
        return spent

    # -- questions and rows -----------------------------------------------------------------------------------

    def _request(self, core: Core) -> ModelRequest:
        tiering = self._config.tiering
        return core_request(
            core.question,
            locale=core.locale,
            context=self._cache.context,
            model=tiering.model,
            output_tokens_max=tiering.output_tokens_max,
        )

    def _most_pico_usd(self, core: Core) -> int:
        request = self._request(core)
        read = _front_tokens(request.instructions + request.shared) + count_tokens(request.prompt)
        price = self._config.agent.prices[request.model]
        return estimate_pico_usd(read, request.output_tokens_max, price, in_batch=True)

    def _chunks(self, cores: Sequence[Core]) -> Iterator[Sequence[Core]]:
        count = self._config.agent.batch_users_max
        if cores:
            request = self._request(cores[0])
            size = len(f"{request.instructions}{request.shared}{request.prompt}{request.schema}".encode())
            count = max(1, min(count, _BATCH_BYTES_MAX // size))
        for start in range(0, len(cores), count):
            yield cores[start : start + count]

    def _asked(self, core: Core) -> Asked | None:
        """Return the question of a core; None where a core of it would be made of something else by now."""
        asked = asked_of(core.question, core.namespace, core.locale)
        return asked if self._cache.cores.id_of(asked).hex() == core.core_id else None

    def _name(self, each: PrewarmBatch) -> BatchName:
        return BatchName(self._store_name, each.batch.intended_ms, each.number)

    def _stored(self) -> answers_pb2.Prewarming:
        return read_row(self._cache.kept, _UNDER_WAY, answers_pb2.Prewarming) or answers_pb2.Prewarming()

    def _write(self, stored: answers_pb2.Prewarming) -> None:
        put_row(self._cache.kept, _UNDER_WAY, stored)


def _key(each: PrewarmBatch) -> bytes:
    return _SETTLED + each.number.to_bytes(8, "big")


@lru_cache(maxsize=1)
def _front_tokens(front: str) -> int:
    # The same for all questions, and with a context some tenths of a second's work.
    return count_tokens(front)
