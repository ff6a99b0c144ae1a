"""What every request passes before a page is made, and what every answer carries."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreword.naming import quoted
from foreword.server_token import ServerToken

# Nothing is loaded but our own style sheet and mark; there is no script, so that none may run.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`, with which browsers say of our own forms that they come from nowhere.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_NOT_STORED = "no-store"


class Guard:
    """Turns away who asks under another name, or without the token, and adds what browsers hold pages to.

    A page of somebody else's whose name comes to mean this machine (DNS rebinding) asks under that name, and is not
    answered.

    Args:
        application: What makes the pages.
        hosts: The names with ports under which it may be asked for.
        token: What a caller must know; None where nothing is asked.
    """

    def __init__(
        self, application: ASGIApp, *, hosts: Iterable[str], token: ServerToken | None = None
    ) -> None:
        self._application = application
        self._hosts = frozenset(hosts)
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", _NOT_STORED)
            await send(message)

        refusal = await self._refusal(Headers(scope=scope))
        await (refusal or self._application)(scope, receive, send_guarded)

    async def _refusal(self, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if host.lower() not in self._hosts:
            allowed = ", ".join(sorted(self._hosts))
            return PlainTextResponse(f"Host: found {quoted(host)}; allowed: {allowed}\n", 421)
        if self._token and not await self._token.is_said(_given(headers.get("authorization", ""))):
            return PlainTextResponse(
                "This page asks for its token: as the password, under any name\n",
                401,
                {"www-authenticate": 'Basic realm="Foreword", charset="UTF-8"'},
            )
        return None


def _given(authorization: str) -> bytes:
    """Return the token that a caller gave: as a bearer, or as the password that a browser asks for."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.encode("utf-8", "replace")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(value, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
