"""Serves streamable HTTP: on loopback, or behind a token; to one user, or to those that a proxy names."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import uvicorn
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecuritySettings

from foreword.errors import FieldError
from foreword.http_connection import HttpConnection
from foreword.mcp.server import ForewordServer
from foreword.mcp.whose import SCOPE_KEY, Whose
from foreword.server_token import ServerToken

PATH = "/mcp"
# The largest call that is taken, 500 candidates with a text of a page each, has half of that.
BODY_BYTES_MAX = 1 << 20
# Each holds a task and some ten kilobytes; agents of one user open one or two.
SESSIONS_MAX = 1000
SESSION_IDLE_SECONDS = 1800.0
# Connections beyond are answered with 503: each may hold a body of its largest size.
CONNECTIONS_MAX = 500
# What is under way when it stops has this long; an answer takes longer, and is asked for again.
_DRAIN_SECONDS = 3
# Where the SDK logs a traceback for each client that goes away before its request is whole: it is told to nobody.
_SDK_LOGGER = "mcp.server.streamable_http"
_GONE = "ClientDisconnect"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

Scope: TypeAlias = dict[str, Any]
App: TypeAlias = Callable[[Any, Any, Any], Any]


class HttpOptions(NamedTuple):
    """How it is served.

    Attributes:
        host: The address to listen on.
        port: 0 takes a free one.
        token: What clients say as `Authorization: Bearer …`; None on loopback alone.
        user_header: The header in which a trusted proxy names the user; empty for a server of one user.
        namespace: The tenant's space of users that a proxy names.
        allowed_hosts: Further names by which clients reach it.
        sessions_max: Sessions of the old protocol at once; one more is refused with 503.
    """

    host: str = "127.0.0.1"
    port: int = 0
    token: ServerToken | None = None
    user_header: str = ""
    namespace: str = ""
    allowed_hosts: tuple[str, ...] = ()
    sessions_max: int = SESSIONS_MAX

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host in {"127.0.0.1", "localhost", "::1"}

    def security(self) -> TransportSecuritySettings:
        """Return the names by which a request may call this server: no page in a browser reaches it by its own."""
        own = f"[{self.host}]" if ":" in self.host else self.host
        hosts = [*dict.fromkeys((*_LOOPBACK, own, *self.allowed_hosts))]
        allowed = [name for host in hosts for name in (host, f"{host}:*")]
        origins = [f"{scheme}://{name}" for scheme in ("http", "https") for name in allowed]
        return TransportSecuritySettings(allowed_hosts=allowed, allowed_origins=origins)


class Guard:
    """Lets in who says the token, and says for whom a request is: an ASGI application before another."""

    def __init__(self, app: App, options: HttpOptions) -> None:
        self._app = app
        self._token = options.token
        self._user_header = options.user_header.lower().encode()
        self._namespace = options.namespace

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Hand a request on, or refuse it."""
        if scope["type"] == "http":
            if self._token and not await self._token.is_said(_said(scope)):
                await _refuse(send, 401, "say the server's token as Authorization: Bearer …")
                return
            if self._user_header:
                try:
                    self._name_user(scope)
                except FieldError as exc:
                    await _refuse(send, 400, str(exc))
                    return
        await self._app(scope, receive, send)

    def _name_user(self, scope: Scope) -> None:
        """Put into the scope whose request it is, as the owner of its session, too: no other user's request gets in.

        Raises:
            FieldError: Nobody is named, several are, or no user can be called so.
        """
        name = self._user_header.decode()
        values = _values(scope, self._user_header)
        if len(values) != 1:
            raise FieldError(name, f"it {len(values)} times", "the header once, set by the proxy")
        try:
            user_id = values[0].decode()
        except UnicodeDecodeError:
            raise FieldError(name, "bytes that are not UTF-8", "the user's id in UTF-8") from None
        scope[SCOPE_KEY] = Whose(user_id, self._namespace).checked()
        scope["user"] = AuthenticatedUser(
            AccessToken(token="", client_id="foreword", scopes=[], subject=user_id)
        )


def serve_http(server: ForewordServer, options: HttpOptions, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        server: What is served.
        options: How.
        ready: Called with the URL once it listens.

    Raises:
        FieldError: The address cannot be listened on, or is not loopback and no token is asked for.
    """
    if not options.is_loopback and options.token is None:
        found = f"{options.host} without a token"
        raise FieldError("--http", found, "loopback, or a token in --http-token-file or FOREWORD_MCP_TOKEN")
    logging.getLogger(_SDK_LOGGER).addFilter(_is_told)
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=BODY_BYTES_MAX,
        max_sessions=options.sessions_max,
        session_idle_timeout=SESSION_IDLE_SECONDS,
        transport_security=options.security(),
    )
    config = uvicorn.Config(
        Guard(app, options),
        http=HttpConnection,
        log_level="warning",
        access_log=False,
        server_header=False,
        # The guard believes no header that says who came; neither does the log.
        proxy_headers=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    with _listening(options) as listener:
        port = listener.getsockname()[1]
        host = f"[{options.host}]" if ":" in options.host else options.host
        asyncio.run(_serve(_Uvicorn(config), listener, lambda: ready(f"http://{host}:{port}{PATH}")))


class _Uvicorn(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to us: uvicorn raises them again at its end, and SIGTERM would count as a failure."""
        yield


async def _serve(server: _Uvicorn, listener: socket.socket, ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, server)
    # It listens already, so whoever connects from here on is answered.
    ready()
    await server.serve(sockets=[listener])


def _is_told(record: logging.LogRecord) -> bool:
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or kind.__name__ != _GONE


def _stop(server: _Uvicorn) -> None:
    server.should_exit = True


def _listening(options: HttpOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host, options.port), family=family)
    except OSError as exc:
        found = f"{options.host}:{options.port}, where nobody can listen: {exc.strerror}"
        raise FieldError(
            "--http", found, "an address of this machine with a free port; port 0 takes one"
        ) from exc


def _said(scope: Scope) -> bytes:
    """Return the token that a request says, empty where it says none or several."""
    found = _values(scope, b"authorization")
    kind, _, said = found[0].partition(b" ") if len(found) == 1 else (b"", b"", b"")
    return said.strip() if kind.lower() == b"bearer" else b""


def _values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


async def _refuse(send: Any, status: int, why: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": why.encode()})
