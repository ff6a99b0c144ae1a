"""A daemon's word to who supervises it, `foreword up` or systemd: it has what it needs, and works from now on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Sequence

# Far more than all addresses a sidecar can have; a pipe hands over what was written at once.
_BYTES_MAX = 65_536


def teller(descriptor: int | None) -> Callable[[Sequence[str]], None]:
    """Return what a daemon calls once it works, with the addresses it serves on.

    Without a pipe systemd is told, by the protocol of sd_notify(3), where it asks for that (`Type=notify`).
    """

    def tell(addresses: Sequence[str]) -> None:
        if descriptor is None:
            _tell_systemd(addresses)
            return
        # Nobody listens any more when the supervisor has died; the lifeline ends us then.
        with contextlib.suppress(BrokenPipeError):
            os.write(descriptor, "\n".join(addresses).encode() + b"\n")
        os.close(descriptor)

    return tell


def _tell_systemd(addresses: Sequence[str]) -> None:
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return
    said = f"READY=1\nSTATUS=serving on {' and '.join(addresses)}" if addresses else "READY=1"
    # A manager that cannot be reached notices by its own time limit; the daemon works all the same.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
        # Linux's sockets without a file are written with an @.
        speaker.sendto(said.encode(), f"\0{place[1:]}" if place.startswith("@") else place)


class Readiness:
    """The supervisor's end: a pipe of which one daemon gets the other end.

    Asking the daemon's address instead was left out: whoever serves there may be another one.

    Attributes:
        descriptor: What the daemon gets.
    """

    def __init__(self, ready: Callable[[list[str]], None]) -> None:
        self._ready = ready
        self._reading, self.descriptor = os.pipe()
        asyncio.get_running_loop().add_reader(self._reading, self._hear)

    def handed_over(self) -> None:
        """Let go of the daemon's end."""
        os.close(self.descriptor)

    def close(self) -> None:
        """Listen no longer."""
        if self._reading >= 0:
            asyncio.get_running_loop().remove_reader(self._reading)
            os.close(self._reading)
            self._reading = -1

    def _hear(self) -> None:
        said = os.read(self._reading, _BYTES_MAX)
        self.close()
        # Nothing is said by a daemon that ended before.
        if said:
            # The scheduler, which serves nowhere, says an empty line.
            self._ready([line for line in said.decode().splitlines() if line])
