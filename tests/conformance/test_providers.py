"""What every provider must do, against a real server: a new one is added to dialects.py and must pass all of this."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import waiting
from conformance.dialects import DIALECTS, Dialect
from conformance.wire_server import Say, WireServer

from foreword.llm import Model, ModelError, ModelFailure, ModelRequest, RateLimit, Repair, TokenUsage

KEY = "sk-test-0123456789-do-not-show"
USAGE = TokenUsage(input_tokens=120, cache_read_tokens=30, cache_write_tokens=0, output_tokens=40)
SCHEMA = {
    "type": "object",
    "properties": {"operations": {"type": "array", "maxItems": 20, "items": {"type": "string"}}},
    "required": ["operations"],
    "additionalProperties": False,
}
REQUEST = ModelRequest(
    model="some-model",
    instructions="Write operations.",
    shared="Population: 10 users.",
    prompt="<events>\n</events>",
    schema=SCHEMA,
    output_tokens_max=500,
)
ANSWER = '{"operations":[]}'
HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"

Story = Callable[[Model, WireServer], Awaitable[None]]


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return request.param


@asynccontextmanager
async def connected(dialect: Dialect, **settings: float) -> AsyncIterator[tuple[Model, WireServer]]:
    options = {"timeout_seconds": 20.0, "calls_max": 250, **settings}
    async with WireServer(Say(ok(dialect))) as server:
        model = dialect.make(
            KEY,
            base_url=server.url,
            timeout_seconds=options["timeout_seconds"],
            calls_max=int(options["calls_max"]),
        )
        try:
            yield model, server
        finally:
            await model.close()


def ok(dialect: Dialect, text: str = ANSWER, usage: TokenUsage = USAGE) -> dict[str, object]:
    return dialect.ok(text, next(iter(dialect.reasons)), usage)


def tell(dialect: Dialect, story: Story, **settings: float) -> None:
    async def run() -> None:
        async with connected(dialect, **settings) as (model, server):
            await story(model, server)

    asyncio.run(run())


async def refused(model: Model) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await model.ask(REQUEST)
    return caught.value


def test_it_answers(dialect: Dialect) -> None:
    """A question brings text, model, tokens of each kind and the server's name for the call."""

    async def story(model: Model, server: WireServer) -> None:
        server.says.append(Say(ok(dialect), headers={dialect.id_header: "req_7"}))
        answer = await model.ask(REQUEST)
        assert (answer.text, answer.stop_reason, answer.usage) == (ANSWER, "end", USAGE)
        assert answer.request_id == "req_7"
        assert answer.model == server.default.body["model"]
        assert model.name == dialect.name

    tell(dialect, story)


def test_a_question_holds_what_was_asked_and_no_more(dialect: Dialect) -> None:
    """What is read stands in the order in which it changes, with the schema; nothing says how to sample."""

    async def story(model: Model, server: WireServer) -> None:
        await model.ask(REQUEST)
        (seen,) = server.seen
        assert seen.path == dialect.path
        texts = "\n".join(dialect.texts_in(seen.body))
        places = [texts.index(part) for part in (REQUEST.instructions, REQUEST.shared, REQUEST.prompt)]
        assert places == sorted(places)
        assert seen.body["model"] == "some-model"
        assert 500 in seen.body.values()
        assert dialect.schema_in(seen.body)["properties"]["operations"]["type"] == "array"
        assert not {"temperature", "top_p", "top_k", "stream"} & seen.body.keys()
        assert json.dumps(seen.body).count(REQUEST.prompt.partition("\n")[0]) == 1

    tell(dialect, story)


def test_effort_is_sent_when_it_is_set(dialect: Dialect) -> None:
    """How much a model is to think is said when it is configured, and left to the model otherwise."""

    async def story(_: Model, server: WireServer) -> None:
        for effort in (None, "low"):
            model = dialect.make(KEY, base_url=server.url, timeout_seconds=20, calls_max=1, effort=effort)
            await model.ask(REQUEST)
            await model.close()
            assert dialect.effort_in(server.seen[-1].body) == effort

    tell(dialect, story)


