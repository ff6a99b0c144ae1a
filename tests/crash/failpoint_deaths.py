"""Killing what passes failpoints at one of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count

from forked import run, tell

from foreword.store.failpoints import Failpoint, watch


def points_until_death(act: Callable[[], object], dies_at: int) -> tuple[list[str], bool]:
    """Run `act` in a process that kills itself at the N-th point; return the points passed, and whether it ended.

    Args:
        act: A function of a module, or a partial of one.
        dies_at: Counted from 1; it comes to its end when there are fewer points.
    """
    child = run(_die_at, dies_at, act)
    assert child.code in (0, -signal.SIGKILL), f"exit code {child.code}: {child.errors}"
    return child.told, child.code == 0


def _die_at(number: int, act: Callable[[], object]) -> None:
    passed = count(1)

    def watcher(point: Failpoint) -> None:
        tell(point.name)
        if next(passed) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(watcher)
    act()
