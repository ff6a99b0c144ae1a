"""Each provider against the model server: every fault it has, and not a token that is not accounted for."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import waiting
from conformance.dialects import DIALECTS, Dialect
from model_servers import REFRESH_PROMPT, RunningModelServer, running_model_server

from foreword.clock import SystemClock
from foreword.llm import (
    Batches,
    BatchRow,
    BatchState,
    Model,
    ModelAnswer,
    ModelError,
    ModelRequest,
    Repair,
    TokenUsage,
    UsageReport,
)
from scheduler.agent.prompt import answer_schema

KEY = "sk-test-0123456789"
REQUEST = ModelRequest(
    model="claude-haiku-4-5",
    # Longer than the model's minimum of 4,096 tokens, below which nothing is cached.
    instructions="Answer with operations that the events support. " * 700,
    shared="Population: 10 users.",
    prompt=REFRESH_PROMPT,
    schema=answer_schema(),
    output_tokens_max=1500,
)

Story = Callable[[Model, RunningModelServer], Awaitable[None]]


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return request.param


def tell(dialect: Dialect, story: Story, *, timeout_seconds: float = 20.0, **options: object) -> None:
    async def run(server: RunningModelServer) -> None:
        model = dialect.make(KEY, base_url=server.url, timeout_seconds=timeout_seconds, calls_max=64)
        try:
            await story(model, server)
        finally:
            await model.close()

    with running_model_server(key=KEY, **options) as server:
        asyncio.run(run(server))


async def outcome(model: Model) -> ModelAnswer | ModelError:
    try:
        return await model.ask(REQUEST)
    except ModelError as error:
        return error


def counted(server: RunningModelServer, tier: str = "standard") -> TokenUsage:
    """Return the server's own count of a tier."""
    total: Counter[str] = Counter()
    for row in server.count()["tokens"]:
        if row["tier"] == tier:
            total.update({key: value for key, value in row.items() if key.endswith("_tokens")})
    return TokenUsage(
        total["input_tokens"], total["cache_read_tokens"], total["cache_write_tokens"], total["output_tokens"]
    )


def summed(usages: list[TokenUsage]) -> TokenUsage:
    return TokenUsage(
        sum(usage.input_tokens for usage in usages),
        sum(usage.cache_read_tokens for usage in usages),
        sum(usage.cache_write_tokens for usage in usages),
        sum(usage.output_tokens for usage in usages),
    )


def test_a_refresh_prompt_is_answered(dialect: Dialect) -> None:
    """The answer is JSON by the schema, it can be repaired, and what it cost is what the server counted."""

    async def story(model: Model, server: RunningModelServer) -> None:
        answer = await model.ask(REQUEST)
        assert answer.stop_reason == "end"
        assert {operation["op"] for operation in json.loads(answer.text)["operations"]}
        repaired = await model.ask(
            replace(REQUEST, repair=Repair(answer.text, "operations[0]: no such event"))
        )
        assert "operations" in json.loads(repaired.text)
        spent = summed([answer.usage, repaired.usage])
        seen = counted(server)
        assert spent.output_tokens == seen.output_tokens
        if dialect.has_cache_writes:
            assert spent == seen
            assert repaired.usage.cache_read_tokens > 4096

    tell(dialect, story)


@pytest.mark.parametrize(
    ("fault", "failure", "may_be_billed"),
    [
        ("rate-limited", "rate_limited", False),
        ("overloaded", "overloaded", False),
        ("server-error", "unavailable", False),
        ("unavailable", "unavailable", False),
        ("slow", "timed_out", True),
        ("dropped-before-headers", "unavailable", True),
        ("dropped-mid-body", "unavailable", True),
        ("truncated-body", "malformed", True),
    ],
)
def test_a_call_that_fails_says_how(dialect: Dialect, fault: str, failure: str, may_be_billed: bool) -> None:
    """Each fault of a call is one kind of failure; what the server counted is never said to cost nothing."""

    async def story(model: Model, server: RunningModelServer) -> None:
        server.faults(fault, times=1)
        error = await outcome(model)
        assert isinstance(error, ModelError)
        assert (error.failure, error.may_be_billed) == (failure, may_be_billed)
        assert error.retry_after_seconds == (60.0 if fault == "rate-limited" else None)
        assert may_be_billed or counted(server) == TokenUsage()
        assert isinstance(await outcome(model), ModelAnswer)

    tell(dialect, story, timeout_seconds=1.0 if fault == "slow" else 20.0)