def test_nothing_shared_is_nothing_sent(dialect: Dialect) -> None:
    """An empty context of the population leaves no empty part in the question."""

    async def story(model: Model, server: WireServer) -> None:
        await model.ask(replace(REQUEST, shared=""))
        assert all(dialect.texts_in(server.seen[0].body))

    tell(dialect, story)


def test_a_repair_is_a_further_turn(dialect: Dialect) -> None:
    """What was asked stays the front, so that it is cached; the former answer and its faults follow."""

    async def story(model: Model, server: WireServer) -> None:
        for former in ("[1]", ""):
            await model.ask(replace(REQUEST, repair=Repair(former, "operations: found a number")))
        turns = [dialect.texts_in(seen.body) for seen in server.seen]
        for former, texts in zip(("[1]", "(nothing)"), turns, strict=True):
            *_, asked, answered, wrong = texts
            assert (asked, answered) == (REQUEST.prompt, former)
            assert "operations: found a number" in wrong

    tell(dialect, story)


def test_why_it_stopped_is_said(dialect: Dialect) -> None:
    """Each of the server's reasons to stop becomes one of ours, and the spend is known whichever it is."""

    async def story(model: Model, server: WireServer) -> None:
        for said, meant in dialect.reasons.items():
            server.says.append(Say(dialect.ok('{"opera', said, USAGE)))
            answer = await model.ask(REQUEST)
            assert (answer.stop_reason, answer.usage) == (meant, USAGE), said

    tell(dialect, story)


def test_cache_tokens_are_told_apart(dialect: Dialect) -> None:
    """What was read from a prompt cache, and put into it, is not counted as read at the full price."""
    written = 50 if dialect.has_cache_writes else 0
    usage = TokenUsage(input_tokens=10, cache_read_tokens=4000, cache_write_tokens=written, output_tokens=1)

    async def story(model: Model, server: WireServer) -> None:
        server.says.append(Say(ok(dialect, usage=usage)))
        assert (await model.ask(REQUEST)).usage == usage

    tell(dialect, story)


def test_limits_are_read_from_the_headers(dialect: Dialect) -> None:
    """Answers and errors say what the provider will still take."""
    limit = RateLimit("requests", limit=100, remaining=7, full_seconds=30.0)

    async def story(model: Model, server: WireServer) -> None:
        server.says.append(Say(ok(dialect), headers=dialect.limit_headers))
        assert (await model.ask(REQUEST)).limits == (limit,)
        server.says.append(Say(dialect.error("slower"), status=429, headers=dialect.limit_headers))
        assert (await refused(model)).limits == (limit,)

    tell(dialect, story)


@pytest.mark.parametrize(
    ("status", "failure", "may_be_billed"),
    [
        (301, "rejected", False),
        (400, "rejected", False),
        (401, "unauthorized", False),
        (402, "unauthorized", False),
        (403, "unauthorized", False),
        (404, "rejected", False),
        (408, "timed_out", False),
        (413, "rejected", False),
        (429, "rate_limited", False),
        (500, "unavailable", False),
        (503, "unavailable", False),
        (504, "unavailable", True),
        (529, "overloaded", False),
    ],
)
def test_a_status_says_what_failed(
    dialect: Dialect, status: int, failure: ModelFailure, may_be_billed: bool
) -> None:
    """Each status is one kind of failure, is asked once only, and says whether it may have cost something."""

    async def story(model: Model, server: WireServer) -> None:
        headers = {dialect.id_header: "req_9", "location": "/elsewhere", "retry-after": "3600"}
        server.says.append(Say(dialect.error("this and that"), status=status, headers=headers))
        error = await refused(model)
        assert (error.failure, error.may_be_billed, error.status) == (failure, may_be_billed, status)
        assert (error.retry_after_seconds, error.request_id) == (3600.0, "req_9")
        assert "this and that" in error.message
        assert len(server.seen) == 1

    tell(dialect, story)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "Wed, 25 Nov 2026 12:01:00 GMT", "date": "Wed, 25 Nov 2026 12:00:00 GMT"}, 60.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_a_wish_to_wait_is_passed_on(dialect: Dialect, said: dict[str, str], seconds: float | None) -> None:
    """Seconds and dates are read; what is neither counts as not said."""

    async def story(model: Model, server: WireServer) -> None:
        server.says.append(Say(dialect.error("slower"), status=429, headers=said))
        assert (await refused(model)).retry_after_seconds == seconds

    tell(dialect, story)


