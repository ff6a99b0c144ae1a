"""The Messages API's requests and answers, as Foreword's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foreword.llm.answer import ModelAnswer, StopReason, TokenUsage
from foreword.llm.message import MalformedMessageError, encodable, repaired, token_count
from foreword.llm.rate_limit import RateLimit
from foreword.llm.request import ModelRequest

# A refusal may come with or without text; whoever reads an answer looks at this first.
_STOP_REASONS: dict[str, StopReason] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "max_tokens",
    "refusal": "refusal",
}


def params(request: ModelRequest, effort: str | None) -> dict[str, Any]:
    """Return a request as the Messages API takes it, in a call and in a batch alike.

    No `temperature`: newer models refuse it.

    Args:
        request: What is asked.
        effort: How much the model is to think; None leaves it to the model.
    """
    return {**prompt_params(request, effort), "max_tokens": request.output_tokens_max}


def prompt_params(request: ModelRequest, effort: str | None) -> dict[str, Any]:
    """Return the part of a request that is read, of which tokens can be counted beforehand."""
    from anthropic import transform_schema

    # Each block ends a prefix that is cached by itself: the instructions stay when the shared context changes. Below
    # the model's minimum the mark does nothing and costs nothing.
    system = [
        {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}
        for text in (request.instructions, request.shared)
        if text
    ]
    config: dict[str, Any] = {
        "format": {"type": "json_schema", "schema": transform_schema(dict(request.schema))}
    }
    if effort is not None:
        config["effort"] = effort
    return {
        "model": request.model,
        "system": system,
        "messages": repaired(request),
        "output_config": config,
    }


def answer_of(
    body: Any, *, request_id: str = "", limits: tuple[RateLimit, ...] = (), model: str = ""
) -> ModelAnswer:
    """Return a message's answer.

    Args:
        body: The message's JSON.
        request_id: The server's name for the call.
        limits: What the provider will still take.
        model: What was asked, should the message not name its model.

    Raises:
        MalformedMessageError: It is no message.
    """
    if not isinstance(body, Mapping):
        raise MalformedMessageError("no message")
    usage = usage_of(body.get("usage"))
    reason, blocks = body.get("stop_reason"), body.get("content")
    if not isinstance(reason, str):
        raise MalformedMessageError("a message without stop_reason", usage)
    if not isinstance(blocks, list):
        raise MalformedMessageError("a message without content", usage)
    named = body.get("model")
    return ModelAnswer(
        text=_text(blocks),
        stop_reason=_STOP_REASONS.get(reason, "other"),
        model=named if isinstance(named, str) and named else model,
        usage=usage,
        request_id=request_id,
        limits=limits,
    )


def usage_of(said: Any) -> TokenUsage:
    """Return what a message cost.

    Raises:
        MalformedMessageError: It does not say, or in no numbers of tokens.
    """
    if not isinstance(said, Mapping):
        raise MalformedMessageError("a message without usage")
    return TokenUsage(
        input_tokens=token_count(said, "input_tokens"),
        cache_read_tokens=token_count(said, "cache_read_input_tokens", 0),
        cache_write_tokens=token_count(said, "cache_creation_input_tokens", 0),
        output_tokens=token_count(said, "output_tokens"),
    )


def _text(blocks: list[Any]) -> str:
    """Return the text of an answer; a model that thinks first has other blocks before it."""
    parts = [
        block.get("text") for block in blocks if isinstance(block, Mapping) and block.get("type") == "text"
    ]
    return encodable("".join(part for part in parts if isinstance(part, str)))
