"""Models that speak chat completions: Ollama, vLLM, llama.cpp, and OpenAI's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from foreword.errors import MissingExtraError
from foreword.llm.answer import ModelAnswer, StopReason, TokenUsage
from foreword.llm.exchange import Exchange
from foreword.llm.failures import Failures
from foreword.llm.http import http_client
from foreword.llm.message import MalformedMessageError, encodable, repaired, token_count
from foreword.llm.model import Batches
from foreword.llm.rate_limit import openai_limits
from foreword.llm.request import ModelRequest

if TYPE_CHECKING:
    from foreword.llm.exchange import Reply

OWN_URL = "https://api.openai.com/v1"

# The SDK must be given something; a server without keys ignores it.
_NO_KEY = "none"

# What a chat template adds around the turns; those of the servers named above add at most half of it.
_TEMPLATE_TOKENS = 64

_STOP_REASONS: dict[str, StopReason] = {
    "stop": "end",
    "length": "max_tokens",
    "content_filter": "refusal",
}


class OpenAIChatModel:
    """A server that speaks chat completions.

    Args:
        key: The API key; empty for a server that needs none.
        base_url: Where the server is; without a path `/v1` there is meant. Empty: OpenAI's own.
        timeout_seconds: Longest time of one call.
        calls_max: Calls under way at once, and so connections.
        effort: How much models are to think; None leaves it to them.

    Raises:
        MissingExtraError: The SDK is not installed.
    """

    name = "openai-chat"
    key_variable = "OPENAI_API_KEY"
    """Where the environment has the key."""
    batches: Batches | None = None
    """These servers have none: a sweep asks them one call a user."""

    def __init__(
        self,
        key: str,
        *,
        base_url: str = "",
        timeout_seconds: float,
        calls_max: int,
        effort: str | None = None,
    ) -> None:
        try:
            import openai
        except ImportError as exc:
            raise MissingExtraError("agent.provider openai-chat", "openai") from exc

        server = _with_path(base_url) if base_url else OWN_URL
        hint = "check the key in agent.api_key_file or OPENAI_API_KEY, and what it may be used for"
        self._failures = Failures(server, key, key_hint=hint, limits=openai_limits)
        options: dict[str, Any] = http_client(server, timeout_seconds=timeout_seconds, calls_max=calls_max)
        client = openai.AsyncOpenAI(
            api_key=key or _NO_KEY,
            base_url=server,
            max_retries=0,
            timeout=options["timeout"],
            http_client=openai.DefaultAsyncHttpxClient(**options),
        )
        self._exchange = Exchange(
            openai, client, self._failures, id_header="x-request-id", timeout_seconds=timeout_seconds
        )
        # Taken here: a part of the SDK is imported when it is first used, which the first call would wait for.
        self._completions = client.chat.completions.with_streaming_response
        self._server = server
        self._effort = {} if effort is None else {"reasoning_effort": effort}
        # OpenAI's newer models refuse max_tokens; of the others not all know the newer name.
        self._limit = "max_tokens" if base_url else "max_completion_tokens"

    def __repr__(self) -> str:
        return f"OpenAIChatModel({self._server!r})"

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        """Ask one question.

        Raises:
            ModelError: There is no answer; says whether it may have cost something.
        """
        params: dict[str, Any] = {**_params(request), self._limit: request.output_tokens_max, **self._effort}
        reply = await self._exchange.reply(self._completions.create(**params))
        try:
            return _answer(reply, request.model)
        except MalformedMessageError as exc:
            raise self._failures.malformed(str(exc), usage=exc.usage, request_id=reply.request_id) from exc

    async def count_tokens(self, request: ModelRequest) -> int:
        """Return a number of tokens that the model's own count does not exceed: no such server counts beforehand."""
        # Its table of pieces is memory that only this needs.
        from foreword.tokens import count_tokens

        params = _params(request)
        texts = [turn["content"] for turn in params["messages"]]
        return (
            sum(count_tokens(text) for text in (*texts, json.dumps(params["response_format"])))
            + _TEMPLATE_TOKENS
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._exchange.close()


def _params(request: ModelRequest) -> dict[str, Any]:
    system = "\n\n".join(text for text in (request.instructions, request.shared) if text)
    # Not `strict`: OpenAI's own then refuses what other servers take, such as a property that may be left out, and
    # the answer is checked in any case.
    schema = {"name": "answer", "schema": dict(request.schema)}
    return {
        "model": request.model,
        "messages": [{"role": "system", "content": system}, *repaired(request)],
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


def _answer(reply: Reply, model: str) -> ModelAnswer:
    body = reply.body
    if not isinstance(body, Mapping):
        raise MalformedMessageError("no completion")
    usage = _usage(body.get("usage"))
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        raise MalformedMessageError("a completion without a message", usage)
    text, refusal, named = message.get("content"), message.get("refusal"), body.get("model")
    reason = _STOP_REASONS.get(str(choice.get("finish_reason")), "other")
    return ModelAnswer(
        text=encodable(text) if isinstance(text, str) else "",
        stop_reason="refusal" if refusal else reason,
        model=named if isinstance(named, str) and named else model,
        usage=usage,
        request_id=reply.request_id,
        limits=openai_limits(reply.headers),
    )


def _usage(said: Any) -> TokenUsage:
    """Return what a completion cost. Its prompt tokens hold the cached ones, which Foreword counts apart."""
    if not isinstance(said, Mapping):
        raise MalformedMessageError("a completion without usage")
    read = token_count(said, "prompt_tokens")
    details = said.get("prompt_tokens_details")
    cached = token_count(details, "cached_tokens", 0) if isinstance(details, Mapping) else 0
    return TokenUsage(
        input_tokens=max(0, read - cached),
        cache_read_tokens=min(read, cached),
        output_tokens=token_count(said, "completion_tokens"),
    )


def _with_path(base_url: str) -> str:
    return base_url.rstrip("/") + ("" if urlsplit(base_url).path.strip("/") else "/v1")
