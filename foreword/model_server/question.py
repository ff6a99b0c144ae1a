"""What is asked, whichever API it came by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from foreword.tokens import count_tokens

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a prompt.

    Attributes:
        role: Who says it; the schema counts as the system's.
        text: What is said.
        cache_seconds: How long everything up to its end is to be kept in the cache; None when no such point is here.
    """

    role: Role
    text: str
    cache_seconds: int | None = None

    @property
    def tokens(self) -> int:
        """How many tokens it takes."""
        # What the system says comes again with every call; what a user says, hardly ever.
        return _count_again(self.text) if self.role == "system" else count_tokens(self.text)


@dataclass(frozen=True, slots=True)
class Question:
    """A request that keeps to the rules.

    Attributes:
        model: As it was asked for.
        blocks: The prompt in the order in which it is read, and cached: schema, system, turns.
        output_tokens_max: Where the answer is cut off.
        schema: What the answer must follow; None for plain text.
        is_streamed: Whether the answer comes as events.
    """

    model: str
    blocks: tuple[Block, ...]
    output_tokens_max: int
    schema: Mapping[str, Any] | None
    is_streamed: bool = False

    @property
    def prompt(self) -> str:
        """The first thing the user says."""
        return next(block.text for block in self.blocks if block.role == "user")

    @property
    def repair(self) -> tuple[str, str] | None:
        """A former answer and what is said to be wrong with it; None when this is the first turn."""
        turns = [block for block in self.blocks if block.role != "system"]
        for former, said in zip(turns[-2::-1], turns[:0:-1], strict=False):
            if former.role == "assistant" and said.role == "user":
                return former.text, said.text
        return None


@lru_cache(maxsize=64)
def _count_again(text: str) -> int:
    return count_tokens(text)
