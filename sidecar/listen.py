"""Addresses to serve on: taken alone, or refused in words."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import NamedTuple

import grpc

from foreword.addresses import Address
from foreword.config import Security
from foreword.store import FileLock
from sidecar.errors import ListenError
from sidecar.front_sockets import FrontSockets
from sidecar.tls import TlsFiles

# No bit for group and others from the first moment on; a later chmod would leave a gap.
_UMASK = 0o177


def asks_who(address: Address, security: Security) -> bool:
    """Return whether those who call at an address must be callers of `security.callers_file`."""
    match security.require_caller:
        case "everywhere":
            return True
        case "remote":
            return not address.is_local
    return False


class Servers(NamedTuple):
    """What serves an address, by what is asked there of those who call."""

    plain: grpc.aio.Server | FrontSockets
    """Nothing: the native front's, where there is one."""
    secure: grpc.aio.Server
    """That they speak TLS. The sidecar's own: its files are followed, and say who callers are."""
    asking: grpc.aio.Server
    """Who they are."""


class Listener:
    """Binds addresses to a server, or to sockets for the native front, and keeps others off them.

    Args:
        servers: What addresses are bound to.
        tls: The certificate.
        security: Says what is asked where.

    Attributes:
        bound: The addresses served on, with the port chosen where 0 was asked.
    """

    def __init__(self, servers: Servers, tls: TlsFiles, security: Security) -> None:
        self.bound: list[str] = []
        self._servers = servers
        self._tls = tls
        self._security = security
        self._locks: dict[Path, FileLock] = {}

    def bind(self, address: Address) -> None:
        """Serve on an address.

        Raises:
            ListenError: It is taken, cannot be bound, or is open to others without TLS or without callers.
            StoreLockedError: Another sidecar serves on this socket.
            StoreNotWritableError: The socket's folder cannot be written.
        """
        if address.path:
            self._bind_socket(address, Path(address.path))
        elif address.is_local:
            self._add(address, None)
        else:
            _check_open(address, self._security)
            self._add(address, self._tls.credentials())

    def release(self) -> None:
        """Remove the sockets and let others have the addresses; the server must have stopped."""
        for path, lock in self._locks.items():
            path.unlink(missing_ok=True)
            lock.release()
        self._locks.clear()

    def _bind_socket(self, address: Address, path: Path) -> None:
        # Binding a socket's path takes it from whoever serves there, silently: the lock is what prevents that.
        lock = FileLock(path.with_name(path.name + ".lock"), f"another sidecar serves on {address.text}")
        try:
            if not self._is_held(address):
                _remove_stale(path)
            former = os.umask(_UMASK)
            try:
                self._add(address, None)
            finally:
                os.umask(former)
        except BaseException:
            lock.release()
            raise
        self._locks[path] = lock

    def _is_held(self, address: Address) -> bool:
        server = self._server_of(address)
        return isinstance(server, FrontSockets) and server.holds(address.target)

    def _server_of(self, address: Address) -> grpc.aio.Server | FrontSockets:
        if asks_who(address, self._security):
            return self._servers.asking
        return self._servers.plain if address.is_local else self._servers.secure

    def _add(self, address: Address, credentials: grpc.ServerCredentials | None) -> None:
        if not address.path and not self._is_held(address):
            _try_port(address)
        server = self._server_of(address)
        try:
            if credentials is None:
                port = server.add_insecure_port(address.target)
            else:
                assert not isinstance(server, FrontSockets), "the front speaks no TLS"
                port = server.add_secure_port(address.target, credentials)
        except RuntimeError as exc:
            raise ListenError(
                f"cannot serve on {address.text}: it is taken or may not be bound",
                hint="see what listens there, or change sidecar.listen",
            ) from exc
        self.bound.append(address.text if address.path else f"{address.text.rpartition(':')[0]}:{port}")


def _try_port(address: Address) -> None:
    """Raise with the system's reason when a port cannot be had: gRPC says only that, and logs a line of its own.

    A port taken between this and gRPC's own attempt is still told there.
    """
    reason: OSError | None = None
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, place in found:
            try:
                with socket.socket(family, kind, protocol) as probe:
                    # As gRPC does: a port that a former sidecar has just left can be had.
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(place)
                    return
            except OSError as exc:
                reason = exc
    except OSError as exc:
        reason = exc
    said = reason.strerror if reason is not None else "the host has no address"
    raise ListenError(
        f"cannot serve on {address.text}: {said}", hint="see what listens there, or change sidecar.listen"
    ) from reason


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ListenError(
            f"cannot serve on unix:{path}: a file that is no socket is there", hint="move it away"
        )
    path.unlink()


def _check_open(address: Address, security: Security) -> None:
    """Refuse to serve other machines in clear text, or without knowing who calls, unless told to."""
    if security.tls_certificate_file is None or security.tls_key_file is None:
        raise ListenError(
            f"{address.text} can be reached from other machines, and no TLS is configured",
            hint="set security.tls_certificate_file and security.tls_key_file, or listen on 127.0.0.1",
        )
    if asks_who(address, security) and security.callers_file is None:
        raise ListenError(
            f"{address.text} can be reached from other machines, and nothing says who may call",
            hint="set security.callers_file (`foreword token new` makes its entries), or "
            'security.require_caller = "nowhere" to let everybody in',
        )
