"""A real HTTP server on loopback that answers as it is told: what stands at the other end of a provider."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import waiting
from aiohttp import web


@dataclass(frozen=True)
class Say:
    """One answer.

    Attributes:
        body: JSON, or bytes as they are.
        status: The HTTP status.
        headers: Beside the content's type.
        cut_bytes: After so many the connection breaks; None: the whole body goes out.
        wait_seconds: Before anything is sent.
        together: So many requests must have been under way at once before anything is sent.
    """

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_bytes: int | None = None
    wait_seconds: float = 0.0
    together: int = 1

    @property
    def raw(self) -> bytes:
        """The body's bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Seen:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


class WireServer:
    """Says `says` one by one, then `default` for ever."""

    def __init__(self, default: Say) -> None:
        self.default = default
        self.says: deque[Say] = deque()
        self.seen: list[Seen] = []
        self.under_way = 0
        self.most_under_way = 0
        self.broken_off = 0
        self.url = ""
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0, handler_cancellation=True)

    async def __aenter__(self) -> WireServer:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = json.loads(raw) if raw else None
        query = {key: ",".join(request.query.getall(key)) for key in request.query}
        self.seen.append(Seen(request.method, request.path, query, dict(request.headers), body))
        say = self.says.popleft() if self.says else self.default
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._say(request, say)
        except asyncio.CancelledError:
            self.broken_off += 1
            raise
        finally:
            self.under_way -= 1

    async def _say(self, request: web.Request, say: Say) -> web.StreamResponse:
        if say.wait_seconds:
            await waiting.let_pass_async(say.wait_seconds)
        await waiting.until_async(lambda: self.most_under_way >= say.together, "the others")
        headers = {"content-type": "application/json", **say.headers}
        response = web.StreamResponse(status=say.status, headers=headers)
        response.content_length = len(say.raw)
        if say.cut_bytes is not None:
            assert request.transport is not None
            if say.cut_bytes:
                await response.prepare(request)
                await response.write(say.raw[: say.cut_bytes])
            request.transport.close()
            return response
        await response.prepare(request)
        await response.write(say.raw)
        await response.write_eof()
        return response
