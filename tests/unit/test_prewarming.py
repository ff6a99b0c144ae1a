"""What is asked before anybody asks, what is left out, and what becomes of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from model_servers import running_model_server

from foreword.clock import DAY_MS, ManualClock
from foreword.config import Config
from foreword.errors import ForewordError
from foreword.llm import (
    BatchRow,
    BatchState,
    Model,
    ModelAnswer,
    ModelError,
    ModelFailure,
    ModelRequest,
    TokenUsage,
    connect,
)
from foreword.v1.answer_pb2 import PrivateReason
from foreword.v1.answer_service_pb2 import AnswerRequest
from foreword.v1.core_pb2 import CoreOrigin
from tiering.asked import Question
from tiering.cache import Cache
from tiering.prewarming import Done, Plan, Prewarming
from tiering.wanted import Wanted

NOW_MS = 1_790_000_000_000
EXPORT, SEND = "How do I export invoices?", "How do I send an invoice?"
NO_WAIT = {"batch_poll_seconds": 0.001, "batch_grace_seconds": 0.0}


def config_of(**agent: object) -> Config:
    tiering = {"provider": "anthropic", "day_micro_usd": 1_000_000}
    return Config.model_validate({"tiering": tiering, "agent": {**NO_WAIT, **agent}})


@contextmanager
def opened(folder: Path, config: Config, clock: ManualClock) -> Iterator[tuple[Cache, Prewarming]]:
    cache = Cache.open(folder, config.tiering, clock)
    try:
        yield cache, Prewarming(cache, config, clock)
    finally:
        cache.close()


def wanted(*questions: str) -> list[Wanted]:
    return [
        Wanted(line, Question.of(AnswerRequest(question=question, tags=["billing"]), "en"))
        for line, question in enumerate(questions, 1)
    ]


def run(prewarming: Prewarming, plan: Plan, model: Model) -> Done:
    return asyncio.run(prewarming.run(plan, model, lambda _done, _total: None))


class _Provider:
    """A model's batches as a test has them: what it takes, and what becomes of each question."""

    name = "anthropic"

    def __init__(self, say: Callable[[str], BatchRow]) -> None:
        self.say = say
        self.taken: list[list[str]] = []
        self.refuses: ModelError | None = None
        self.forgets = False
        self.after_create: Callable[[], object] = lambda: None

    @property
    def batches(self) -> _Provider:
        return self

    async def create(self, requests: Sequence[tuple[str, ModelRequest]]) -> BatchState:
        if self.refuses is not None:
            raise self.refuses
        self.taken.append([custom_id for custom_id, _ in requests])
        self.after_create()
        return self._state(len(self.taken) - 1)

    async def state(self, batch_id: str) -> BatchState | None:
        return None if self.forgets else self._state(int(batch_id))

    async def newest(self, since_ms: int) -> list[BatchState]:
        assert since_ms < NOW_MS
        return [self._state(number) for number in range(len(self.taken))]

    async def rows(self, batch_id: str) -> AsyncGenerator[BatchRow]:
        for custom_id in self.taken[int(batch_id)]:
            yield self.say(custom_id)
            yield self.say(custom_id)

    async def ask(self, _request: ModelRequest) -> ModelAnswer:
        raise AssertionError("a batch costs half")

    async def count_tokens(self, _request: ModelRequest) -> int:
        raise AssertionError("tokens are counted here")

    async def close(self) -> None:
        pass

    def _state(self, number: int) -> BatchState:
        return BatchState(str(number), NOW_MS, has_ended=True, request_count=len(self.taken[number]))


def unusable(custom_id: str) -> BatchRow:
    answer = ModelAnswer("no JSON", "end", "m", TokenUsage(input_tokens=1000, output_tokens=10))
    return BatchRow(custom_id, "succeeded", answer)


def refusal(failure: ModelFailure, status: int, *, may_be_billed: bool = False) -> ModelError:
    return ModelError("no", failure=failure, status=status, may_be_billed=may_be_billed)


