"""What is wrong in the scheduler: said once, shown to the operator, and said again when it is over."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from foreword.clock import Clock
from foreword.errors import StoreError
from foreword.keys import UserKey
from foreword.problems import Problems
from foreword.store.v1.store_pb2 import SchedulerProblem

logger = logging.getLogger("scheduler")

COMPONENT = "scheduler"
_PAUSE_SECONDS_MIN = 0.5
# Somebody frees the disk and expects work to go on; half a minute is soon, and costs nothing while it lasts.
_PAUSE_SECONDS_MAX = 30.0
# Refreshes looked back on; when most of them fail, the fault is hardly the users'.
_ENDINGS_MAX = 50
_FAILING_USERS_MIN = 5


class _Ending(NamedTuple):
    user: UserKey
    error: str


class Health:
    """Keeps what is wrong with the store, the configuration and the refreshes.

    Attributes:
        problems: All of it, for the operator.
    """

    def __init__(self, clock: Clock) -> None:
        self.problems = Problems(clock, logger)
        self._pause_seconds = _PAUSE_SECONDS_MIN
        self._endings: deque[_Ending] = deque(maxlen=_ENDINGS_MAX)

    def store_failed(self, exc: StoreError) -> float:
        """State that the store fails; return how many seconds to wait before a retry."""
        self.problems.note(COMPONENT, "store", f"the store fails, work waits and is retried: {exc}")
        pause_seconds = self._pause_seconds
        self._pause_seconds = min(_PAUSE_SECONDS_MAX, 2 * pause_seconds)
        return pause_seconds

    def store_works(self) -> None:
        """State that the store works, again or still."""
        self.problems.end(COMPONENT, "store")
        self._pause_seconds = _PAUSE_SECONDS_MIN

    def activity_failed(self, exc: StoreError) -> None:
        """State that no activity can be read."""
        self.problems.note(COMPONENT, "activity", f"refreshes wait, profiles grow stale: {exc}")

    def activity_works(self) -> None:
        """State that activity can be read, or is not there yet."""
        self.problems.end(COMPONENT, "activity")

    def refresh_ended(self, user: UserKey, error: str = "") -> None:
        """Take down how a refresh ended that had something to compute; that most fail is a problem of its own."""
        self._endings.append(_Ending(user, error))
        failed = [ending for ending in self._endings if ending.error]
        is_common = 2 * len(failed) > len(self._endings)
        if is_common and len({ending.user for ending in failed}) >= _FAILING_USERS_MIN:
            counts = f"{len(failed)} of the last {len(self._endings)} refreshes failed"
            message = f"{counts} and are retried, the newest because: {failed[-1].error}"
            self.problems.note(COMPONENT, "refreshes", message)
        else:
            self.problems.end(COMPONENT, "refreshes")

    def listed(self) -> Sequence[SchedulerProblem]:
        """Return what is wrong now as it is stored, oldest first."""
        return [
            SchedulerProblem(message=problem.message, since_ms=problem.since_ms)
            for problem in self.problems.listed()
        ]
