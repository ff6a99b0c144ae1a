"""No test reaches another machine."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

# Addresses of documentation (RFC 5737 and 3849), which nobody has.
ELSEWHERE = "192.0.2.1"
ELSEWHERE_6 = "2001:db8::1"


def connect() -> None:
    with socket.socket() as made:
        made.connect((ELSEWHERE, 80))


def connect_6() -> None:
    with socket.socket(socket.AF_INET6) as made:
        made.connect((ELSEWHERE_6, 80))


def send() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.sendto(b"", (ELSEWHERE, 53))


def look_up() -> None:
    socket.getaddrinfo("example.com", 80)


def open_connection() -> None:
    asyncio.run(asyncio.wait_for(asyncio.open_connection(ELSEWHERE, 80), 5))


@pytest.mark.parametrize("reach", [connect, connect_6, send, look_up, open_connection])
def test_another_machine_is_out_of_reach(reach: Callable[[], None], loopback_only: list[str]) -> None:
    """However another machine is reached for, it is refused and noted, so that no test passes by swallowing it."""
    with pytest.raises(Exception, match="allowed in tests: this machine alone"):
        reach()
    assert len(loopback_only) == 1
    loopback_only.clear()


def test_processes_that_tests_start_are_held_too() -> None:
    """A child process cannot reach another machine either."""
    code = f"import socket; socket.create_connection(({ELSEWHERE!r}, 80), 5)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "OtherMachineError" in done.stderr


def test_this_machine_is_in_reach(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Loopback by address and by name, and unix sockets, are as ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, server.getsockname()[1]), 5).close()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        path = str(tmp_path_factory.mktemp("s") / "s")
        server.bind(path)
        server.listen()
        client.connect(path)
