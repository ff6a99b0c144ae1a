"""SIGTERM before a daemon is up: it ends as it would later, with nothing to finish."""

from __future__ import annotations

import os
import signal
from types import FrameType


def exit_on_sigterm() -> None:
    """End this process with exit code 0 on SIGTERM, until the event loop takes the signal over.

    A service manager may stop what it has just started; without this the signal itself would end the process, which
    counts as a failure.
    """
    signal.signal(signal.SIGTERM, _exit)


def _exit(_number: int, _frame: FrameType | None) -> None:
    # Not SystemExit: raised in the middle of an import or a task it is swallowed, or printed as a traceback. Nothing
    # is lost, for a start that breaks off at any point is what the store is made to survive.
    os._exit(0)
