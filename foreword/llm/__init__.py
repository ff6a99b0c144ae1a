"""The one door to a language model."""

from foreword.llm.answer import ModelAnswer, StopReason, TokenUsage
from foreword.llm.connect import connect, connect_usage_report
from foreword.llm.errors import ModelError, ModelFailure
from foreword.llm.gate import Gate
from foreword.llm.model import Batches, BatchRow, BatchState, Model
from foreword.llm.prices import cost_pico_usd, estimate_pico_usd, micro_usd
from foreword.llm.rate_limit import RateLimit
from foreword.llm.request import ModelRequest, Repair
from foreword.llm.usage_report import UsageReport, UsageRow

__all__ = [
    "BatchRow",
    "BatchState",
    "Batches",
    "Gate",
    "Model",
    "ModelAnswer",
    "ModelError",
    "ModelFailure",
    "ModelRequest",
    "RateLimit",
    "Repair",
    "StopReason",
    "TokenUsage",
    "UsageReport",
    "UsageRow",
    "connect",
    "connect_usage_report",
    "cost_pico_usd",
    "estimate_pico_usd",
    "micro_usd",
]
