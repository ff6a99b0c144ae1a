"""What `[tiering]` refuses, beyond the bounds of single values."""

from __future__ import annotations

from typing import Any

import pytest

from foreword.config import Config
from foreword.config_check import check
from foreword.errors import ConfigError

REFUSED = [
    ({"fresh_seconds": 100, "stale_seconds": 50}, "fresh_seconds <= stale_seconds <= error_seconds"),
    ({"wrapper": "plan"}, "a provider, or deterministic"),
    ({"mode": "guarded"}, "an embedding with it"),
    ({"provider": "anthropic", "model": "unpriced"}, "tiering.model: found 'unpriced', which has no price"),
    (
        {"provider": "anthropic", "wrapper": "plan", "wrapper_model": "unpriced"},
        "tiering.wrapper_model: found 'unpriced', which has no price",
    ),
    ({"locale": "en US"}, "tiering.locale"),
]


@pytest.mark.parametrize(("table", "said"), REFUSED)
def test_impossible_combinations_are_refused_with_what_is_allowed(table: dict[str, Any], said: str) -> None:
    """The sentence names the key and what is allowed."""
    with pytest.raises(ConfigError) as raised:
        check({"tiering": table}, None, "", {})
    assert said in raised.value.message


def test_models_of_answers_are_not_models_of_profiles() -> None:
    """Cores by a model leave refreshes to code: the scheduler connects to none, and only these need prices."""
    config = Config.model_validate({"tiering": {"provider": "anthropic", "judge_model": "unpriced"}})
    assert not config.asks_models()
    assert [key for key, _ in config.tiering.models()] == ["tiering.model"]
