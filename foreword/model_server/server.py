"""The server: its routes, and its life."""

from __future__ import annotations

from aiohttp import web

from foreword.clock import Clock
from foreword.errors import FieldError
from foreword.model_server.batch_requests import REQUEST_BYTES_MAX
from foreword.model_server.batch_routes import BatchRoutes
from foreword.model_server.batches import Batches
from foreword.model_server.chat_routes import ChatRoutes
from foreword.model_server.control_routes import ControlRoutes
from foreword.model_server.core import Core
from foreword.model_server.guard import guard
from foreword.model_server.message_routes import MessageRoutes
from foreword.model_server.options import Options
from foreword.model_server.report_routes import ReportRoutes

# Nobody outside this machine is to reach it: it checks no one, and says what it is asked to say.
_HOST = "127.0.0.1"
# Connections that wait to be taken, when hundreds are opened at once.
_BACKLOG = 1024
# What is under way is broken off, as in an outage; aiohttp takes 0 for no limit.
_STOP_SECONDS = 0.001


class ModelServer:
    """A model's provider on loopback."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._core = Core(options, clock)
        self._batches = Batches(self._core)
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=_STOP_SECONDS)
        self.url = ""

    async def start(self) -> None:
        """Begin to serve; `url` says where.

        Raises:
            FieldError: The port is taken.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, _HOST, self._options.port, backlog=_BACKLOG)
        try:
            await site.start()
        except OSError as exc:
            raise FieldError("port", f"{self._options.port}, which is taken", "a free one, or 0") from exc
        self.url = f"http://{_HOST}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Break off what is under way and release the port."""
        await self._runner.cleanup()
        await self._batches.close()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[guard(self._core)], client_max_size=REQUEST_BYTES_MAX)
        messages, control = MessageRoutes(self._core), ControlRoutes(self._core)
        batches = BatchRoutes(self._core, self._batches)
        app.add_routes(
            [
                web.post("/v1/messages", messages.create),
                web.post("/v1/messages/count_tokens", messages.count_tokens),
                web.post("/v1/messages/batches", batches.create),
                web.get("/v1/messages/batches", batches.list),
                web.get("/v1/messages/batches/{batch_id}", batches.retrieve),
                web.post("/v1/messages/batches/{batch_id}/cancel", batches.cancel),
                web.get("/v1/messages/batches/{batch_id}/results", batches.results),
                web.post("/v1/chat/completions", ChatRoutes(self._core).create),
                web.get("/v1/organizations/usage_report/messages", ReportRoutes(self._core).messages),
                web.get("/count", control.count),
                web.get("/requests", control.requests),
                web.delete("/requests", control.clear_requests),
                web.post("/faults", control.add_faults),
                web.delete("/faults", control.clear_faults),
            ]
        )
        return app
