"""A front that outlived its sidecar: its folder, and taking the listening sockets over from it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sidecar.errors import FrontError

SIDECAR_SOCKET = "sidecar.sock"
_DOOR = "door.sock"
# The kernel's own limit on descriptors in one message, and bytes for as many addresses.
_DESCRIPTORS_MAX = 253
_BYTES_MAX = 65_536
# A front answers within a millisecond; one that hangs is not waited for.
_PATIENCE_SECONDS = 5.0


def front_folder(store: Path, *, make: bool = True) -> Path:
    """Return the folder that the front of a store and the sidecar behind it share, made for this user alone.

    Not in the store: its path may be too long for a socket's, and it may be read-only. Its name follows from the
    store's, so that a sidecar that is started again finds the front of the one that died.

    Args:
        store: The store's folder.
        make: Whether it is made when it is not there.

    Raises:
        FrontError: It is not there and cannot be made, or is open to others.
    """
    name = hashlib.sha256(os.fsencode(store.resolve())).hexdigest()[:12]
    parent = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(parent) / f"foreword-{os.getuid()}-{name}"
    try:
        if make:
            folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as exc:
        raise FrontError(f"the folder {folder} cannot be used: {exc.strerror}") from exc
    # Somebody else may have made it first, in a place where everybody may. A group taken over from the folder above, as
    # in a volume of Kubernetes with fsGroup, lets nobody in.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o777 != 0o700:
        raise FrontError(f"{folder} is not a folder for this user alone", hint="remove it")
    return folder


class FormerFront:
    """A front that still serves, though its sidecar has died.

    Attributes:
        sockets: The listening sockets it holds, by address. Whoever uses one takes it out.
    """

    def __init__(self, connection: socket.socket, sockets: Mapping[str, list[socket.socket]]) -> None:
        self.sockets = dict(sockets)
        self._connection = connection

    def replace(self) -> None:
        """Let it end its calls and then itself; returns when it holds no address any more."""
        with contextlib.suppress(OSError):
            self._connection.sendall(b"\0")
            self._connection.recv(1)

    def close(self) -> None:
        """Let go of what nobody has taken. A front that was not replaced goes on."""
        self._connection.close()
        for handed in self.sockets.values():
            for each in handed:
                each.close()
        self.sockets.clear()


def find_former(folder: Path) -> FormerFront | None:
    """Return the front that serves from a folder, with its listening sockets; None when there is none."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_PATIENCE_SECONDS)
    try:
        connection.connect(str(folder / _DOOR))
        said, descriptors, _, _ = socket.recv_fds(connection, _BYTES_MAX, _DESCRIPTORS_MAX)
    except OSError:
        connection.close()
        return None
    sockets: dict[str, list[socket.socket]] = {}
    for address, descriptor in zip(said.decode().splitlines(), descriptors, strict=False):
        sockets.setdefault(address, []).append(socket.socket(fileno=descriptor))
    return FormerFront(connection, sockets)
