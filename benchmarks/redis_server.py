"""Redis as Debian installs it, on a unix socket of its own, keeping nothing on disk."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.waiting import until
from foreword.errors import ForewordError


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[Path]:
    """Run it in a folder; yield the path of its socket.

    Raises:
        ForewordError: It is not installed.
    """
    if shutil.which("redis-server") is None:
        raise ForewordError("redis-server is not installed", hint="apt-get install redis-server")
    path = folder / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            until(path.exists, server)
            yield path
        finally:
            server.terminate()
