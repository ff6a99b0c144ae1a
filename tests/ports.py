"""A port for a server that is told where to serve before it starts."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from itertools import count

# Below those that the system gives to whoever asks for any port, and to each connection: one of these it may have given
# away before the server starts. And a client that looks for a server on one of these may meet itself.
PORTS = range(12_000, 32_000)

# Tests run side by side: each process begins elsewhere, however close its id is to the next one's.
_numbers = count(os.getpid() * 7919)


def free_port() -> int:
    """Return a port on loopback that nobody has, nor gets unless it is named."""
    for _ in PORTS:
        port = PORTS[next(_numbers) % len(PORTS)]
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"found no free port of {PORTS}")