def test_cores_are_written_at_half_price_and_answer_at_once(tmp_path: Path) -> None:
    """They carry their tags and their cost, and count as the first asker's would."""
    with running_model_server(ManualClock(NOW_MS)) as server:
        config = config_of(base_url=server.url)
        model = connect(config.agent, {"ANTHROPIC_API_KEY": "k"}, "anthropic")
        assert model is not None
        with opened(tmp_path, config, ManualClock(NOW_MS)) as (cache, prewarming):
            questions = wanted(EXPORT, SEND)
            plan = prewarming.plan(questions, None)
            done = run(prewarming, plan, model)
            assert done.counts == {"prewarmed": 2}
            assert 0 < done.pico_usd < plan.most_pico_usd
            found = cache.cores.find(questions[0].question.asked)
            assert found is not None
            assert (found.core.question, found.core.tags) == (EXPORT, ["billing"])
            assert found.core.origin == CoreOrigin.CORE_ORIGIN_PREWARMED
            price = config.agent.prices[config.tiering.model]
            tokens = found.core.input_tokens * price.input + found.core.output_tokens * price.output
            assert found.core.cost_micro_usd <= tokens / 2 * (1 + price.cache_write / price.input)  # type: ignore[operator]
            (cost,) = cache.accounts.totals().costs
            assert (cost.calls, cost.micro_usd) == (2, round(done.pico_usd / 1e6))
            again = prewarming.plan(questions, None)
            assert (again.cores, again.skipped) == ([], {"fresh": 2})


def test_plan_leaves_out_what_is_not_to_be_asked(tmp_path: Path) -> None:
    """Private questions with their reason, the same question twice, and what goes beyond the money, from there on."""
    with opened(tmp_path, config_of(), ManualClock(NOW_MS)) as (_, prewarming):
        one = prewarming.plan(wanted(EXPORT), None).most_pico_usd
        asked = wanted(EXPORT, "When was my last invoice sent?", "how do i export invoices", SEND, EXPORT)
        plan = prewarming.plan(asked, one)
        assert [core.question for core in plan.cores] == [EXPORT]
        assert [(each.line, reason) for each, reason in plan.private] == [
            (2, PrivateReason.PRIVATE_REASON_ASKER)
        ]
        assert plan.skipped == {"twice": 2, "beyond the limit": 1}
        assert plan.most_pico_usd == one
        assert prewarming.plan(wanted(EXPORT), one - 1).skipped == {"beyond the limit": 1}


def test_day_budget_is_respected(tmp_path: Path) -> None:
    """What others spent today, and what is under way, is not there again."""
    with opened(tmp_path, config_of(), ManualClock(NOW_MS)) as (_, prewarming):
        many = wanted(*(f"How do I export report {number}?" for number in range(200)))
        first = prewarming.plan(many, None)
        assert 0 < len(first.cores) < 200
        assert first.most_pico_usd <= 1e12
        provider = _Provider(unusable)
        provider.refuses = refusal("timed_out", 0, may_be_billed=True)
        with pytest.raises(ModelError):
            run(prewarming, first, provider)
        assert prewarming.under_way() == len(first.cores)
        second = prewarming.plan(many, None)
        assert second.skipped["under way"] == len(first.cores)
        assert not second.cores


def test_unusable_answers_are_paid_for_and_not_stored(tmp_path: Path) -> None:
    """Each row counts once, however often it comes."""
    with opened(tmp_path, config_of(), ManualClock(NOW_MS)) as (cache, prewarming):
        done = run(prewarming, prewarming.plan(wanted(EXPORT, SEND), None), _Provider(unusable))
        assert done.counts == {"unusable": 2}
        (cost,) = cache.accounts.totals().costs
        assert (cost.calls, cost.input_tokens) == (2, 2000)
        assert prewarming.under_way() == 0


