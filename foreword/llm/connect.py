"""From the configuration to a model that can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foreword.llm.anthropic_model import AnthropicModel
from foreword.llm.keys import read_key
from foreword.llm.model import Model
from foreword.llm.openai_chat_model import OpenAIChatModel
from foreword.llm.usage_report import UsageReport

if TYPE_CHECKING:
    from foreword.config import Agent
from foreword.config_segments import ProviderName

_ADMIN_KEY = "ANTHROPIC_ADMIN_KEY"


def connect(agent: Agent, environ: Mapping[str, str], provider: ProviderName | None = None) -> Model | None:
    """Return the model that is configured; no connection is made before it is asked.

    Args:
        agent: The section `[agent]`.
        environ: The environment, in which a key may be.
        provider: A segment's own provider; None: `agent.provider`.

    Returns:
        The model; None for `extractive`, and where the provider's own server is meant and there is no key.

    Raises:
        FieldError: `agent.api_key_file` holds no key, or is open to others.
        MissingExtraError: The provider's SDK is not installed.
    """
    chosen = provider or agent.provider
    if chosen == "extractive":
        return None
    # Making one imports its SDK: whoever asks no model pays for none.
    provided: type[AnthropicModel | OpenAIChatModel] = (
        AnthropicModel if chosen == "anthropic" else OpenAIChatModel
    )
    key = read_key("agent.api_key_file", agent.api_key_file, provided.key_variable, environ)
    if not key and not agent.base_url:
        return None
    return provided(
        key,
        base_url=agent.base_url,
        timeout_seconds=agent.timeout_seconds,
        calls_max=agent.calls_max,
        effort=agent.effort,
    )


def connect_usage_report(agent: Agent, environ: Mapping[str, str]) -> UsageReport | None:
    """Return the provider's own account of what was used; None without an admin key.

    Raises:
        FieldError: `agent.admin_key_file` holds no key, or is open to others.
    """
    key = read_key("agent.admin_key_file", agent.admin_key_file, _ADMIN_KEY, environ)
    if not key:
        return None
    return UsageReport(key, base_url=agent.base_url, timeout_seconds=agent.timeout_seconds)
