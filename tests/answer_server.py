"""An AnswerService whose answers a test writes, on a real socket: for what no healthy sidecar does on demand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from foreword.v1 import answer_service_pb2_grpc

WAIT_SECONDS = 20

Say = Callable[[Any], Any]
"""Takes a request and returns its answer; of Answer an asynchronous generator of its parts."""


class ScriptedAnswers(answer_service_pb2_grpc.AnswerServiceServicer):
    """Answers each call as a test says, keeps what was asked, and notes calls that were broken off."""

    def __init__(self, says: dict[str, Say]) -> None:
        self._says = says
        for name in (
            *("GetCore", "PutCore", "WrapCore", "InvalidateCores", "ListCores"),
            *("ExplainAnswer", "AuditAnswers"),
        ):
            setattr(self, name, partial(self._unary, name))
        self.asked: list[tuple[str, Any]] = []
        self.broken_off = threading.Event()

    async def Answer(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Say the parts of an answer."""
        self.asked.append(("Answer", request))
        try:
            async for part in self._says["Answer"](request):
                yield part
        except (asyncio.CancelledError, GeneratorExit):
            # The latter where it ended while a part was on its way.
            self.broken_off.set()
            raise
        except RefusedError as refused:
            await context.abort_with_status(refused.status)

    async def _unary(self, name: str, request: Any, context: Any) -> Any:
        self.asked.append((name, request))
        try:
            return self._says[name](request)
        except RefusedError as refused:
            await context.abort_with_status(refused.status)

    def names(self) -> list[str]:
        """Return the names of the calls that came."""
        return [name for name, _ in self.asked]


class RefusedError(Exception):
    """A refusal as a sidecar's is: with an ErrorInfo."""

    def __init__(self, code: grpc.StatusCode, reason: str, message: str = "no", **metadata: str) -> None:
        super().__init__(message)
        info = error_details_pb2.ErrorInfo(reason=reason, domain="foreword", metadata=metadata)
        details = any_pb2.Any()
        details.Pack(info)
        self.status = rpc_status.to_status(
            status_pb2.Status(code=code.value[0], message=message, details=[details])
        )


@contextmanager
def answer_server(**says: Say) -> Iterator[tuple[str, ScriptedAnswers]]:
    """Serve what a test says on a free port; yield the address and what is asked there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    service = ScriptedAnswers(says)

    async def start() -> tuple[Any, int]:
        server = grpc.aio.server()
        answer_service_pb2_grpc.add_AnswerServiceServicer_to_server(service, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(WAIT_SECONDS)

    server, port = run(start())
    try:
        yield f"127.0.0.1:{port}", service
    finally:
        run(server.stop(0))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_SECONDS)
        loop.close()
