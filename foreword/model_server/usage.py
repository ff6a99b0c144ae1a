"""What one answer costs in tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Tier: TypeAlias = Literal["standard", "batch"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer; the kinds do not overlap.

    Attributes:
        input_tokens: Read at the full price.
        cache_write_5m_tokens: Read, and put into the cache for 5 minutes.
        cache_write_1h_tokens: Read, and put into the cache for an hour.
        cache_read_tokens: Read from the cache.
        output_tokens: Written.
    """

    input_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0

    @property
    def cache_write_tokens(self) -> int:
        """Put into the cache, for however long."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens

    @property
    def prompt_tokens(self) -> int:
        """All that was read."""
        return self.input_tokens + self.cache_write_tokens + self.cache_read_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cache_write_5m_tokens + other.cache_write_5m_tokens,
            self.cache_write_1h_tokens + other.cache_write_1h_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.output_tokens + other.output_tokens,
        )

    def in_message(self, tier: Tier) -> dict[str, Any]:
        """Return the `usage` of a message."""
        return {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": self.cache_write_tokens,
            "cache_read_input_tokens": self.cache_read_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.cache_write_5m_tokens,
                "ephemeral_1h_input_tokens": self.cache_write_1h_tokens,
            },
            "output_tokens": self.output_tokens,
            "service_tier": tier,
        }

    def in_completion(self) -> dict[str, Any]:
        """Return the `usage` of a chat completion."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.output_tokens,
            "total_tokens": self.prompt_tokens + self.output_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cache_read_tokens},
        }
