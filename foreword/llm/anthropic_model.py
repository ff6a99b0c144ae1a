"""Models that speak the Messages API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foreword.errors import MissingExtraError
from foreword.llm.answer import ModelAnswer
from foreword.llm.anthropic_batches import AnthropicBatches
from foreword.llm.anthropic_message import answer_of, params, prompt_params
from foreword.llm.exchange import Exchange
from foreword.llm.failures import Failures
from foreword.llm.http import http_client
from foreword.llm.message import MalformedMessageError
from foreword.llm.model import Batches
from foreword.llm.rate_limit import anthropic_limits
from foreword.llm.request import ModelRequest

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

OWN_URL = "https://api.anthropic.com"

# The SDK must be given something, or it looks for credentials of its own accord; a server without keys ignores it.
NO_KEY = "none"


class AnthropicModel:
    """A server that speaks the Messages API.

    Args:
        key: The API key; empty for a server that needs none.
        base_url: Where the server is; empty for Anthropic's own.
        timeout_seconds: Longest time of one call.
        calls_max: Calls under way at once, and so connections.
        effort: How much models are to think; None leaves it to them.

    Raises:
        MissingExtraError: The SDK is not installed.
    """

    name = "anthropic"
    key_variable = "ANTHROPIC_API_KEY"
    """Where the environment has the key."""

    def __init__(
        self,
        key: str,
        *,
        base_url: str = "",
        timeout_seconds: float,
        calls_max: int,
        effort: str | None = None,
    ) -> None:
        # Imported here: the SDK costs time and memory that only those pay who ask a model.
        try:
            import anthropic
        except ImportError as exc:
            raise MissingExtraError("agent.provider anthropic", "server") from exc

        server = base_url or OWN_URL
        hint = "check the key in agent.api_key_file or ANTHROPIC_API_KEY, and what it may be used for"
        self._failures = Failures(server, key, key_hint=hint, limits=anthropic_limits)
        client = anthropic_client(server, key, timeout_seconds=timeout_seconds, calls_max=calls_max)
        # Taken here: a part of the SDK is imported when it is first used, which the first call would wait for.
        self._messages = client.messages.with_streaming_response
        self._exchange = Exchange(
            anthropic, client, self._failures, id_header="request-id", timeout_seconds=timeout_seconds
        )
        self.batches: Batches = AnthropicBatches(
            client.messages.batches,
            self._exchange,
            self._failures,
            timeout_seconds=timeout_seconds,
            effort=effort,
        )
        self._server = server
        self._effort = effort

    def __repr__(self) -> str:
        return f"AnthropicModel({self._server!r})"

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        """Ask one question.

        Raises:
            ModelError: There is no answer; says whether it may have cost something.
        """
        reply = await self._exchange.reply(self._messages.create(**params(request, self._effort)))
        try:
            return answer_of(
                reply.body,
                request_id=reply.request_id,
                limits=anthropic_limits(reply.headers),
                model=request.model,
            )
        except MalformedMessageError as exc:
            raise self._failures.malformed(str(exc), usage=exc.usage, request_id=reply.request_id) from exc

    async def count_tokens(self, request: ModelRequest) -> int:
        """Return how many tokens the model would read.

        Raises:
            ModelError: The provider cannot say.
        """
        reply = await self._exchange.reply(
            self._messages.count_tokens(**prompt_params(request, self._effort))
        )
        count = reply.body.get("input_tokens") if isinstance(reply.body, dict) else None
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise self._failures.malformed("no number of tokens", request_id=reply.request_id)
        return count

    async def close(self) -> None:
        """Let go of connections."""
        await self._exchange.close()


def anthropic_client(server: str, key: str, *, timeout_seconds: float, calls_max: int) -> AsyncAnthropic:
    """Return the SDK's client: it never tries again by itself, for it would wait as long as a server asks."""
    import anthropic

    options: dict[str, Any] = http_client(server, timeout_seconds=timeout_seconds, calls_max=calls_max)
    return anthropic.AsyncAnthropic(
        api_key=key or NO_KEY,
        base_url=server,
        max_retries=0,
        timeout=options["timeout"],
        http_client=anthropic.DefaultAsyncHttpxClient(**options),
    )
