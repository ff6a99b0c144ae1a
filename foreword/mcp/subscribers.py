"""Tells clients of protocols before 2026-07-28 of changes: each subscribes to resources, and hears on its session."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp.server import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.session import ServerSession
from mcp.server.subscriptions import ResourceUpdated, ServerEvent
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

from foreword.errors import FieldError
from foreword.mcp.changes import Changes
from foreword.naming import quoted


class Subscribers:
    """Serves `resources/subscribe` and `resources/unsubscribe`.

    The SDK's `MCPServer` serves `subscriptions/listen` alone, which took their place; the server that it stands on
    takes both, and offers them to clients of those protocols only.

    Args:
        changes: Says what changed.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def add_to(self, server: Server[Any]) -> None:
        """Have a server offer and serve subscriptions."""
        server.add_request_handler("resources/subscribe", SubscribeRequestParams, self._subscribe)
        server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, self._unsubscribe)

    async def _subscribe(
        self, ctx: ServerRequestContext[Any, Any], params: SubscribeRequestParams
    ) -> EmptyResult:
        if params.uri not in self._changes.uris:
            error = FieldError("uri", quoted(params.uri), ", ".join(self._changes.uris))
            raise MCPError(INVALID_PARAMS, str(error))
        # Handlers are given no other way to what lasts as long as the client does.
        connection = ctx.session._connection
        if _KEY not in connection.state:
            subscriber = connection.state[_KEY] = _Subscriber(self._changes, ctx.session)
            connection.exit_stack.callback(subscriber.leave)
        connection.state[_KEY].uris.add(params.uri)
        return EmptyResult()

    async def _unsubscribe(
        self, ctx: ServerRequestContext[Any, Any], params: UnsubscribeRequestParams
    ) -> EmptyResult:
        subscriber: _Subscriber | None = ctx.session._connection.state.get(_KEY)
        if subscriber is not None:
            subscriber.uris.discard(params.uri)
        return EmptyResult()


_KEY = "foreword.subscriber"


class _Subscriber:
    """One client, told from a task of its own: one that reads slowly holds up nobody, and hears of many changes once.

    Attributes:
        uris: What it subscribed to.
    """

    def __init__(self, changes: Changes, session: ServerSession) -> None:
        self.uris: set[str] = set()
        self._session = session
        self._changed: set[str] = set()
        self._has_changed = asyncio.Event()
        self._unsubscribe = changes.subscribe(self._note)
        self._telling = asyncio.create_task(self._tell())

    def leave(self) -> None:
        """Tell it no more."""
        self._unsubscribe()
        self._telling.cancel()

    def _note(self, event: ServerEvent) -> None:
        if isinstance(event, ResourceUpdated):
            self._changed.add(event.uri)
            self._has_changed.set()

    async def _tell(self) -> None:
        while True:
            await self._has_changed.wait()
            self._has_changed.clear()
            changed, self._changed = self._changed & self.uris, set()
            for uri in sorted(changed):
                await self._session.send_resource_updated(uri)
