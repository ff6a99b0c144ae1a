"""How long the front of a prompt must be before a provider's prompt cache keeps it."""

from __future__ import annotations

import re

# Tokens, as the documentation of prompt caching had them in 2026. Below that nothing is cached, no error says so, and
# the calls cost the full price. Models that the documentation did not list when this was written are left out rather
# than guessed from the names of their forerunners.
_TOKENS_MIN = {
    "claude-fable-5": 512,
    "claude-mythos-5": 512,
    "claude-opus-5": 512,
    "claude-opus-4-8": 1024,
    "claude-opus-4-7": 2048,
    "claude-opus-4-6": 4096,
    "claude-opus-4-5": 4096,
    "claude-opus-4-1": 1024,
    "claude-sonnet-5": 1024,
    "claude-sonnet-4-6": 1024,
    "claude-sonnet-4-5": 1024,
    "claude-haiku-4-5": 4096,
}
# A dated snapshot is the same model: claude-haiku-4-5-20251001.
_DATE = re.compile(r"[-@]\d{8}$")


def cacheable_tokens_min(model: str) -> int | None:
    """Return how many tokens a prefix must have before it is cached for a model; None where that is not known."""
    return _TOKENS_MIN.get(_DATE.sub("", model))
