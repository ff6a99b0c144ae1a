"""Where the page is served, and to whom."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import uvicorn
from starlette.types import ASGIApp

from foreword.addresses import Address, parse_address
from foreword.errors import FieldError, ForewordError
from foreword.http_connection import HttpConnection
from foreword.server_token import ServerToken

# Pages under way end within this.
_STOP_SECONDS = 5
# Far more than operators press at once; more wait in the kernel.
CONCURRENCY_MAX = 100
_BACKLOG = 128
_PORTS = {False: 80, True: 443}
_LOCAL = ("localhost", "127.0.0.1", "[::1]")


class UiError(ForewordError):
    """The page cannot be served where it should be."""


class Access(NamedTuple):
    """Who may look, and how they come.

    Attributes:
        listen: Where it is served.
        names: Further names of this machine, under which it may be asked for.
        token: What a caller must know; None where nothing is asked.
        certificate_file: PEM certificate chain; None without TLS.
        key_file: PEM private key of it.
    """

    listen: Address
    names: Sequence[str] = ()
    token: ServerToken | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return is_loopback(self.listen.host)

    @property
    def has_tls(self) -> bool:
        """Whether it is served with TLS."""
        return self.certificate_file is not None


def check(access: Access) -> None:
    """Refuse to show to a network what was meant for this machine.

    Raises:
        FieldError: It is to be reached from elsewhere without a token, or half of TLS is named.
    """
    if access.listen.path:
        raise FieldError(
            "--listen", repr(access.listen.text), "HOST:PORT or [IPV6]:PORT, for browsers read no sockets"
        )
    if (access.certificate_file is None) != (access.key_file is None):
        raise FieldError(
            "--certificate-file", "one of certificate and key", "both --certificate-file and --key-file"
        )
    if not access.is_loopback and access.token is None:
        raise FieldError(
            "--listen",
            f"{access.listen.text}, which other machines reach, without a token",
            "a loopback address, or --page-token-file FILE",
            hint="the page shows what users did, and erases them",
        )


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def bind(access: Access) -> socket.socket:
    """Return a listening socket.

    Raises:
        UiError: The port cannot be had.
    """
    address = access.listen
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, place = found[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(place)
            listening.listen(_BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as exc:
        raise UiError(
            f"cannot serve the page on {address.text}: {exc.strerror or exc}",
            hint="see what listens there, or choose another --listen",
        ) from exc
    return listening


def hosts_of(access: Access, port: int) -> list[str]:
    """Return the names with ports that a request may name, in lower case."""
    host = f"[{access.listen.host}]" if ":" in access.listen.host else access.listen.host
    names = {host, *access.names, *(_LOCAL if access.is_loopback else ())}
    lowered = [name.lower() for name in names]
    found = [f"{name}:{port}" for name in lowered]
    return sorted([*found, *lowered] if port == _PORTS[access.has_tls] else found)


def make_server(
    application: ASGIApp, access: Access, address: str, ready: Callable[[Sequence[str]], None]
) -> uvicorn.Server:
    """Return what serves the pages once it is run on a bound socket, until SIGTERM or Ctrl-C.

    Args:
        application: What answers.
        access: Who may look.
        address: Where it is, for people.
        ready: Called with the address once it is served.
    """
    config = uvicorn.Config(
        application,
        http=HttpConnection,
        log_config=None,
        access_log=False,
        server_header=False,
        # Only who connects says who they are; what a proxy adds is not needed for anything.
        proxy_headers=False,
        ws="none",
        lifespan="on",
        limit_concurrency=CONCURRENCY_MAX,
        timeout_graceful_shutdown=_STOP_SECONDS,
        ssl_certfile=access.certificate_file,
        ssl_keyfile=access.key_file,
    )
    return _Server(config, lambda: ready([address]))


def address_of(access: Access, port: int) -> str:
    """Return where the page is, as a browser takes it."""
    scheme = "https" if access.has_tls else "http"
    return f"{scheme}://{access.listen.text.rpartition(':')[0]}:{port}/"


class _Server(uvicorn.Server):
    """Says when it serves."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def parse_listen(text: str) -> Address:
    """Return where the page is to be served.

    Raises:
        FieldError: It is no address.
    """
    return parse_address("--listen", text)
