"""What a model is told of one user."""

from scheduler.agent.prompt.answer_schema import (
    EMPHASIS_MAX,
    EXAMPLE_DOMAINS_MAX,
    OPERATIONS_MAX,
    answer_schema,
)
from scheduler.agent.prompt.instructions import PROMPT_VERSION
from scheduler.agent.prompt.prefix import cache_warning, prefix_tokens
from scheduler.agent.prompt.prompt import Prompt, build_prompt

__all__ = [
    "EMPHASIS_MAX",
    "EXAMPLE_DOMAINS_MAX",
    "OPERATIONS_MAX",
    "PROMPT_VERSION",
    "Prompt",
    "answer_schema",
    "build_prompt",
    "cache_warning",
    "prefix_tokens",
]
