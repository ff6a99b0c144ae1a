"""Telling the sidecar of a user who was read in process and is refreshed when read: a datagram, sent and forgotten.

A read never waits for it. Without a sidecar, or with more datagrams than it takes, nothing is told; a later read tells.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from foreword.keys import UserKey

SOCKET = "read_notes.sock"
# As the native front: a user who is read again within it is not told of again, and beyond so many users a read tells
# nothing until the next begins. The sidecar keeps to its own, longer pause.
_AGAIN_MS = 1000
_TOLD_MAX = 10_000
# What a socket's address holds on Linux, and on macOS.
_PATH_BYTES_MAX = 103


class ReadNotes:
    """Tells of users, each at most once a second.

    Args:
        directory: The store's folder.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._told: set[bytes] = set()
        self._told_since_ms = 0
        self._socket: socket.socket | None = None

    def tell(self, user: UserKey, now_ms: int) -> None:
        """Tell of a user of whom an event was accepted; some microseconds, at most once a second."""
        # A clock that was set back begins anew as well.
        if not 0 <= now_ms - self._told_since_ms < _AGAIN_MS:
            self._told = set()
            self._told_since_ms = now_ms
        if user in self._told or len(self._told) >= _TOLD_MAX:
            return
        self._told.add(user)
        # No sidecar, none that has room, or none that is ours: all of that is its to say.
        with contextlib.suppress(OSError):
            self._send(user)

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, user: UserKey) -> None:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
        with socket_address(self._directory) as address:
            self._socket.sendto(user, address)


@contextlib.contextmanager
def socket_address(directory: Path) -> Iterator[str]:
    """Yield the address of a store's socket, also of one whose path is longer than an address may be.

    Raises:
        OSError: The folder is not there.
    """
    address = str(directory / SOCKET)
    if len(os.fsencode(address)) <= _PATH_BYTES_MAX:
        yield address
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)
