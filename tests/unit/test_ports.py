"""Ports that tests choose for servers."""

from __future__ import annotations

import socket
from pathlib import Path

from ports import PORTS, free_port

# From which on Linux gives ports away.
GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_port_is_nobodys_and_stays_so() -> None:
    """Each is another one, none is taken, and the system gives none to a connection or to whoever asks for any."""
    chosen = [free_port() for _ in range(20)]
    assert len(set(chosen)) == 20
    with socket.create_server(("127.0.0.1", chosen[0])):
        assert chosen[0] not in {free_port() for _ in PORTS}
    if GIVEN.exists():
        assert max(chosen) < int(GIVEN.read_text().split()[0])
