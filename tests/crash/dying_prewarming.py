"""A prewarming that kills itself at a named moment: `python dying_prewarming.py POINT NUMBER ARGUMENT…`."""

from __future__ import annotations

import os
import signal
import sys

from foreword.cli import main
from foreword.store.failpoints import watch
from tiering.prewarming import PrewarmPoint


def run(point: PrewarmPoint, number: int, arguments: list[str]) -> int:
    """Run the command line until it reaches the point for the numbered time."""
    left = number

    def watcher(passed: object) -> None:
        nonlocal left
        left -= passed is point
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(watcher)
    return main(arguments)


if __name__ == "__main__":
    sys.exit(run(PrewarmPoint[sys.argv[1]], int(sys.argv[2]), sys.argv[3:]))
