"""What the user's AI agent uses and runs into."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.kind import Kind
from scheduler.agent.labels import join
from scheduler.agent.saying.areas import values_of
from scheduler.agent.saying.saying import Saying


def agent_habits(findings: Findings, _: profile_pb2.SelfModel, _claimed: Set[str]) -> Iterator[Saying]:
    """Say which tools the agent uses and which errors it meets."""
    if findings.kind is not Kind.AGENT:
        return
    tools = values_of(findings, "tool", 3)
    if tools:
        yield Saying("habit", f"The agent mostly uses {join(tools)}.")
    errors = values_of(findings, "error_type", 2)
    if errors:
        yield Saying("habit", f"Often runs into {join(errors)}.")
