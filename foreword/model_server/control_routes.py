"""What only this server has: its own count, what it was asked, and its faults."""

from __future__ import annotations

from aiohttp import web

from foreword.model_server.core import Core
from foreword.model_server.fault_plan import read_rules
from foreword.model_server.guard import read_body


class ControlRoutes:
    """`GET /count`, `GET` and `DELETE /requests`, `POST` and `DELETE /faults`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def count(self, _: web.Request) -> web.Response:
        """Say exactly what was answered."""
        return web.json_response(self._core.tally.as_json())

    async def requests(self, _: web.Request) -> web.Response:
        """Say what was asked of late, as it came in."""
        return web.json_response(self._core.requests.as_json())

    async def clear_requests(self, _: web.Request) -> web.Response:
        """Forget what was asked."""
        self._core.requests.clear()
        return web.json_response({})

    async def add_faults(self, request: web.Request) -> web.Response:
        """Put rules at the end of the line."""
        rules = read_rules(read_body(await request.read()))
        self._core.faults.add(rules)
        return web.json_response({"added": len(rules)})

    async def clear_faults(self, _: web.Request) -> web.Response:
        """Remove all rules."""
        self._core.faults.clear()
        return web.json_response({})
