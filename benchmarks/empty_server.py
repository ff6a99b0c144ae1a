"""A gRPC server that does nothing: what the transport alone costs."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
from collections.abc import Iterator
from typing import Any

import grpc

from benchmarks.daemons import READY_SECONDS


@contextlib.contextmanager
def empty_server(address: str, payload: bytes) -> Iterator[None]:
    """Answer `/empty/Call` at an address with constant bytes, in a process of its own, on grpc.aio and uvloop."""
    # spawn: a fork would carry the client's gRPC threads along.
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=_serve, args=(address, payload), daemon=True)
    server.start()
    try:
        with grpc.insecure_channel(address) as channel:
            grpc.channel_ready_future(channel).result(timeout=READY_SECONDS)
        yield
    finally:
        server.terminate()
        server.join()


def _serve(address: str, payload: bytes) -> None:
    import uvloop

    async def answer(_request: bytes, _context: Any) -> bytes:
        return payload

    async def serve() -> None:
        server = grpc.aio.server()
        handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(answer)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("empty", {"Call": handler}),))
        server.add_insecure_port(address)
        await server.start()
        await server.wait_for_termination()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
