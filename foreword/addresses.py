"""Addresses of a sidecar. gRPC takes some mistakes for another address, and writes of others to stderr by itself."""

from __future__ import annotations

import os
import re
import socket
from typing import NamedTuple

from foreword.errors import FieldError

_UNIX = "unix:"
ALLOWED = "unix:PATH, HOST:PORT or [IPV6]:PORT"
# The size of sun_path in Linux, less the closing zero.
UNIX_PATH_BYTES_MAX = 107
PORT_MAX = 65_535
_HOST_LENGTH_MAX = 253
# Labels of a name; underscores are no part of the standard and of many names in use.
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_LOOKS_LIKE_IPV4 = re.compile(r"[0-9.]+")


class Address(NamedTuple):
    """Where a sidecar serves."""

    text: str
    """For people and configuration: `unix:` and an absolute path, or host and port."""
    target: str
    """As gRPC takes it."""
    path: str
    """The socket's file; empty for TCP."""
    host: str
    """Name or number, IPv6 without brackets; empty for a socket."""
    port: int
    """0 for a socket, and where the system is to choose one."""

    @property
    def is_local(self) -> bool:
        """Whether no other machine can reach it: a socket's file, `localhost`, or a number of loopback."""
        if self.path or self.host == "localhost":
            return True
        # Imported here: only a client with a token, and a sidecar, have to know.
        import ipaddress

        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(field: str, text: str) -> Address:
    """Return an address.

    Args:
        field: What it stands in, for the error.
        text: `unix:PATH`, `HOST:PORT` or `[IPV6]:PORT`.

    Raises:
        FieldError: It is none of these.
    """
    return _socket(field, text) if text.startswith(_UNIX) else _tcp(field, text)


def _socket(field: str, text: str) -> Address:
    name = text.removeprefix(_UNIX)
    if name.startswith("//"):
        # The long form of an address has a place for a host, which a socket has none of.
        name = name.removeprefix("//") if name.startswith("///") else ""
    if not name or not name.isprintable():
        raise FieldError(field, repr(text), f"{_UNIX}PATH, the path of a socket")
    path = os.path.abspath(name)  # noqa: PTH100 - pathlib is a part of the time that importing the client takes
    size = len(os.fsencode(path))
    if size > UNIX_PATH_BYTES_MAX:
        raise FieldError(
            field, f"a socket path of {size} bytes, {path}", f"at most {UNIX_PATH_BYTES_MAX} bytes"
        )
    # gRPC reads a percent sign as the beginning of an escape, here as in any address.
    return Address(f"{_UNIX}{path}", f"{_UNIX}{path.replace('%', '%25')}", path, "", 0)


def _tcp(field: str, text: str) -> Address:
    host, colon, digits = text.rpartition(":")
    if not colon or not (digits.isascii() and digits.isdigit()):
        raise FieldError(field, repr(text), ALLOWED)
    port = int(digits) if len(digits) <= len(str(PORT_MAX)) else PORT_MAX + 1
    if port > PORT_MAX:
        raise FieldError(field, f"port {digits[:20]} in {text[:300]!r}", f"a port from 0 to {PORT_MAX}")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        is_host = _is_ipv6(host)
        shown = f"[{host}]:{port}"
    else:
        is_host = _is_host(host)
        shown = f"{host}:{port}"
    if not is_host:
        raise FieldError(field, repr(text), ALLOWED)
    return Address(shown, shown, "", host, port)


def _is_host(host: str) -> bool:
    if _LOOKS_LIKE_IPV4.fullmatch(host):
        return _is_number(socket.AF_INET, host)
    return len(host) <= _HOST_LENGTH_MAX and _HOST.fullmatch(host) is not None


def _is_ipv6(host: str) -> bool:
    number, percent, zone = host.partition("%")
    return _is_number(socket.AF_INET6, number) and (not percent or zone.isalnum())


def _is_number(family: socket.AddressFamily, host: str) -> bool:
    try:
        socket.inet_pton(family, host)
    except (OSError, ValueError):
        return False
    return True
