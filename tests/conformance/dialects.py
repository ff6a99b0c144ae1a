"""How each provider's server speaks: what the suite must know of a protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from foreword.llm import Model, StopReason, TokenUsage
from foreword.llm.anthropic_model import AnthropicModel
from foreword.llm.openai_chat_model import OpenAIChatModel


class Maker(Protocol):
    """A provider's class."""

    def __call__(
        self, key: str, *, base_url: str, timeout_seconds: float, calls_max: int, effort: str | None = None
    ) -> Model:
        """Make one."""
        ...


@dataclass(frozen=True)
class Dialect:
    """One protocol.

    Attributes:
        name: The provider's.
        make: Its class.
        path: Where a question is asked.
        ok: Makes an answer's body of its text, why it stopped, and what it cost.
        error: Makes an error's body of what it says.
        reasons: Every way to stop the server has, and what Foreword calls it.
        schema_in: Finds the schema in a request's body.
        texts_in: Finds what is read in a request's body, in order.
        effort_in: Finds how much is to be thought in a request's body; None when it does not say.
        id_header: The header with the server's name for a call.
        limit_headers: A limit of 100 requests of which 7 are left, whole again in 30 seconds.
        has_cache_writes: Whether it says what was put into the cache.
    """

    name: str
    make: Maker
    path: str
    ok: Callable[[str, str, TokenUsage], dict[str, Any]]
    error: Callable[[str], dict[str, Any]]
    reasons: dict[str, StopReason]
    schema_in: Callable[[Any], Any]
    texts_in: Callable[[Any], list[str]]
    effort_in: Callable[[Any], str | None]
    id_header: str
    limit_headers: dict[str, str]
    has_cache_writes: bool


def _message(text: str, reason: str, usage: TokenUsage) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        # A model that thinks first has a block before its text.
        "content": [{"type": "thinking", "thinking": "", "signature": "s"}, {"type": "text", "text": text}],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": usage.input_tokens,
            "cache_read_input_tokens": usage.cache_read_tokens,
            "cache_creation_input_tokens": usage.cache_write_tokens,
            "output_tokens": usage.output_tokens,
            "service_tier": "standard",
        },
    }


def _completion(text: str, reason: str, usage: TokenUsage) -> dict[str, Any]:
    read = usage.input_tokens + usage.cache_read_tokens
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if reason == "refused":
        message, reason = {"role": "assistant", "content": None, "refusal": "I cannot."}, "stop"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "qwen3:8b",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {
            "prompt_tokens": read,
            "completion_tokens": usage.output_tokens,
            "total_tokens": read + usage.output_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        },
    }


DIALECTS = (
    Dialect(
        name="anthropic",
        make=AnthropicModel,
        path="/v1/messages",
        ok=_message,
        error=lambda said: {"type": "error", "error": {"type": "some_error", "message": said}},
        reasons={
            "end_turn": "end",
            "stop_sequence": "end",
            "max_tokens": "max_tokens",
            "model_context_window_exceeded": "max_tokens",
            "refusal": "refusal",
            "pause_turn": "other",
            "a reason of next year": "other",
        },
        schema_in=lambda body: body["output_config"]["format"]["schema"],
        texts_in=lambda body: (
            [block["text"] for block in body["system"]] + [turn["content"] for turn in body["messages"]]
        ),
        effort_in=lambda body: body["output_config"].get("effort"),
        id_header="request-id",
        limit_headers={
            "date": "Wed, 25 Nov 2026 12:00:00 GMT",
            "anthropic-ratelimit-requests-limit": "100",
            "anthropic-ratelimit-requests-remaining": "7",
            "anthropic-ratelimit-requests-reset": "2026-11-25T12:00:30Z",
        },
        has_cache_writes=True,
    ),
    Dialect(
        name="openai-chat",
        make=OpenAIChatModel,
        path="/v1/chat/completions",
        ok=_completion,
        error=lambda said: {"error": {"type": "some_error", "message": said, "code": None}},
        reasons={
            "stop": "end",
            "length": "max_tokens",
            "content_filter": "refusal",
            "refused": "refusal",
            "tool_calls": "other",
            "a reason of next year": "other",
        },
        schema_in=lambda body: body["response_format"]["json_schema"]["schema"],
        texts_in=lambda body: [turn["content"] for turn in body["messages"]],
        effort_in=lambda body: body.get("reasoning_effort"),
        id_header="x-request-id",
        limit_headers={
            "x-ratelimit-limit-requests": "100",
            "x-ratelimit-remaining-requests": "7",
            "x-ratelimit-reset-requests": "30s",
        },
        has_cache_writes=False,
    ),
)
