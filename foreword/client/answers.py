"""An answer as it comes from the sidecar: in parts, or whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from types import TracebackType
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import Message

from foreword.client.calls import Call
from foreword.client.failures import Failures
from foreword.errors import FieldError, ForewordError
from foreword.v1.answer_pb2 import AnswerDone, CoreFound
from foreword.v1.answer_service_pb2 import AnswerResponse

# A core of 2,000 tokens takes a large model half a minute.
ANSWER_SECONDS = 60.0

Make: TypeAlias = Callable[[Call[AnswerResponse], Message, float, Callable[[Any], Any]], Any]
"""Makes a call and returns its first part: what a client does with any call, its retries included."""
_Failed = (ForewordError, grpc.RpcError, grpc.aio.BaseError, ValueError)


class Received:
    """What has come of an answer.

    Attributes:
        error: Why it did not come, or not whole; None while nothing went wrong. That nothing is stored for a question
            asked with `cached_only` is neither raised nor logged, and has the reason NO_ANSWER here.
    """

    def __init__(self, call: Call[AnswerResponse], make: Make, failures: Failures) -> None:
        self.error: ForewordError | None = None
        self._call = call
        self._make = make
        self._failures = failures
        self._stream: Any = None
        self._texts: list[str] = []
        self._found: CoreFound | None = None
        self._done: AnswerDone | None = None
        self._is_over = False

    def close(self) -> None:
        """End the call, and what is spent for it; from any thread. An answer that is let go of ends by itself."""
        self._is_over = True
        if self._stream is not None:
            self._stream.cancel()

    def _open(self) -> tuple[Call[AnswerResponse], Message, float]:
        """Return what is to be asked, and until when.

        Raises:
            FieldError: An argument is of the wrong kind.
        """
        return self._call, self._call.request(), time.monotonic() + self._call.patience_seconds

    def _begin(self, stream: Any) -> None:
        self._stream = stream
        if self._is_over:
            stream.cancel()

    def _take(self, part: AnswerResponse | None) -> bool:
        """Keep the next part; return False when there is none."""
        if part is None:
            self._is_over = True
            return False
        match part.WhichOneof("part"):
            case "found":
                self._found = part.found
            case "text":
                self._texts.append(part.text)
            case "done":
                self._done = part.done
        return True

    def _fail(self, exc: Exception) -> None:
        if self._is_over:
            return
        error = (
            exc if isinstance(exc, FieldError) else self._failures.translate(exc, self._call.patience_seconds)
        )
        self.error = error
        self._is_over = True
        if not self._is_miss and not self._failures.raises:
            self._failures.handle(error)

    def _check(self) -> None:
        """Raise what went wrong, at every look, where failures are raised."""
        if self.error is not None and self._failures.raises and not self._is_miss:
            raise self.error

    @property
    def _is_miss(self) -> bool:
        return bool(self._call.arguments["cached_only"]) and getattr(self.error, "reason", "") == "NO_ANSWER"

    @property
    def _whole(self) -> str:
        return "".join(self._texts) if self._done is not None else ""


class Answer(Received):
    """An answer: loop over it for its words as they come, or take `text` for all of them.

    It is asked for once, when it is first looked at, and holds what came. Of the attributes `found` waits for the first
    part, `text` and `done` for the last.
    """

    def __iter__(self) -> Iterator[str]:
        place = 0
        while place < len(self._texts) or self._advance():
            for text in self._texts[place:]:
                yield text
                place += 1

    @property
    def text(self) -> str:
        """All of it; empty when it did not come whole, since a part must not pass for the whole."""
        while self._advance():
            pass
        return self._whole

    @property
    def found(self) -> CoreFound:
        """How its core was found; empty when nothing came."""
        while self._found is None and self._advance():
            pass
        return self._found or CoreFound()

    @property
    def done(self) -> AnswerDone:
        """What it was made of; empty when it did not come whole."""
        while self._advance():
            pass
        return self._done or AnswerDone()

    def __enter__(self) -> Answer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _advance(self) -> bool:
        if self._is_over:
            self._check()
            return False
        try:
            if self._stream is None:
                return self._take(self._make(*self._open(), self._first))
            return self._take(next(self._stream, None))
        except _Failed as exc:
            self._fail(exc)
            return self._advance()

    def _first(self, stream: Any) -> AnswerResponse | None:
        self._begin(stream)
        return next(stream, None)


class AsyncAnswer(Received):
    """An answer for asyncio: `async for` gives its words as they come; awaited, it is returned when all of it is there.

    It is asked for once, when it is first awaited. Its attributes say what has come so far.
    """

    async def __aiter__(self) -> AsyncIterator[str]:
        place = 0
        while place < len(self._texts) or await self._advance():
            for text in self._texts[place:]:
                yield text
                place += 1

    def __await__(self) -> Generator[Any, None, AsyncAnswer]:
        return self._finish().__await__()

    @property
    def text(self) -> str:
        """All of it; empty when it did not come whole, or not yet."""
        return self._whole

    @property
    def found(self) -> CoreFound:
        """How its core was found; empty when nothing came, or not yet."""
        return self._found or CoreFound()

    @property
    def done(self) -> AnswerDone:
        """What it was made of; empty when it did not come whole, or not yet."""
        return self._done or AnswerDone()

    async def _finish(self) -> AsyncAnswer:
        while await self._advance():
            pass
        return self

    async def _advance(self) -> bool:
        if self._is_over:
            self._check()
            return False
        try:
            if self._stream is None:
                return self._take(await self._make(*self._open(), self._first))
            return self._take(await _next(self._stream))
        except asyncio.CancelledError:
            # gRPC says the same of a call that `close` ended and of a task that was cancelled.
            task = asyncio.current_task()
            if not self._is_over or (task is not None and task.cancelling()):
                raise
            return False
        except _Failed as exc:
            self._fail(exc)
            return await self._advance()

    async def _first(self, stream: Any) -> AnswerResponse | None:
        self._begin(stream)
        return await _next(stream)


async def _next(stream: Any) -> AnswerResponse | None:
    part = await stream.read()
    return None if part is grpc.aio.EOF else part
