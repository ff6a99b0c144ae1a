"""What stands before every user's part of a prompt: its version, its size, and whether it can be cached."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from one_refresh import CONFIG, event, make_input

from foreword.cacheable import cacheable_tokens_min
from foreword.config import PRICES
from foreword.llm import ModelRequest
from foreword.tokens import count_tokens
from scheduler.agent.prompt import (
    PROMPT_VERSION,
    answer_schema,
    build_prompt,
    cache_warning,
    prefix_tokens,
)
from scheduler.agent.prompt.instructions import instructions
from scheduler.agent.refresh import draft

# The first digits of a hash of instructions and schema, by version. Who changes either gives the version a new number
# and writes its line here: profiles say by it which prompt they came of.
VERSIONS = {"refresh-1": "881aea76368255b1"}


def request(model: str) -> ModelRequest:
    made = make_input([event(number, number, ["celery"]) for number in range(8)])
    findings = draft(made, CONFIG).findings
    assert findings is not None
    return build_prompt(findings, made, config=CONFIG, model=model).request


def test_a_version_names_one_prompt() -> None:
    """Neither a word of the instructions nor a field of the schema changes without a new version."""
    told = [instructions(with_product=True), json.dumps(answer_schema())]
    digest = hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]
    assert VERSIONS[PROMPT_VERSION] == digest


def test_what_cannot_be_cached_is_said() -> None:
    """A model whose minimum is above the common part of the prompt is named, with both numbers; others are not."""
    tokens = prefix_tokens(request("claude-haiku-4-5"))
    assert 2048 < tokens < 4096
    warning = cache_warning(request("claude-haiku-4-5-20251001"))
    assert warning is not None
    assert "4,096" in warning
    assert f"{tokens:,}" in warning
    for model in ("claude-opus-4-8", "claude-sonnet-5", "claude-opus-4-7", "llama-of-somebody"):
        assert cache_warning(request(model)) is None
    longer = replace(request("claude-haiku-4-5"), shared="word " * 2000)
    assert cache_warning(longer) is None


@pytest.mark.parametrize(
    ("model", "tokens_min"),
    [("claude-opus-5", 512), ("claude-opus-5-20260724", 512), ("claude-opus-5-5", None), ("other", None)],
)
def test_a_minimum_is_known_or_not(model: str, tokens_min: int | None) -> None:
    """A dated name is the same model; a later model is another one, whose minimum is not guessed."""
    assert cacheable_tokens_min(model) == tokens_min


def test_the_default_model_has_a_known_minimum() -> None:
    """Whoever changes nothing is told rightly whether caching works."""
    assert CONFIG.agent.model in PRICES
    assert cacheable_tokens_min(CONFIG.agent.model) is not None


def test_the_user_comes_last() -> None:
    """Nothing of one user stands before the user's part, so that all before it is the same for every user."""
    one = request("m")
    made = make_input([event(number, number, ["kombu"], text="other") for number in range(30)])
    findings = draft(made, CONFIG).findings
    assert findings is not None
    other = build_prompt(findings, made, config=CONFIG, model="m").request
    assert (one.schema, one.instructions, one.shared) == (other.schema, other.instructions, other.shared)
    assert one.prompt != other.prompt
    assert prefix_tokens(one) >= count_tokens(one.instructions)
