"""Batches of the Messages API: taken or not, found again, and rows of every kind, one in memory at a time."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import psutil
import pytest
from conformance.dialects import DIALECTS
from conformance.test_providers import ANSWER, HTML, KEY, REQUEST, USAGE
from conformance.wire_server import Say, WireServer

from foreword.llm import Batches, BatchRow, BatchState, ModelError
from foreword.llm.anthropic_model import AnthropicModel

MESSAGE = DIALECTS[0].ok(ANSWER, "end_turn", USAGE)
CREATED_MS = 1_795_608_000_000
BATCH: dict[str, Any] = {
    "id": "msgbatch_01",
    "type": "message_batch",
    "processing_status": "in_progress",
    "request_counts": {"processing": 3, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0},
    "created_at": "2026-11-25T12:00:00Z",
    "expires_at": "2026-11-26T12:00:00Z",
    "results_url": "http://192.0.2.1/somewhere-else",
}
STATE = BatchState("msgbatch_01", CREATED_MS, has_ended=False, request_count=3)

Story = Callable[[Batches, WireServer], Awaitable[None]]


def tell(story: Story, default: Say | None = None, timeout_seconds: float = 20.0) -> None:
    async def run() -> None:
        async with WireServer(default or Say(BATCH)) as server:
            model = AnthropicModel(KEY, base_url=server.url, timeout_seconds=timeout_seconds, calls_max=4)
            try:
                await story(model.batches, server)
            finally:
                await model.close()

    asyncio.run(run())


def row(custom_id: str, result: object) -> bytes:
    return json.dumps({"custom_id": custom_id, "result": result}).encode() + b"\n"


def succeeded(custom_id: str) -> bytes:
    return row(custom_id, {"type": "succeeded", "message": MESSAGE})


async def read(batches: Batches) -> list[BatchRow]:
    return [each async for each in batches.rows("msgbatch_01")]


def test_a_batch_holds_what_calls_would() -> None:
    """Each question of a batch is sent as it would be alone, under its custom id."""

    async def story(batches: Batches, server: WireServer) -> None:
        assert await batches.create([("u-1", REQUEST), ("u_2", REQUEST)]) == STATE
        (seen,) = server.seen
        assert (seen.method, seen.path) == ("POST", "/v1/messages/batches")
        first, second = seen.body["requests"]
        assert (first["custom_id"], second["custom_id"]) == ("u-1", "u_2")
        assert first["params"] == second["params"]
        assert first["params"]["output_config"]["format"]["type"] == "json_schema"
        assert first["params"]["max_tokens"] == 500

    tell(story)


@pytest.mark.parametrize(
    ("say", "may_be_billed"),
    [
        (Say({"error": {"message": "no"}}, status=400), False),
        (Say({"error": {"message": "too large"}}, status=413), False),
        (Say({"error": {"message": "slower"}}, status=429), False),
        (Say({"error": {"message": "busy"}}, status=529), False),
        (Say({"error": {"message": "oops"}}, status=500), True),
        (Say({"error": {"message": "oops"}}, status=503), True),
        (Say(BATCH, cut_bytes=0), True),
        (Say(BATCH, cut_bytes=20), True),
        (Say(HTML), True),
        (Say({"id": "msgbatch_01"}), True),
        (Say({**BATCH, "id": "../../v1/messages"}), True),
        (Say({**BATCH, "request_counts": {"processing": "many"}}), True),
        (Say({**BATCH, "created_at": "yesterday"}), True),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_batch_that_was_not_taken_says_so(say: Say, may_be_billed: bool) -> None:
    """A creation that failed says whether the batch may be there all the same."""

    async def story(batches: Batches, server: WireServer) -> None:
        server.says.append(say)
        with pytest.raises(ModelError) as caught:
            await batches.create([("u-1", REQUEST)])
        assert caught.value.may_be_billed == may_be_billed
        assert len(server.seen) == 1

    tell(story)


def test_a_batch_beyond_the_limit_is_not_sent() -> None:
    """What the API would refuse for its size is refused before it is sent, with the settings to lower."""
    large = replace(REQUEST, prompt="x" * (1 << 20))

    async def story(batches: Batches, server: WireServer) -> None:
        with pytest.raises(ModelError) as caught:
            await batches.create([(f"u-{number}", large) for number in range(256)])
        assert (caught.value.failure, caught.value.may_be_billed) == ("rejected", False)
        assert "agent.batch_users_max" in caught.value.hint
        assert server.seen == []

    tell(story)


def test_every_sign_of_a_prompt_arrives() -> None:
    """A batch's text is UTF-8, whatever it holds; half a sign is replaced rather than failing the whole."""
    signs = 'ü 漢字 🙂 " \\ \u2028 \x00'

    async def story(batches: Batches, server: WireServer) -> None:
        prompts = [replace(REQUEST, prompt=text) for text in (signs, "a\ud800b")]
        await batches.create([(f"u-{number}", prompt) for number, prompt in enumerate(prompts)])
        sent = [row["params"]["messages"][0]["content"] for row in server.seen[0].body["requests"]]
        assert sent == [signs, "a?b"]

    tell(story)