@pytest.mark.parametrize("size", [0, 1, 40])
def test_a_dropped_connection_may_have_cost(dialect: Dialect, size: int) -> None:
    """A connection that breaks after the question was sent, before or within the answer, may be billed."""

    async def story(model: Model, server: WireServer) -> None:
        server.says.append(Say(ok(dialect), cut_bytes=size))
        error = await refused(model)
        assert (error.failure, error.may_be_billed) == ("unavailable", True)
        assert (await model.ask(REQUEST)).text == ANSWER

    tell(dialect, story)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"{}",
        b"\xff\xfe\x00 garbage",
        b'{"a": ' * 100_000,
        b"[" * 100_000,
        b"9" * 10_000,
        HTML,
        b'{"usage": {"input_tokens": -1, "prompt_tokens": -1}}',
        b'{"usage": {"input_tokens": 1e99, "prompt_tokens": "many"}}',
        b'{"usage": [], "content": {}, "choices": {}}',
    ],
    ids=lambda body: repr(body[:16]),
)
def test_a_body_of_another_kind_is_malformed(dialect: Dialect, body: bytes) -> None:
    """Whatever stands in a body that is none of the protocol's, it is a ModelError that may have cost something."""

    async def story(model: Model, server: WireServer) -> None:
        server.says.append(Say(body))
        error = await refused(model)
        assert (error.failure, error.may_be_billed, error.usage) == ("malformed", True, None)
        assert len(error.message) < 500

    tell(dialect, story)


def test_every_cut_of_an_answer_is_an_error(dialect: Dialect) -> None:
    """JSON that ends anywhere before its end is no answer, though HTTP calls it whole."""

    async def story(model: Model, server: WireServer) -> None:
        whole = json.dumps(ok(dialect)).encode()
        server.says += [Say(whole[:size]) for size in range(0, len(whole), 7)]
        for _ in range(len(server.says)):
            assert (await refused(model)).failure == "malformed"

    tell(dialect, story)


def test_what_an_unreadable_answer_cost_is_known(dialect: Dialect) -> None:
    """An answer with tokens and without content is malformed, and says what it cost."""

    async def story(model: Model, server: WireServer) -> None:
        body = {key: value for key, value in ok(dialect).items() if key not in ("content", "choices")}
        server.says.append(Say(body))
        assert (await refused(model)).usage == USAGE

    tell(dialect, story)


def test_half_a_sign_in_an_answer_can_be_stored(dialect: Dialect) -> None:
    """A lone surrogate, which JSON can hold and UTF-8 cannot, is replaced."""

    async def story(model: Model, server: WireServer) -> None:
        server.says.append(Say(ok(dialect, text="a\ud800b")))
        assert (await model.ask(REQUEST)).text == "a?b"

    tell(dialect, story)


def test_a_page_of_html_is_not_shown_to_operators(dialect: Dialect) -> None:
    """A proxy's error page becomes its status and type."""

    async def story(model: Model, server: WireServer) -> None:
        server.says.append(Say(HTML, status=502, headers={"content-type": "text/html; charset=utf-8"}))
        error = await refused(model)
        assert "answered 502: a body of text/html" in error.message
        assert "<" not in error.message

    tell(dialect, story)


def test_an_endless_body_is_cut_off(dialect: Dialect) -> None:
    """A body larger than any answer is not read to its end."""

    async def story(model: Model, server: WireServer) -> None:
        server.says.append(Say(b'"' + b"x" * (20 << 20) + b'"'))
        error = await refused(model)
        assert "more than 8388608 bytes" in error.message

    tell(dialect, story)


def test_silence_ends_in_time(dialect: Dialect) -> None:
    """A server that does not answer within the time is an error that may have cost something."""

    async def story(model: Model, server: WireServer) -> None:
        server.says.append(Say(ok(dialect), wait_seconds=60))
        error = await refused(model)
        assert (error.failure, error.may_be_billed) == ("timed_out", True)
        await waiting.until_async(lambda: server.broken_off == 1)

    tell(dialect, story, timeout_seconds=0.2)


