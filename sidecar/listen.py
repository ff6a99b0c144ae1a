"""Addresses to serve on: taken alone, or refused in words."""

from __future__ import annotations

import ipaddress
import os
import stat
from pathlib import Path
from typing import NamedTuple

import grpc

from foreword.config import Security
from foreword.errors import FieldError
from foreword.store import FileLock
from sidecar.errors import ListenError

_UNIX = "unix:"
# The size of sun_path in Linux, less the closing zero.
_UNIX_PATH_BYTES_MAX = 107
# No bit for group and others from the first moment on; a later chmod would leave a gap.
_UMASK = 0o177


class Address(NamedTuple):
    """A checked address."""

    text: str
    """As gRPC takes it."""
    path: Path | None
    """The socket's file; None for TCP."""
    host: str
    """The host; empty for a socket."""
    is_local: bool
    """Whether only this machine can reach it."""


def parse(text: str) -> Address:
    """Return an address of the configuration.

    Raises:
        FieldError: It is neither `unix:PATH` nor `HOST:PORT`.
    """
    if text.startswith(_UNIX):
        path = Path(text.removeprefix(_UNIX)).absolute()
        if len(os.fsencode(path)) > _UNIX_PATH_BYTES_MAX:
            found = f"a socket path of {len(os.fsencode(path))} bytes, {path}"
            raise FieldError("sidecar.listen", found, f"at most {_UNIX_PATH_BYTES_MAX} bytes")
        return Address(f"{_UNIX}{path}", path, "", True)
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise FieldError("sidecar.listen", repr(text), "unix:PATH, HOST:PORT or [IPV6]:PORT")
    return Address(text, None, host, _is_loopback(host))


class Listener:
    """Binds addresses to a server and keeps others off them.

    Attributes:
        bound: The addresses served on, with the port chosen where 0 was asked.
    """

    def __init__(self, server: grpc.aio.Server, security: Security) -> None:
        self.bound: list[str] = []
        self._server = server
        self._security = security
        self._locks: dict[Path, FileLock] = {}

    def bind(self, address: Address) -> None:
        """Serve on an address.

        Raises:
            ListenError: It is taken, cannot be bound, or is open to others without TLS.
            StoreLockedError: Another sidecar serves on this socket.
            StoreNotWritableError: The socket's folder cannot be written.
        """
        if address.path is not None:
            self._bind_socket(address, address.path)
        elif address.is_local:
            self._add(address, None)
        else:
            self._add(address, _credentials(address, self._security))

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

    def _add(self, address: Address, credentials: grpc.ServerCredentials | None) -> None:
        try:
            if credentials is None:
                port = self._server.add_insecure_port(address.text)
            else:
                port = self._server.add_secure_port(address.text, credentials)
        except RuntimeError as exc:
            # gRPC says the same of a bad certificate as of a taken port.
            tls = (
                ""
                if credentials is None
                else ", or the TLS files are not a certificate and its key, both PEM"
            )
            raise ListenError(
                f"cannot serve on {address.text}: it is taken or may not be bound{tls}",
                hint="see what listens there, or change sidecar.listen",
            ) from exc
        self.bound.append(address.text if address.path else f"{address.host}:{port}")


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


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _credentials(address: Address, security: Security) -> grpc.ServerCredentials:
    if security.tls_certificate_file is None or security.tls_key_file is None:
        raise ListenError(
            f"{address.text} can be reached from other machines, and no TLS is configured",
            hint="set security.tls_certificate_file and security.tls_key_file, or listen on 127.0.0.1",
        )
    try:
        pair = security.tls_key_file.read_bytes(), security.tls_certificate_file.read_bytes()
    except OSError as exc:
        raise ListenError(f"the TLS files cannot be read: {exc}", hint="see [security]") from exc
    return grpc.ssl_server_credentials([pair])