def test_a_batch_ends() -> None:
    """A batch has ended when the provider says so, and not when it is being canceled."""

    async def story(batches: Batches, server: WireServer) -> None:
        for status, has_ended in (("in_progress", False), ("canceling", False), ("ended", True)):
            server.says.append(Say({**BATCH, "processing_status": status}))
            state = await batches.state("msgbatch_01")
            assert state is not None
            assert state.has_ended == has_ended

    tell(story)


def test_an_unknown_batch_is_none() -> None:
    """404, which a batch may answer just after its creation, is a miss and no error; other failures are errors."""

    async def story(batches: Batches, server: WireServer) -> None:
        server.says.append(Say({"type": "error", "error": {"message": "not found"}}, status=404))
        assert await batches.state("msgbatch_01") is None
        server.says.append(Say({"type": "error", "error": {"message": "oops"}}, status=500))
        with pytest.raises(ModelError):
            await batches.state("msgbatch_01")

    tell(story)


def page(*batches: dict[str, Any], has_more: bool) -> Say:
    return Say({"data": batches, "has_more": has_more, "first_id": None, "last_id": None})


def test_newest_batches_are_found_page_by_page() -> None:
    """Pages are read until one ends before the time asked for, each behind the last batch of the one before."""
    older = {**BATCH, "id": "msgbatch_00", "created_at": "2026-11-25T11:00:00Z"}
    oldest = {**BATCH, "id": "msgbatch_0", "created_at": "2026-11-25T10:00:00Z"}

    async def story(batches: Batches, server: WireServer) -> None:
        server.says += [page(BATCH, has_more=True), page(older, oldest, has_more=True)]
        found = await batches.newest(CREATED_MS - 3_600_000)
        assert [state.batch_id for state in found] == ["msgbatch_01", "msgbatch_00"]
        assert [seen.query for seen in server.seen] == [
            {"limit": "100"},
            {"limit": "100", "after_id": "msgbatch_01"},
        ]

    tell(story)


def test_a_list_without_end_is_left() -> None:
    """A server that says for ever that there is more is asked for fifty pages, and no part is taken for the whole."""

    async def story(batches: Batches, server: WireServer) -> None:
        with pytest.raises(ModelError, match="more than 5000 batches"):
            await batches.newest(0)
        assert len(server.seen) == 50

    tell(story, page(BATCH, has_more=True))


def test_rows_of_every_kind() -> None:
    """Rows come as they are sent, twice too; the documented path is asked, and no address that the server names."""
    rows = [
        succeeded("u-2"),
        row("u-1", {"type": "errored", "error": {"type": "error", "error": {"message": f"no {KEY}"}}}),
        b"\n",
        row("u-3", {"type": "canceled"}),
        row("u-4", {"type": "expired"}),
        succeeded("u-2"),
    ]

    async def story(batches: Batches, server: WireServer) -> None:
        found = await read(batches)
        assert [each.custom_id for each in found] == ["u-2", "u-1", "u-3", "u-4", "u-2"]
        assert [each.outcome for each in found] == [
            "succeeded",
            "errored",
            "canceled",
            "expired",
            "succeeded",
        ]
        assert found[0].answer is not None
        assert (found[0].answer.text, found[0].answer.usage) == (ANSWER, USAGE)
        assert found[0] == found[4]
        assert "[key]" in found[1].error
        assert [seen.path for seen in server.seen] == ["/v1/messages/batches/msgbatch_01/results"]

    tell(story, Say(b"".join(rows)))


