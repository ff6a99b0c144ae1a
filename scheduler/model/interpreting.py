"""From an answer's text to a profile: what the answer proposes, applied by code to what holds now."""

from __future__ import annotations

from collections.abc import Sequence

from foreword.config import Config
from foreword.llm.prices import micro_usd
from foreword.v1.model_work_pb2 import ModelCall, ModelOutcome
from scheduler.agent.answer import read_answer
from scheduler.agent.product import ProductSchema, ProductSupport
from scheduler.agent.prompt import PROMPT_VERSION
from scheduler.agent.proposal import Proposal, Usage
from scheduler.agent.refresh import RefreshInput, complete, draft
from scheduler.model.applying import Proposed

# Of refused operations a few say what is wrong with them.
_REFUSALS_SHOWN = 3


class Interpreter:
    """Reads answers.

    Args:
        product_schema: The operator's own message, which the prompts ask for; None without one.
    """

    def __init__(self, product_schema: ProductSchema | None = None) -> None:
        self._product_schema = product_schema

    def __call__(
        self, given: RefreshInput, config: Config, event_ids: Sequence[str], text: str, call: ModelCall
    ) -> Proposed:
        """Return what an answer makes of a user as they are now."""
        drafted = draft(given, config)
        if drafted.findings is None:
            return Proposed(ModelOutcome.MODEL_OUTCOME_NOTHING)
        support = ProductSupport(drafted.findings)
        reading = read_answer(
            text,
            event_ids,
            product_schema=self._product_schema,
            product_refusal_of=support.refusal_of,
        )
        to_mend = "\n".join(reading.to_mend)
        if not reading.is_usable:
            error = "\n".join(reading.errors)
            return Proposed(ModelOutcome.MODEL_OUTCOME_INVALID, error=error, to_mend=to_mend)
        proposed_count = len(reading.operations) + len(reading.errors)
        if not (proposed_count or reading.product is not None):
            return Proposed(ModelOutcome.MODEL_OUTCOME_NOTHING, refused_count=proposed_count)
        proposal = Proposal(
            reading.operations,
            proposed_by=call.provider,
            model=call.model,
            prompt_version=PROMPT_VERSION,
            usage=_usage(call),
            product=reading.product,
        )
        result = complete(drafted, [proposal])
        refused_count = proposed_count - result.applied_count
        refusals = [*reading.errors, *(refusal.error.message for refusal in result.refusals)]
        error = "; ".join(refusals[:_REFUSALS_SHOWN])
        if not result.applied_count and reading.product is None:
            outcome = ModelOutcome.MODEL_OUTCOME_UNSUPPORTED
            return Proposed(outcome, refused_count=refused_count, error=error, to_mend=to_mend)
        outcome = ModelOutcome.MODEL_OUTCOME_APPLIED
        return Proposed(outcome, result, result.applied_count, refused_count, error, to_mend)


def _usage(call: ModelCall) -> Usage:
    read = call.input_tokens + call.cache_read_tokens + call.cache_write_tokens
    return Usage(read, call.output_tokens, micro_usd(call.cost_pico_usd))
