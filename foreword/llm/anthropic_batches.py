"""The Message Batches API: many questions at once, answered within a day, at half the price."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from foreword.clock import parse_time_ms
from foreword.errors import FieldError
from foreword.llm.answer import ModelAnswer
from foreword.llm.anthropic_batch_body import BODY_BYTES_MAX, BatchBody, BodyTooLargeError
from foreword.llm.anthropic_message import answer_of
from foreword.llm.errors import ModelError
from foreword.llm.exchange import Exchange, Reply
from foreword.llm.failures import Failures
from foreword.llm.message import MalformedMessageError
from foreword.llm.model import BatchRow, BatchState, RowOutcome
from foreword.llm.request import ModelRequest

if TYPE_CHECKING:
    from anthropic.resources.messages import AsyncBatches

_PATH = "/v1/messages/batches"
# Sending 2,000 prompts takes longer than an answer does: 30 MB at 1 MB a second, and as much again in reserve.
CREATE_SECONDS_MAX = 300.0
# As many batches as a page of the list has: the API's most is 1,000, and a page is read whole.
_PAGE = 100
# Pages looked through for batches of ours: 5,000 batches are more than the provider keeps in queue at once.
_PAGES_MAX = 50
# Longest row read; a row holds one answer of at most 32,000 tokens, about 200 KB.
ROW_BYTES_MAX = 4 << 20

_OUTCOMES: dict[str, RowOutcome] = {
    "succeeded": "succeeded",
    "errored": "errored",
    "canceled": "canceled",
    "expired": "expired",
}


class AnthropicBatches:
    """Batches of one server.

    Args:
        batches: The SDK's batches.
        exchange: What makes its calls.
        failures: Words for what goes wrong.
        timeout_seconds: Longest silence while rows are read.
        effort: How much models are to think; None leaves it to them.
    """

    def __init__(
        self,
        batches: AsyncBatches,
        exchange: Exchange,
        failures: Failures,
        *,
        timeout_seconds: float,
        effort: str | None,
    ) -> None:
        self._batches = batches.with_streaming_response
        self._exchange = exchange
        self._failures = failures
        self._timeout_seconds = timeout_seconds
        self._effort = effort

    async def create(self, requests: Sequence[tuple[str, ModelRequest]]) -> BatchState:
        """Send questions, each with a custom id of 1 to 64 letters, digits, `-` and `_`; return the batch.

        Raises:
            ModelError: It was not taken; or, where `may_be_billed` is set, nobody knows whether it was.
        """
        seconds = max(CREATE_SECONDS_MAX, self._timeout_seconds)
        try:
            body = await BatchBody.of(requests, self._effort)
        except BodyTooLargeError as exc:
            raise self._failures.too_large(f"batch of more than {BODY_BYTES_MAX} bytes") from exc
        call = self._exchange.sent(_PATH, body, body.size_bytes, timeout_seconds=seconds)
        try:
            return self._state(await self._exchange.reply(call, timeout_seconds=seconds))
        except ModelError as error:
            # A message that ends in 500 costs nothing; a batch may have been taken before its creation failed.
            error.may_be_billed |= error.failure == "unavailable" and error.status != 0
            raise

    async def state(self, batch_id: str) -> BatchState | None:
        """Return how far a batch is; None when the provider does not know it, or not yet.

        Raises:
            ModelError: The provider cannot say.
        """
        call = self._batches.retrieve(batch_id)
        try:
            return self._state(await self._exchange.reply(call))
        except ModelError as error:
            if error.status == 404:
                return None
            raise

    async def newest(self, since_ms: int) -> list[BatchState]:
        """Return the batches that the provider took at `since_ms` or later, newest first.

        Raises:
            ModelError: The provider cannot say.
        """
        found: list[BatchState] = []
        after: dict[str, Any] = {}
        for _ in range(_PAGES_MAX):
            call = self._batches.list(limit=_PAGE, **after)
            reply = await self._exchange.reply(call)
            page = [self._batch(batch, reply) for batch in self._page(reply)]
            found += [state for state in page if state.created_ms >= since_ms]
            if not page or page[-1].created_ms < since_ms or not reply.body.get("has_more"):
                return found
            after = {"after_id": page[-1].batch_id}
        # A list cut short would say of a batch that is there that it is not, and it would be paid for again.
        raise self._failures.malformed(f"more than {_PAGE * _PAGES_MAX} batches")

    async def rows(self, batch_id: str) -> AsyncGenerator[BatchRow]:
        """Yield the rows of a batch that has ended: in any order, and as the provider sends them, twice perhaps.

        One row is in memory at a time. One that cannot be read is `errored`, with what is wrong.

        Raises:
            ModelError: The rows broke off; read them again from the start.
        """
        # The SDK's results() asks the address that the server names, key and all; the documented path is asked instead.
        lines = _Lines()
        with self._exchange.translated(self._timeout_seconds):
            async with self._exchange.got(f"{_PATH}/{batch_id}/results") as response:
                async for chunk in response.iter_bytes():
                    for line in lines.taken(chunk):
                        yield self._row(line)
            if lines.rest:
                yield self._last(lines.rest)

    def _last(self, line: bytes) -> BatchRow:
        """Return the last row, which had no end of line: whole, or cut off with all that follows."""
        try:
            json.loads(line)
        except (ValueError, RecursionError) as exc:
            raise self._failures.malformed("rows that end within one") from exc
        return self._row(line)

    def _row(self, line: bytes) -> BatchRow:
        if len(line) > ROW_BYTES_MAX:
            return BatchRow("", "errored", error=f"a row of more than {ROW_BYTES_MAX} bytes")
        custom_id = ""
        try:
            row = json.loads(line)
            if not isinstance(row, dict) or not isinstance(row.get("custom_id"), str):
                return BatchRow("", "errored", error="a row without custom_id")
            custom_id = row["custom_id"]
            return self._outcome(custom_id, row.get("result"))
        except (ValueError, RecursionError) as exc:
            return BatchRow(custom_id, "errored", error=f"a row that is no JSON ({type(exc).__name__})")

    def _outcome(self, custom_id: str, result: Any) -> BatchRow:
        outcome = _OUTCOMES.get(str(result.get("type"))) if isinstance(result, dict) else None
        if outcome is None:
            return BatchRow(custom_id, "errored", error="a row without a result")
        if outcome == "errored":
            said = self._failures.cleaned(json.dumps(result.get("error")))
            return BatchRow(custom_id, "errored", error=said)
        if outcome != "succeeded":
            return BatchRow(custom_id, outcome)
        try:
            return BatchRow(custom_id, "succeeded", answer_of(result.get("message")))
        except MalformedMessageError as exc:
            if exc.usage is None:
                return BatchRow(custom_id, "errored", error=str(exc))
            # It cost what it says, so it counts as an answer: one that nothing can be read from.
            return BatchRow(custom_id, "succeeded", ModelAnswer("", "other", "", exc.usage), str(exc))

    def _state(self, reply: Reply) -> BatchState:
        return self._batch(reply.body, reply)

    def _batch(self, batch: Any, reply: Reply) -> BatchState:
        try:
            return BatchState(
                batch_id=_batch_id(batch["id"]),
                created_ms=parse_time_ms(batch["created_at"]),
                has_ended=batch["processing_status"] == "ended",
                request_count=sum(batch["request_counts"].values()),
            )
        except (KeyError, TypeError, ValueError, AttributeError, FieldError) as exc:
            raise self._failures.malformed("no batch", request_id=reply.request_id) from exc

    def _page(self, reply: Reply) -> list[Any]:
        batches = reply.body.get("data") if isinstance(reply.body, dict) else None
        if not isinstance(batches, list):
            raise self._failures.malformed("no list of batches", request_id=reply.request_id)
        return batches


class _Lines:
    """Cuts a stream into lines, holding at most one."""

    def __init__(self) -> None:
        self.rest = b""

    def taken(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the lines that end in a chunk; what follows them waits in `rest`."""
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            whole, self.rest = (self.rest + line)[: ROW_BYTES_MAX + 1], b""
            if whole.strip():
                yield whole
        # Of a row beyond the limit only its head is kept, one byte too long, by which it is refused.
        self.rest = (self.rest + rest)[: ROW_BYTES_MAX + 1]


def _batch_id(said: Any) -> str:
    if not isinstance(said, str) or not said.replace("_", "").replace("-", "").isalnum():
        raise ValueError(said)
    return said
