"""The usage report over HTTP."""

from __future__ import annotations

from aiohttp import web

from foreword.model_server.core import Core
from foreword.model_server.delivery import body_of, send
from foreword.model_server.usage_report import read_query, usage_report


class ReportRoutes:
    """`GET /v1/organizations/usage_report/messages`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """Say what was answered, by time."""
        # Lists come as `group_by[]=model&group_by[]=…`, as the API has them.
        fields = {name.removesuffix("[]"): request.query.getall(name) for name in request.query}
        query = read_query(fields, self._core.clock.now_ms())
        return await send(request, [body_of(usage_report(self._core.tally, query))])
