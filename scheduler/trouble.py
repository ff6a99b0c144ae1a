"""A store that cannot be read or written: said once, retried with patience, and said again when it is over."""

from __future__ import annotations

from foreword.errors import StoreError
from scheduler.log import logger

_PAUSE_SECONDS_MIN = 0.5
# Somebody frees the disk and expects work to go on; half a minute is soon, and costs nothing while it lasts.
_PAUSE_SECONDS_MAX = 30.0


class Trouble:
    """Remembers what is wrong with the store.

    Attributes:
        problem: What is wrong; empty when nothing is.
    """

    def __init__(self) -> None:
        self.problem = ""
        self._pause_seconds = _PAUSE_SECONDS_MIN

    def met(self, exc: StoreError) -> float:
        """Log a failure unless it is the one known already; return how many seconds to wait before a retry."""
        if str(exc) != self.problem:
            logger.error("the store fails, work waits and is retried: %s", exc)
        self.problem = str(exc)
        pause_seconds = self._pause_seconds
        self._pause_seconds = min(_PAUSE_SECONDS_MAX, 2 * pause_seconds)
        return pause_seconds

    def over(self) -> None:
        """Log that writing works again, if it did not."""
        if self.problem:
            logger.info("the store works again")
            self.problem = ""
            self._pause_seconds = _PAUSE_SECONDS_MIN
