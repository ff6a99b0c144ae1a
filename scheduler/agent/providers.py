"""Who proposes changes to a self-model, and what a proposal costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.operations import Operation


@dataclass(frozen=True)
class Usage:
    """What a proposal cost.

    Attributes:
        input_tokens: Tokens read by the model.
        output_tokens: Tokens written by the model.
        cost_micro_usd: Cost in millionths of a US dollar.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cost_micro_usd: int = 0


@dataclass(frozen=True)
class Proposal:
    """What a provider proposes; nothing in it is applied before it is validated.

    Attributes:
        operations: Changes, in the order they shall apply.
        model: The language model; empty when there is none.
        usage: What it cost.
    """

    operations: Sequence[Operation]
    model: str = ""
    usage: Usage = field(default_factory=Usage)


class Provider(Protocol):
    """Proposes changes to a self-model."""

    @property
    def name(self) -> str:
        """Return what stands in `provenance.generator`."""
        ...

    @property
    def prompt_version(self) -> str:
        """Return the version of prompt and rules."""
        ...

    async def propose(self, findings: Findings, previous: profile_pb2.Profile | None) -> Proposal:
        """Return operations that bring the previous self-model up to the findings."""
        ...
