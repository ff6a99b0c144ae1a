"""What is wrong now, for the operator."""

from __future__ import annotations

import logging

from foreword.clock import Clock
from foreword.v1.operator_service_pb2 import StatusProblem

logger = logging.getLogger("sidecar")


class Problems:
    """Conditions that last, each logged when it begins and when it ends, and listed by GetStatus meanwhile."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found: dict[tuple[str, str], StatusProblem] = {}

    def note(self, component: str, kind: str, message: str) -> None:
        """State a condition; when it stands already, only its message changes."""
        problem = self._found.get((component, kind))
        if problem is not None:
            problem.message = message
            return
        logger.warning("%s: %s", component, message)
        problem = StatusProblem(component=component, message=message)
        problem.since.FromMilliseconds(self._clock.now_ms())
        self._found[component, kind] = problem

    def end(self, component: str, kind: str) -> None:
        """State that a condition is over; does nothing when it did not stand."""
        problem = self._found.pop((component, kind), None)
        if problem is not None:
            logger.info("%s: no longer: %s", component, problem.message)

    def listed(self) -> list[StatusProblem]:
        """Return what is wrong, oldest first."""
        return sorted(self._found.values(), key=lambda problem: problem.since.ToMilliseconds())
