"""What is proposed for a self-model, by whom, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from google.protobuf.any_pb2 import Any as PackedMessage

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
    """What somebody proposes; nothing in it is applied before it is validated.

    Attributes:
        operations: Changes, in the order they shall apply.
        proposed_by: The provider of the model; empty where code alone proposes.
        model: The language model; empty when there is none.
        prompt_version: The version of the prompt; empty when there is none.
        usage: What it cost.
        product: The operator's own message; None leaves the one in force.
    """

    operations: Sequence[Operation]
    proposed_by: str = ""
    model: str = ""
    prompt_version: str = ""
    usage: Usage = field(default_factory=Usage)
    product: PackedMessage | None = None