def test_nobody_there_costs_nothing(dialect: Dialect) -> None:
    """A server that cannot be reached has seen nothing, and so has billed nothing."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        async def story() -> None:
            model = dialect.make(KEY, base_url=url, timeout_seconds=5, calls_max=1)
            error = await refused(model)
            assert (error.failure, error.may_be_billed) == ("unavailable", False)
            assert url in error.message
            await model.close()

        asyncio.run(story())


def test_a_call_given_up_frees_its_connection(dialect: Dialect) -> None:
    """A cancelled call ends its connection, and the next one has its place."""

    async def story(model: Model, server: WireServer) -> None:
        server.says += [Say(ok(dialect), wait_seconds=60)] * 3
        for gone in range(1, 4):
            call = asyncio.create_task(model.ask(REQUEST))
            await waiting.until_async(lambda: server.under_way == 1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await waiting.until_async(lambda gone=gone: server.broken_off == gone)
        assert (await model.ask(REQUEST)).text == ANSWER

    tell(dialect, story, calls_max=1)


def test_two_hundred_calls_at_once(dialect: Dialect) -> None:
    """So many calls are under way together, and each gets its own answer."""

    async def story(model: Model, server: WireServer) -> None:
        server.says += [Say(ok(dialect, text=str(number)), together=200) for number in range(200)]
        answers = await asyncio.gather(*(model.ask(REQUEST) for _ in range(200)))
        assert sorted(int(answer.text) for answer in answers) == list(range(200))
        assert server.most_under_way == 200

    tell(dialect, story)


def test_the_key_is_sent_and_never_shown(dialect: Dialect, caplog: pytest.LogCaptureFixture) -> None:
    """The key is in the request's header, and in no message, representation, traceback or log at any level."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []

    async def story(model: Model, server: WireServer) -> None:
        await model.ask(REQUEST)
        assert any(KEY in value for value in server.seen[0].headers.values())
        echoes = [
            Say(
                dialect.error(f"the key {KEY} is not accepted"), status=401, headers={dialect.id_header: KEY}
            ),
            Say(f"<p>{KEY}</p>".encode(), status=500),
            Say(f'"{KEY}'.encode()),
            Say(ok(dialect), cut_bytes=1),
            Say(ok(dialect), wait_seconds=60),
        ]
        server.says += echoes
        for _ in echoes:
            error = await refused(model)
            shown.extend(
                [*traceback.format_exception(error), repr(error), str(error), error.hint, repr(vars(error))]
            )
        shown.extend([repr(model), str(model), repr(vars(model))])

    tell(dialect, story, timeout_seconds=0.5)
    assert len(shown) > 20
    showing = [text for text in (*shown, caplog.text) if KEY in text]
    assert not showing, showing[0]


def test_a_count_of_tokens_needs_no_more_than_the_question(dialect: Dialect) -> None:
    """Tokens can be counted before a call, and a longer prompt has more."""

    async def story(model: Model, server: WireServer) -> None:
        server.says += [Say({"input_tokens": 30}), Say({"input_tokens": 900})]
        short = await model.count_tokens(REQUEST)
        long = await model.count_tokens(replace(REQUEST, prompt="words and more words " * 200))
        assert 0 < short < long

    tell(dialect, story)


def test_closing_ends_all_connections(dialect: Dialect) -> None:
    """After close nothing is open, closing twice is harmless, and a call then is a ModelError."""

    async def story(model: Model, server: WireServer) -> None:
        await model.ask(REQUEST)
        await model.close()
        await model.close()
        assert (await refused(model)).failure == "unavailable"

    tell(dialect, story)


def test_the_environment_adds_nothing(dialect: Dialect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, addresses and proxies that the SDKs would take from the environment do not reach a configured server."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "sk-another")
    for name in ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def story(model: Model, server: WireServer) -> None:
        assert (await model.ask(REQUEST)).text == ANSWER
        assert "sk-another" not in str(server.seen[0].headers)

    tell(dialect, story)
