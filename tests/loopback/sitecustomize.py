"""No test reaches another machine. Python loads a module of this name at its start, so the daemons that tests start
obey too; the tests' own process loads it in conftest.py.

An audit hook rather than a patch of `socket`: it also sees the event loop's sockets and whoever imported `connect`
before, and cannot be taken back. What is not Python, gRPC's core and uvloop's sockets, it does not see.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

# What was refused, for whoever swallowed the error.
refused: list[str] = []

_OUTBOUND = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")


class OtherMachineError(Exception):
    """A test wanted to reach another machine."""


def is_loopback(host: object) -> bool | None:
    """Return whether an address is this machine's; None for a name, which nobody has looked up."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return None


def _is_refused(event: str, args: tuple[Any, ...]) -> bool:
    if event in _OUTBOUND:
        # A unix socket's address is a path; a netlink socket's, with which interfaces are listed, is two numbers.
        address = args[1]
        is_of_ip = isinstance(address, tuple) and isinstance(address[0], (str, bytes))
        return is_of_ip and address[0] != "localhost" and not is_loopback(address[0])
    # An address is read as it stands; only a name is asked about elsewhere.
    return (
        event in _LOOKUPS
        and args[0] not in (None, "", "localhost", b"localhost")
        and is_loopback(args[0]) is None
    )


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event.startswith("socket.") and _is_refused(event, args):
        refused.append(f"{event} {args!r}")
        raise OtherMachineError(f"found {event} {args[-1]!r}; allowed in tests: this machine alone")


sys.addaudithook(_audit)
