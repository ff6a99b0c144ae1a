"""What only this server has: its own count, and its faults."""

from __future__ import annotations

from aiohttp import web

from foreword.model_server.core import Core
from foreword.model_server.fault_plan import read_rules
from foreword.model_server.guard import read_body


class ControlRoutes:
    """`GET /count`, `POST /faults`, `DELETE /faults`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def count(self, _: web.Request) -> web.Response:
        """Say exactly what was answered."""
        return web.json_response(self._core.tally.as_json())

    async def add_faults(self, request: web.Request) -> web.Response:
        """Put rules at the end of the line."""
        rules = read_rules(read_body(await request.read()))
        self._core.faults.add(rules)
        return web.json_response({"added": len(rules)})

    async def clear_faults(self, _: web.Request) -> web.Response:
        """Remove all rules."""
        self._core.faults.clear()
        return web.json_response({})
