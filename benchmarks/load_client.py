"""The native load client, built with cargo: native/examples/load."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from foreword.errors import ForewordError

_BINARY = Path(__file__).parents[1] / "native" / "target" / "release" / "examples" / "load"


def require() -> None:
    """Make sure that the native front and the load client are there.

    Raises:
        ForewordError: One is not built.
    """
    from sidecar.front import find_binary

    if find_binary() is None or not _BINARY.exists():
        raise ForewordError(
            "the native front or its load client is not built", hint="make native bench-rivals"
        )


def load(
    address: str,
    users: int,
    *,
    connections: int = 1,
    in_flight: int = 1,
    seconds: float,
    rate: float | None = None,
    method: str = "GetProfile",
) -> dict[str, float]:
    """Read users of benchmarks/population.py, and return what came of it.

    Args:
        address: `unix:PATH` or `HOST:PORT` of a sidecar; `redis:PATH` of a Redis on a unix socket.
        users: How many there are.
        connections: To the server.
        in_flight: Calls under way on each connection, one after the other as they are answered; without a rate.
        seconds: How long.
        rate: Calls that begin in a second on all connections together, at random times and whatever was answered.
        method: Of ProfileService.

    Raises:
        ForewordError: A call failed, or so many wait for an answer that the rate cannot be held.
    """
    arguments = [address, str(connections), str(in_flight), str(seconds), str(users), method]
    if rate is not None:
        arguments.append(f"{rate:.0f}")
    done = subprocess.run([_BINARY, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ForewordError(f"the load client failed: {done.stderr.strip()}")
    found: dict[str, float] = json.loads(done.stdout)
    return found