@pytest.mark.parametrize(
    ("fault", "stop_reason"),
    [
        ("cut-answer", "end"),
        ("wrong-schema", "end"),
        ("refusal", "refusal"),
        ("max-tokens", "max_tokens"),
        ("invented-events", "end"),
        ("invented-beliefs", "end"),
        ("injected-text", "end"),
        ("emptied", "end"),
        ("wrong-language", "end"),
        ("huge-answer", "max_tokens"),
    ],
)
def test_what_a_model_says_is_passed_on(dialect: Dialect, fault: str, stop_reason: str) -> None:
    """However bad an answer is, it is an answer, with why it stopped and what it cost."""

    async def story(model: Model, server: RunningModelServer) -> None:
        server.faults(fault, times=1)
        answer = await outcome(model)
        assert isinstance(answer, ModelAnswer)
        assert answer.usage.output_tokens == counted(server).output_tokens
        assert answer.stop_reason in (stop_reason, "end" if fault == "huge-answer" else stop_reason)

    tell(dialect, story)


def test_a_wrong_key_is_told_from_other_faults(dialect: Dialect) -> None:
    """A key that the server does not accept is `unauthorized`, and the hint says where it is set."""

    async def story() -> None:
        with running_model_server(key="another") as server:
            model = dialect.make(KEY, base_url=server.url, timeout_seconds=20, calls_max=1)
            error = await outcome(model)
            await model.close()
        assert isinstance(error, ModelError)
        assert error.failure == "unauthorized"
        assert "agent.api_key_file" in error.hint
        assert KEY not in f"{error!r} {error}"

    asyncio.run(story())


def test_limits_reach_whoever_asks(dialect: Dialect) -> None:
    """Where the server states its limits, answers and refusals carry them."""

    async def story(model: Model, server: RunningModelServer) -> None:
        results = [await outcome(model) for _ in range(4)]
        assert isinstance(results[3], ModelError)
        assert results[3].failure == "rate_limited"
        for result in results if dialect.has_cache_writes else ():
            (requests,) = (limit for limit in result.limits if limit.counted == "requests")
            assert requests.limit == 3
            assert 0 <= requests.remaining < 3

    tell(dialect, story, requests_per_minute=3)


def test_no_token_is_lost_while_calls_fail(dialect: Dialect) -> None:
    """With calls failing in every way at once, what the server counted is what answers cost, and what may be billed."""

    async def story(model: Model, server: RunningModelServer) -> None:
        for fault in (
            "overloaded",
            "server-error",
            "dropped-mid-body",
            "truncated-body",
            "refusal",
            "max-tokens",
        ):
            server.faults(fault, share=0.15)
        results = await asyncio.gather(*(outcome(model) for _ in range(200)))
        known = summed([result.usage for result in results if result.usage is not None])
        lost = [result for result in results if isinstance(result, ModelError) and result.may_be_billed]
        seen = server.count()
        assert seen["outcomes"]["unheard"] == len(lost) > 0
        assert known.output_tokens < counted(server).output_tokens
        assert seen["outcomes"]["answered"] == sum(isinstance(result, ModelAnswer) for result in results)

    tell(dialect, story)


def test_count_tokens_is_no_less_than_what_is_read(dialect: Dialect) -> None:
    """What is counted beforehand is what the call then reads, or more."""

    async def story(model: Model, server: RunningModelServer) -> None:
        beforehand = await model.count_tokens(REQUEST)
        usage = (await model.ask(REQUEST)).usage
        read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        assert read <= beforehand <= 1.2 * read

    tell(dialect, story)


