"""Waiting for a process that was started."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any

from foreword.errors import ForewordError

GIVE_UP_SECONDS = 120.0
# Short beside what is measured of starts, which is tenths of a second.
PAUSE_SECONDS = 0.002


def until(
    condition: Callable[[], bool],
    process: subprocess.Popen[Any],
    *,
    seconds: float = GIVE_UP_SECONDS,
    pause_seconds: float = PAUSE_SECONDS,
) -> None:
    """Wait until something holds of a process; looked at again after each pause.

    Raises:
        ForewordError: The process ended before, or the time was over.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None:
            raise ForewordError(f"{process.args!r} ended with code {process.returncode}")
        if time.monotonic() > deadline:
            raise ForewordError(f"{process.args!r} was not ready in {seconds:.0f} s")
        time.sleep(pause_seconds)
