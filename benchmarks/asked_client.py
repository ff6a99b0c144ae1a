"""A client that reads in a process of its own, and is asked for one measurement after the other."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO

from foreword.errors import ForewordError


class AskedClient:
    """Reads as `rival_reads.py` or `go/` do; see there."""

    def __init__(self, name: str, process: subprocess.Popen[str], said: IO[str]) -> None:
        self._name = name
        self._process = process
        self._said = said
        self._line()

    def measure(self, read: str, in_flight: int, seconds: float) -> dict[str, float]:
        """Have it read, and return calls a second and percentiles of what a call took.

        Args:
            read: `one` user a call, or `batch`: a hundred.
            in_flight: Calls under way.
            seconds: How long.

        Raises:
            ForewordError: It failed; with the last that it said.
        """
        assert self._process.stdin is not None
        asked = {"read": read, "in_flight": in_flight, "seconds": seconds}
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
        figures: dict[str, float] = json.loads(self._line())
        return figures

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._said.seek(0)
            last = self._said.read().strip().rpartition("\n")[2]
            raise ForewordError(f"{self._name} ended: {last}")
        return line


@contextlib.contextmanager
def asked_client(name: str, command: Sequence[str]) -> Iterator[AskedClient]:
    """Run a client; it ends with its input, and so with this process, however that ends."""
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, env=os.environ
        ) as process,
    ):
        try:
            yield AskedClient(name, process, said)
        finally:
            process.kill()