async def ended(batches: Batches, batch: BatchState) -> None:
    async def state() -> BatchState | None:
        return await batches.state(batch.batch_id)

    for _ in range(2000):
        found = await state()
        if found is not None and found.has_ended:
            return
        await waiting.let_pass_async(0.01)
    raise AssertionError(f"{batch} has not ended")


async def read(batches: Batches, batch: BatchState) -> list[BatchRow]:
    return [row async for row in batches.rows(batch.batch_id)]


def questions(count: int) -> list[tuple[str, ModelRequest]]:
    return [(f"u-{number}", REQUEST) for number in range(count)]


def test_a_batch_with_every_fault_is_accounted_for() -> None:
    """Rows that expire, fail, come twice or not at all: each question has one state, each answer its cost."""

    async def story(model: Model, server: RunningModelServer) -> None:
        assert model.batches is not None
        for fault in ("row-expired", "row-canceled", "row-errored", "row-duplicated", "row-missing"):
            server.faults(fault, times=3)
        batch = await model.batches.create(questions(50))
        await ended(model.batches, batch)
        rows = await read(model.batches, batch)
        by_id = {row.custom_id: row for row in rows}
        assert (len(rows), len(by_id)) == (50, 47)
        assert Counter(row.outcome for row in by_id.values()) == {
            "succeeded": 38,
            "expired": 3,
            "canceled": 3,
            "errored": 3,
        }
        spent = summed([row.answer.usage for row in by_id.values() if row.answer is not None])
        seen = counted(server, "batch")
        # Three answers were made, and are not among the rows.
        assert spent.output_tokens * 41 == seen.output_tokens * 38

    tell(DIALECTS[0], story)


def test_a_batch_is_found_after_its_creation_was_lost() -> None:
    """A creation that ends in 500 may have been taken, and is then the newest batch."""

    async def story(model: Model, server: RunningModelServer) -> None:
        assert model.batches is not None
        server.faults("batch-create-lost", times=1)
        with pytest.raises(ModelError) as caught:
            await model.batches.create(questions(2))
        assert caught.value.may_be_billed
        (found,) = await model.batches.newest(0)
        assert found.request_count == 2
        await ended(model.batches, found)
        assert {row.custom_id for row in await read(model.batches, found)} == {"u-0", "u-1"}

    tell(DIALECTS[0], story)


def test_a_batch_may_be_unknown_at_first() -> None:
    """A batch that answers 404 just after its creation is a miss, and there later."""

    async def story(model: Model, server: RunningModelServer) -> None:
        assert model.batches is not None
        server.faults("batch-unknown-at-first", times=1, wait_seconds=0.3)
        batch = await model.batches.create(questions(1))
        assert await model.batches.state(batch.batch_id) is None
        await ended(model.batches, batch)

    tell(DIALECTS[0], story)


def test_rows_that_break_off_can_be_read_again() -> None:
    """A reading that breaks is an error, and the next one has all rows."""

    async def story(model: Model, server: RunningModelServer) -> None:
        assert model.batches is not None
        batch = await model.batches.create(questions(40))
        await ended(model.batches, batch)
        server.faults("results-dropped", times=1)
        with pytest.raises(ModelError):
            await read(model.batches, batch)
        assert len(await read(model.batches, batch)) == 40

    tell(DIALECTS[0], story)


def test_the_usage_report_has_what_was_lost() -> None:
    """Answers that never arrived stand in the provider's report, to the token, calls and batches apart."""

    async def story(model: Model, server: RunningModelServer) -> None:
        assert model.batches is not None
        server.faults("dropped-mid-body", times=5, path="/v1/messages")
        for _ in range(7):
            await outcome(model)
        server.clear_faults()
        await ended(model.batches, await model.batches.create(questions(3)))
        report = UsageReport(KEY, base_url=server.url, timeout_seconds=20)
        now_ms = SystemClock().now_ms()
        rows = await report.usage_between(now_ms - 3_600_000, now_ms + 60_000)
        await report.close()
        for tier in ("standard", "batch"):
            assert summed([row.usage for row in rows if row.service_tier == tier]) == counted(server, tier)
        assert {row.model for row in rows} == {"claude-haiku-4-5"}

    tell(DIALECTS[0], story)