@pytest.mark.parametrize(
    ("line", "custom_id", "said"),
    [
        (b"not json\n", "", "no JSON"),
        (b"\xff\xfe\n", "", "no JSON"),
        (b"[" * 100_000 + b"\n", "", "no JSON"),
        (b'"' + b"x" * (5 << 20) + b'"\n', "", "more than 4194304 bytes"),
        (b"[]\n", "", "without custom_id"),
        (b'{"custom_id": 7}\n', "", "without custom_id"),
        (b'{"custom_id": "u-1"}\n', "u-1", "without a result"),
        (row("u-1", {"type": "vanished"}), "u-1", "without a result"),
        (row("u-1", {"type": "succeeded"}), "u-1", "no message"),
        (row("u-1", {"type": "succeeded", "message": {"content": []}}), "u-1", "without usage"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_row_that_cannot_be_read_is_errored(line: bytes, custom_id: str, said: str) -> None:
    """A row that is none says what is wrong with it, and the rows around it are read."""

    async def story(batches: Batches, server: WireServer) -> None:
        before, broken, after = await read(batches)
        assert (before.outcome, after.outcome) == ("succeeded", "succeeded")
        assert (broken.custom_id, broken.outcome) == (custom_id, "errored")
        assert said in broken.error

    tell(story, Say(succeeded("u-0") + line + succeeded("u-9")))


def test_a_row_that_cost_something_says_so() -> None:
    """A message with tokens and without content counts as answered, so that what it cost is known."""
    message = {key: value for key, value in MESSAGE.items() if key != "content"}

    async def story(batches: Batches, server: WireServer) -> None:
        (found,) = await read(batches)
        assert found.outcome == "succeeded"
        assert found.answer is not None
        assert (found.answer.text, found.answer.stop_reason, found.answer.usage) == ("", "other", USAGE)

    tell(story, Say(row("u-1", {"type": "succeeded", "message": message})))


def test_rows_may_end_without_a_line_end() -> None:
    """The last row is read whether or not a line end follows it."""

    async def story(batches: Batches, server: WireServer) -> None:
        assert [each.custom_id for each in await read(batches)] == ["u-1", "u-2"]

    tell(story, Say(succeeded("u-1") + succeeded("u-2").rstrip()))


@pytest.mark.parametrize("cut", ["connection", "body"])
def test_rows_that_break_off_are_an_error(cut: str) -> None:
    """Rows read before the break are there, and then it is said that they are not all."""
    whole = succeeded("u-1") + succeeded("u-2")
    size = len(whole) - 10
    say = Say(whole, cut_bytes=size) if cut == "connection" else Say(whole[:size])

    async def story(batches: Batches, server: WireServer) -> None:
        rows = batches.rows("msgbatch_01")
        assert (await anext(rows)).custom_id == "u-1"
        with pytest.raises(ModelError):
            await anext(rows)

    tell(story, say)


def test_rows_can_be_left_midway() -> None:
    """Whoever stops reading ends the connection, and the next reading starts at the first row."""

    async def story(batches: Batches, server: WireServer) -> None:
        for _ in range(6):
            rows = batches.rows("msgbatch_01")
            assert (await anext(rows)).custom_id == "u-0"
            await rows.aclose()

    tell(story, Say(b"".join(succeeded(f"u-{number}") for number in range(2000))))


def test_a_hundred_thousand_rows_take_no_memory() -> None:
    """As many rows as a batch may have are read with the memory that a thousand take."""
    body = b"".join(succeeded(f"u-{number}") for number in range(100_000))
    process = psutil.Process(os.getpid())

    async def story(batches: Batches, server: WireServer) -> None:
        count = 0
        bytes_at = {}
        async for each in batches.rows("msgbatch_01"):
            assert each.answer is not None
            count += 1
            if count in (1000, 100_000):
                bytes_at[count] = process.memory_info().rss
        assert count == 100_000
        # The whole is 50 MB, and the rows as objects three times that.
        assert bytes_at[100_000] - bytes_at[1000] < 16 << 20

    # The server in this process holds the body before the first row is read, so that it does not count.
    tell(story, Say(body), timeout_seconds=60)
