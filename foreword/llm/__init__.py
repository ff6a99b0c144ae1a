"""The one door to a language model."""

from foreword.llm.answer import ModelAnswer, StopReason, TokenUsage
from foreword.llm.errors import ModelError, ModelFailure
from foreword.llm.model import Batches, BatchRow, BatchState, Model
from foreword.llm.request import ModelRequest, Repair

__all__ = [
    "BatchRow",
    "BatchState",
    "Batches",
    "Model",
    "ModelAnswer",
    "ModelError",
    "ModelFailure",
    "ModelRequest",
    "Repair",
    "StopReason",
    "TokenUsage",
]
