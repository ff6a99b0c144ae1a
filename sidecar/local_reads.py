"""Users who were read in process and are refreshed when read: their readers tell of them, and wait for nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from pathlib import Path

from foreword import keys
from foreword.keys import UserKey
from foreword.read_notes import SOCKET, socket_address
from sidecar.open_triggers import OpenTriggers

logger = logging.getLogger("sidecar")

# Taken in one turn of the loop, a tenth of a millisecond; the kernel holds what comes meanwhile, up to its own limit.
_TAKEN_MAX = 64


class LocalReads:
    """Takes what readers in process tell, and asks for refreshes as it does for its own reads.

    Args:
        directory: The store's folder; whoever may read the store may tell.
        triggers: Where it goes; knows who is asked for already, and who is made up.
    """

    def __init__(self, directory: Path, triggers: OpenTriggers) -> None:
        self._directory = directory
        self._triggers = triggers
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Take from here on; where no socket can be made, as in a folder that is read-only, nothing is ever told."""
        taking = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            taking.setblocking(False)
            with socket_address(self._directory) as address:
                # A sidecar that was killed left it; the store's lock says that there is no other.
                Path(address).unlink(missing_ok=True)
                taking.bind(address)
                Path(address).chmod(0o600)
        except OSError as exc:
            taking.close()
            logger.warning("reads in process leave no triggers: %s cannot be made: %s", SOCKET, exc)
            return
        self._socket = taking
        asyncio.get_running_loop().add_reader(taking, self._take)

    def close(self) -> None:
        """Take nothing more."""
        taking, self._socket = self._socket, None
        if taking is not None:
            asyncio.get_running_loop().remove_reader(taking)
            taking.close()
            with contextlib.suppress(OSError):
                (self._directory / SOCKET).unlink()

    def _take(self) -> None:
        assert self._socket is not None
        for _ in range(_TAKEN_MAX):
            try:
                said = self._socket.recv(keys.KEY_BYTES_MAX)
            except OSError:
                # Nothing is left.
                return
            # Whatever is no user's key, nobody of ours has sent.
            with contextlib.suppress(ValueError):
                keys.split_user_key(said)
                self._triggers.ask(UserKey(said))
