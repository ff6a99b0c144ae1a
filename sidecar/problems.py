"""What is wrong in the sidecar, and how GetStatus says it."""

from __future__ import annotations

import logging

from foreword import problems
from foreword.clock import Clock
from foreword.v1.operator_service_pb2 import StatusProblem

logger = logging.getLogger("sidecar")


class Problems(problems.Problems):
    """Conditions that last, listed by GetStatus."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, logger)


def status_problem(problem: problems.Problem) -> StatusProblem:
    """Return a condition as GetStatus lists it."""
    status = StatusProblem(component=problem.component, message=problem.message)
    status.since.FromMilliseconds(problem.since_ms)
    return status
