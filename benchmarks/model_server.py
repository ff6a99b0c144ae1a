"""The model server as a process of its own, for measurements."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any

# A request to the server itself, not to the model behind it.
_PATIENCE_SECONDS = 30.0


class RunningModelServer:
    """A model server that runs beside the daemons.

    Attributes:
        url: What to give as `agent.base_url`.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def count(self) -> dict[str, Any]:
        """Return the server's own count."""
        return self._call("GET", "/count")

    def put_fault(self, fault: str, **fields: Any) -> None:
        """Put a fault into every call it can be put to, from now on."""
        self._call("POST", "/faults", {"fault": fault, **fields})

    def clear_faults(self) -> None:
        """Make the server healthy."""
        self._call("DELETE", "/faults")

    def _call(self, method: str, path: str, value: Any = None) -> dict[str, Any]:
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(self.url + path, data=body, method=method)
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as response:
            read: dict[str, Any] = json.load(response)
            return read


@contextlib.contextmanager
def model_server(*options: str) -> Iterator[RunningModelServer]:
    """Run `foreword dev model-server` on a free port, with further options; yield it when it is ready."""
    command: Sequence[str] = ("dev", "model-server", "--port", "0", "--json", *options)
    process = subprocess.Popen(
        [sys.executable, "-m", "foreword", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield RunningModelServer(json.loads(process.stdout.readline())["url"])
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)
