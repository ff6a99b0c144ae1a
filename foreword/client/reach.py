"""How patient a call may be, from how the ones before it ended."""

from __future__ import annotations

import threading

from foreword.errors import ServiceError

# A sidecar that restarts is back within a second, most often within half of one. Each call may be made again: reads
# change nothing, events count once by their id, and a second refresh or erasure finds nothing left to do.
WAITS_SECONDS = (0.05, 0.1, 0.2)
_UNAVAILABLE = "UNAVAILABLE"
_DRAINING = "DRAINING"
_DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"


class Reach:
    """Whether the sidecar was reached of late.

    While it answers, a call that finds nobody is made again after each of WAITS_SECONDS, which outlasts most restarts.
    Once that was in vain, calls are made a single time: the connection is looked for by gRPC behind the calls, twice
    a second, and a call finds out within a tenth of a millisecond whether it is there. A sidecar that takes a call
    and never answers is not found out that way: then calls are answered at once, and each one, if none is under way,
    has the sidecar's health asked behind it, until that comes back.

    A thread or probe of our own that watches the connection was left out: gRPC has one.
    """

    def __init__(self) -> None:
        self._is_gone = False
        self._is_silent = False
        self._is_asking = False
        self._lock = threading.Lock()

    @property
    def waits_seconds(self) -> tuple[float, ...]:
        """After which waits a call that finds nobody is made again."""
        return () if self._is_gone else WAITS_SECONDS

    @property
    def is_silent(self) -> bool:
        """Whether a call is to be answered without being made."""
        return self._is_silent

    def answered(self) -> None:
        """Note that the sidecar answered."""
        if self._is_gone or self._is_silent:
            self._is_gone = self._is_silent = False

    def failed(self, error: ServiceError, *, waits_for_model: bool = False) -> None:
        """Note how a call failed in the end."""
        if is_passing(error):
            self._is_gone, self._is_silent = True, False
        elif waits_for_model:
            # It may run out of time while the sidecar is as lively as ever, and says nothing of other calls.
            pass
        elif error.reason == _DEADLINE_EXCEEDED and not error.from_sidecar:
            self._is_silent = True
        else:
            self.answered()

    def begin_asking(self) -> bool:
        """Return whether the sidecar's health is to be asked now; at most one such call is under way."""
        with self._lock:
            begins, self._is_asking = not self._is_asking, True
        return begins

    def end_asking(self, error: ServiceError | None) -> None:
        """Note how the question about its health ended."""
        if error is None:
            self.answered()
        else:
            self.failed(error)
        self._is_asking = False


def is_passing(error: ServiceError) -> bool:
    """Return whether a call that failed so may succeed a moment later: nobody is there, or is about to leave."""
    return error.reason == (_DRAINING if error.from_sidecar else _UNAVAILABLE)
