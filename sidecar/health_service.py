"""grpc.health.v1.Health: whether each service can do its work now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from foreword.naming import quoted
from sidecar.rpc import send

OVERALL = ""
SERVICE_NAME = "grpc.health.v1.Health"

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class HealthService(health_pb2_grpc.HealthServicer):
    """Answers Check and Watch.

    Not the library's own servicer: its watches never end, so one watcher would hold up every drain to its limit.
    """

    def __init__(self, services: Iterable[str]) -> None:
        self._status = dict.fromkeys([OVERALL, *services], _NOT_SERVING)
        self._changed = asyncio.Event()
        self._draining = False

    def set(self, service: str, *, serving: bool) -> None:
        """State whether a service can do its work; while draining none can."""
        if not self._draining:
            self._change({service: _SERVING if serving else _NOT_SERVING})

    def drain(self) -> None:
        """State for good that no service works any more, and end all watches."""
        self._draining = True
        self._change(dict.fromkeys(self._status, _NOT_SERVING))

    async def Check(self, request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        """Return the status of one service; NOT_FOUND when there is none of that name."""
        status = self._status.get(request.service)
        if status is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"no service {quoted(request.service)} here")
        return health_pb2.HealthCheckResponse(status=status)

    async def Watch(self, request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        """Send the status of one service now and whenever it changes."""
        sent = None
        while True:
            changed = self._changed
            status = self._status.get(request.service, _SERVICE_UNKNOWN)
            if status != sent:
                await send(context, health_pb2.HealthCheckResponse(status=status))
                sent = status
            elif self._draining:
                return
            else:
                await changed.wait()

    def _change(self, status: dict[str, Any]) -> None:
        self._status.update(status)
        # Everyone who waits holds the old event; those who come later the new one.
        self._changed.set()
        self._changed = asyncio.Event()
