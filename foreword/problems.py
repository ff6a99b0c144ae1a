"""What is wrong now, for the operator."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from foreword.clock import Clock


@dataclass
class Problem:
    """A condition that lasts.

    Attributes:
        component: The part it is in, such as `sidecar.activity`.
        message: What is wrong, in one sentence with a hint.
        since_ms: When it was first seen, in ms since 1970.
    """

    component: str
    message: str
    since_ms: int


class Problems:
    """Conditions that last, each logged when it begins and when it ends, and listed meanwhile."""

    def __init__(self, clock: Clock, logger: logging.Logger) -> None:
        self._clock = clock
        self._logger = logger
        self._found: dict[tuple[str, str], Problem] = {}

    def note(self, component: str, kind: str, message: str) -> None:
        """State a condition; when it stands already, only its message changes."""
        problem = self._found.get((component, kind))
        if problem is not None:
            problem.message = message
            return
        self._logger.warning("%s: %s", component, message)
        self._found[component, kind] = Problem(component, message, self._clock.now_ms())

    def end(self, component: str, kind: str) -> None:
        """State that a condition is over; does nothing when it did not stand."""
        problem = self._found.pop((component, kind), None)
        if problem is not None:
            self._logger.info("%s: no longer: %s", component, problem.message)

    def listed(self) -> list[Problem]:
        """Return what is wrong, oldest first."""
        return sorted(self._found.values(), key=lambda problem: problem.since_ms)
