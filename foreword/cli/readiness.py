"""A daemon's word to the process that supervises it: it has what it needs, and works from now on."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence

# Far more than all addresses a sidecar can have; a pipe hands over what was written at once.
_BYTES_MAX = 65_536


def teller(descriptor: int | None) -> Callable[[Sequence[str]], None]:
    """Return what a daemon calls once it works, with the addresses it serves on; does nothing without a pipe."""

    def tell(addresses: Sequence[str]) -> None:
        if descriptor is None:
            return
        # Nobody listens any more when the supervisor has died; the lifeline ends us then.
        with contextlib.suppress(BrokenPipeError):
            os.write(descriptor, "\n".join(addresses).encode() + b"\n")
        os.close(descriptor)

    return tell


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
