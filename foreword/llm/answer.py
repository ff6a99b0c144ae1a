"""What a model answers, and what it read and wrote for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from foreword.llm.rate_limit import RateLimit

StopReason: TypeAlias = Literal["end", "max_tokens", "refusal", "other"]
"""Why a model stopped, the same for every provider; look at it before the text."""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one call. The four kinds do not overlap; each has a price of its own.

    Attributes:
        input_tokens: Read at the full price.
        cache_read_tokens: Read from the provider's prompt cache.
        cache_write_tokens: Read, and put into the prompt cache.
        output_tokens: Written.
    """

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """One answer.

    Attributes:
        text: What the model wrote; empty for a refusal.
        stop_reason: Why it stopped.
        model: The model that answered, which may be named more exactly than the one asked.
        usage: What it read and wrote.
        request_id: The provider's name for the call, for its support; empty when it gave none.
        limits: What the provider says it will still take.
    """

    text: str
    stop_reason: StopReason
    model: str
    usage: TokenUsage = field(default_factory=TokenUsage)
    request_id: str = ""
    limits: tuple[RateLimit, ...] = ()
