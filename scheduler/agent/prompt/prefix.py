"""The part of a prompt that is the same for all users of a namespace, and whether a provider can cache it."""

from __future__ import annotations

import json
from functools import lru_cache

from foreword.cacheable import cacheable_tokens_min
from foreword.llm import ModelRequest
from foreword.tokens import count_tokens


def prefix_tokens(request: ModelRequest) -> int:
    """Return an upper bound of the tokens before a request's user: schema, instructions, and what is shared."""
    return sum(map(_tokens_again, (json.dumps(request.schema), request.instructions, request.shared)))


def cache_warning(request: ModelRequest) -> str | None:
    """Return in one sentence that nothing of a request can ever be cached; None unless that is sure.

    The count is an upper bound, so that what is below the minimum by it is below it by every count.
    """
    tokens, tokens_min = prefix_tokens(request), cacheable_tokens_min(request.model)
    if tokens_min is None or tokens >= tokens_min:
        return None
    return (
        f"{request.model} caches prompts from {tokens_min:,} tokens on, and what all users have in common is at most "
        f"{tokens:,}: every question costs the full price of its input; a model with a lower minimum may cost less"
    )


@lru_cache(maxsize=256)
def _tokens_again(text: str) -> int:
    """Count what stands in front of every prompt once for each text."""
    return count_tokens(text)