def test_what_was_invalidated_meanwhile_is_not_stored(tmp_path: Path) -> None:
    """An answer written before an epoch began says what no longer holds."""
    with opened(tmp_path, config_of(), ManualClock(NOW_MS)) as (cache, prewarming):
        provider = _Provider(unusable)
        provider.after_create = lambda: cache.cores.begin_epoch("")
        done = run(prewarming, prewarming.plan(wanted(EXPORT), None), provider)
        assert done.counts == {"outdated meanwhile": 1}


def test_refused_batch_leaves_nothing_under_way(tmp_path: Path) -> None:
    """Asked again later, its questions are new."""
    with opened(tmp_path, config_of(), ManualClock(NOW_MS)) as (_, prewarming):
        provider = _Provider(unusable)
        provider.refuses = refusal("rate_limited", 429)
        plan = prewarming.plan(wanted(EXPORT), None)
        with pytest.raises(ModelError):
            run(prewarming, plan, provider)
        assert prewarming.under_way() == 0


def test_batch_that_never_arrived_is_sent_by_the_next_run(tmp_path: Path) -> None:
    """Nobody knew whether it was taken; not listed, it was not."""
    with opened(tmp_path, config_of(), ManualClock(NOW_MS)) as (_, prewarming):
        provider = _Provider(unusable)
        provider.refuses = refusal("timed_out", 0, may_be_billed=True)
        with pytest.raises(ModelError):
            run(prewarming, prewarming.plan(wanted(EXPORT, SEND), None), provider)
        provider.refuses = None
        done = run(prewarming, prewarming.plan([], None), provider)
        assert done.counts == {"unusable": 2}
        assert len(provider.taken) == 1


def test_batch_that_the_provider_lost_counts_at_its_most(tmp_path: Path) -> None:
    """After 25 hours nobody waits any longer."""
    clock = ManualClock(NOW_MS)
    with opened(tmp_path, config_of(), clock) as (cache, prewarming):
        provider = _Provider(unusable)
        provider.forgets = True
        provider.after_create = lambda: clock.advance(DAY_MS + DAY_MS // 12)
        plan = prewarming.plan(wanted(EXPORT), None)
        done = run(prewarming, plan, provider)
        assert (done.counts, done.pico_usd) == ({"lost": 1}, plan.most_pico_usd)
        assert cache.accounts.left_pico_usd() == 10**12 - plan.most_pico_usd


def test_rows_that_stay_away_are_read_for_again_and_then_lost(tmp_path: Path) -> None:
    """Those that came are kept; each of the others counts at its most."""
    with opened(tmp_path, config_of(), ManualClock(NOW_MS)) as (cache, prewarming):

        def first_alone(custom_id: str) -> BatchRow:
            return unusable(custom_id if custom_id.endswith("-0") else "of somebody else")

        plan = prewarming.plan(wanted(EXPORT, SEND), None)
        done = run(prewarming, plan, _Provider(first_alone))
        assert done.counts == {"unusable": 1, "lost": 1}
        (cost,) = cache.accounts.totals().costs
        assert cost.calls == 2


def test_provider_that_refuses_for_good_ends_the_wait(tmp_path: Path) -> None:
    """A key that is no longer accepted is said at once; what was sent is kept."""
    with opened(tmp_path, config_of(), ManualClock(NOW_MS)) as (_, prewarming):
        provider = _Provider(unusable)

        async def locked(_batch_id: str) -> BatchState | None:
            raise refusal("unauthorized", 401)

        provider.state = locked  # type: ignore[method-assign]
        with pytest.raises(ModelError):
            run(prewarming, prewarming.plan(wanted(EXPORT), None), provider)
        assert prewarming.under_way() == 1


def test_server_without_batches_says_so(tmp_path: Path) -> None:
    """Nothing is sent one by one at full price instead."""
    config = config_of(base_url="http://127.0.0.1:9")
    model = connect(config.agent, {"OPENAI_API_KEY": "k"}, "openai-chat")
    assert model is not None
    with opened(tmp_path, config, ManualClock(NOW_MS)) as (_, prewarming):
        plan = prewarming.plan(wanted(EXPORT), None)
        with pytest.raises(ForewordError, match="takes no batches"):
            run(prewarming, plan, model)
