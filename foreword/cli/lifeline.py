"""A daemon's tie to the process that supervises it: when that one dies, however it dies, so does the daemon."""

from __future__ import annotations

import os
import signal
import threading
import time

# Beyond the daemons' own drain limits' defaults; one that hangs must not outlive its supervisor for good.
_GRACE_SECONDS = 60.0


def follow(descriptor: int) -> None:
    """End this process once the other end of a pipe is closed, first by SIGTERM, so that it drains.

    A pipe rather than Linux's parent-death signal: it works on every system, needs no code between fork and exec,
    and is not tied to the thread that started us.
    """
    threading.Thread(target=_wait_and_end, args=(descriptor,), name="lifeline", daemon=True).start()


def _wait_and_end(descriptor: int) -> None:
    # Nobody writes into the pipe: the read returns when the last holder of the other end is gone.
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)
