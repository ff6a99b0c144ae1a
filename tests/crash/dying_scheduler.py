"""A scheduler that kills itself at a named moment: `python dying_scheduler.py CONFIG POINT NUMBER`."""

from __future__ import annotations

import os
import signal
import sys

from foreword.cli import main
from foreword.store.failpoints import watch
from scheduler.model.batch_point import BatchPoint


def run(config: str, point: BatchPoint, number: int) -> int:
    """Run the scheduler until it reaches the point for the numbered time."""
    left = number

    def watcher(passed: object) -> None:
        nonlocal left
        left -= passed is point
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(watcher)
    return main(["--config", config, "scheduler"])


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], BatchPoint[sys.argv[2]], int(sys.argv[3])))
