"""Listening sockets for the front, bound by the sidecar, whose rules they keep to."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from foreword.addresses import parse_address
from sidecar.front_door import FormerFront

_UNIX = "unix:"
# Connections that wait to be taken, also while a front that died is started again.
_BACKLOG = 1024


class Listening(NamedTuple):
    """A listening socket and its address."""

    target: str
    socket: socket.socket


class FrontSockets:
    """Binds addresses in the words of gRPC's server, so that `Listener` serves both.

    Args:
        former: A front whose sockets are taken over where their addresses are asked for.

    Attributes:
        listening: What is bound.
    """

    def __init__(self, former: FormerFront | None) -> None:
        self.listening: list[Listening] = []
        self._former = former

    def holds(self, target: str) -> bool:
        """Return whether an address is bound already, by a front that outlived its sidecar."""
        path = _path(target)
        is_there = path is None or path.is_socket()
        return is_there and self._former is not None and target in self._former.sockets

    def add_insecure_port(self, target: str) -> int:
        """Bind an address; return its port, 1 for a unix socket.

        Raises:
            RuntimeError: It cannot be bound.
        """
        if self.holds(target):
            assert self._former is not None
            sockets = self._former.sockets.pop(target)
        else:
            try:
                sockets = _bind(target)
            except OSError as exc:
                raise RuntimeError(f"{target}: {exc}") from exc
        self.listening += [Listening(target, each) for each in sockets]
        return 1 if sockets[0].family == socket.AF_UNIX else int(sockets[0].getsockname()[1])

    def close(self) -> None:
        """Let go of the sidecar's share in them: without a front they are no longer listened to."""
        for one in self.listening:
            one.socket.close()
        self.listening.clear()


def _bind(target: str) -> list[socket.socket]:
    path = _path(target)
    with contextlib.ExitStack() as stack:
        if path is not None:
            sockets = [stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))]
            sockets[0].bind(str(path))
        else:
            address = parse_address("target", target)
            sockets = _bind_tcp(address.host, address.port, stack)
        for each in sockets:
            each.listen(_BACKLOG)
        stack.pop_all()
    return sockets


def _path(target: str) -> Path | None:
    """Return the path of a unix socket as gRPC's addresses have it, in percent-encoding; None for TCP."""
    is_unix = target.startswith(_UNIX)
    return Path(unquote(target.removeprefix(_UNIX))) if is_unix else None


def _bind_tcp(host: str, port: int, stack: contextlib.ExitStack) -> list[socket.socket]:
    """Bind a port on every address of a host; where the system is to choose one, the same on all."""
    sockets: list[socket.socket] = []
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, place in dict.fromkeys(found):
        bound = stack.enter_context(socket.socket(family, kind, protocol))
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # As gRPC does: the address of all hosts is that of IPv4 as well.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        chosen = port or (sockets[0].getsockname()[1] if sockets else 0)
        try:
            bound.bind((place[0], chosen, *place[2:]))
        except OSError:
            # A host that has two families on a machine that has one.
            if sockets:
                continue
            raise
        sockets.append(bound)
    return sockets
