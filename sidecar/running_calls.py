"""How many calls with an end of their own are under way."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from sidecar.rpc import Context, Handler

# What gRPC may take to send the last answer once it has it.
SENDING_SECONDS = 0.2


class RunningCalls:
    """Counts calls that answer once; those that stream are counted elsewhere, or end with their caller."""

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self._none.set()

    def counted(self, handler: Handler) -> Handler:
        """Return a handler whose calls are counted, if they answer once to one request."""
        inner: Any = handler.unary_unary
        if inner is None:
            return handler

        async def answer(request: bytes, context: Context) -> Any:
            self._count += 1
            self._none.clear()
            try:
                return await inner(request, context)
            finally:
                self._count -= 1
                if not self._count:
                    self._none.set()

        return grpc.unary_unary_rpc_method_handler(answer)

    async def ended(self, grace_seconds: float) -> None:
        """Wait until all have ended and were answered, at most for the grace."""
        try:
            async with asyncio.timeout(grace_seconds):
                await self._none.wait()
                await asyncio.sleep(SENDING_SECONDS)
        except TimeoutError:
            return
