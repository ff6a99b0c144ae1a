"""The model server as a process beside the daemons."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from foreword.errors import ForewordError, MissingExtraError

# Long enough that what code writes can be seen before the model's proposal comes.
_LATENCY_SECONDS = 0.3
_STOP_SECONDS_MAX = 10.0


class ModelProcess:
    """`foreword dev model-server` on a free port of loopback; it ends with this process, however that ends.

    Attributes:
        url: Where it serves.
    """

    def __init__(self) -> None:
        reading, self._lifeline = os.pipe()
        command = [sys.executable, "-m", "foreword", "dev", "model-server", "--json", "--port", "0"]
        self._process = subprocess.Popen(
            [*command, "--latency", str(_LATENCY_SECONDS), "--batch-wait", "1", "--lifeline", str(reading)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(reading,),
            start_new_session=True,
        )
        os.close(reading)
        self.url = self._ready()

    def stop(self) -> None:
        """End it; may be called twice."""
        self._process.terminate()
        try:
            self._process.communicate(timeout=_STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def _ready(self) -> str:
        """Return the URL once it is said.

        Raises:
            ForewordError: The server ended instead.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return str(json.loads(line)["url"])
        _, said = self._process.communicate()
        if "model-server" in said:
            raise MissingExtraError("The model server", "model-server")
        raise ForewordError("the model server did not start", hint=said.strip().rpartition("\n")[2])
