"""LiteLLM's proxy: a hook that gives every request the foreword of its end user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from foreword.client import DEFAULT_TARGET
from foreword.integrations.block import is_block
from foreword.integrations.framework import framework
from foreword.integrations.personalization import Personalization, personalization_of
from foreword.integrations.user import User, user_of

with framework("litellm"):
    from litellm.caching.dual_cache import DualCache
    from litellm.integrations.custom_logger import CustomLogger
    from litellm.proxy._types import UserAPIKeyAuth
    from litellm.types.utils import CallTypesLiteral

_CHAT: Final = ("completion", "acompletion")
_MESSAGES: Final = ("anthropic_messages", "aanthropic_messages")
_INSTRUCTING: Final = ("system", "developer")


def end_user(key: UserAPIKeyAuth) -> User | None:
    """Return the end user that the application named in its request, in the namespace of its key's team."""
    return User(key.end_user_id, key.team_id) if key.end_user_id else None


class ForewordProxyHook(CustomLogger):
    """Puts the end user's foreword behind the system prompt of a request, and records what the user asks for.

    Made in a module of yours, whose name goes into the proxy's `litellm_settings.callbacks`. The end user is `user` of
    chat completions. Whoever holds a key names end users as they like: keys of different tenants need teams, whose id
    is the namespace. Requests without an end user pass as they are.

    Args:
        foreword: Where the sidecar serves, or a Personalization with more options.
        user: Says who a request is for; None takes the end user, in the namespace of the key's team.
    """

    def __init__(
        self,
        foreword: Personalization | str = DEFAULT_TARGET,
        *,
        user: Callable[[UserAPIKeyAuth], User | None] = end_user,
    ) -> None:
        super().__init__()
        self._personalization = personalization_of(foreword)
        self._user = user

    async def async_pre_call_hook(
        self,
        user_api_key_dict: UserAPIKeyAuth,
        cache: DualCache,
        data: dict[str, Any],
        call_type: CallTypesLiteral,
    ) -> dict[str, Any]:
        """Add the foreword to a request of chat completions or messages."""
        messages = data.get("messages")
        if call_type not in (*_CHAT, *_MESSAGES) or not isinstance(messages, list) or not messages:
            return data
        user = user_of(self._user(user_api_key_dict), session_id=str(data.get("litellm_session_id") or ""))
        if _role(messages[-1]) == "user" and (asked := _text(messages[-1])):
            answers = (_text(message) for message in reversed(messages) if _role(message) == "assistant")
            self._personalization.request(user, asked, next(answers, ""))
        if block := await self._personalization.block_async(user):
            put = _behind_system if call_type in _MESSAGES else _behind_instructions
            put(data, block)
        return data


def _behind_instructions(data: dict[str, Any], block: str) -> None:
    messages = data["messages"]
    count = next(
        (place for place, one in enumerate(messages) if _role(one) not in _INSTRUCTING), len(messages)
    )
    # A request that comes by twice, as with a fallback to another model, has its foreword.
    if not any(is_block(_text(one)) for one in messages[:count]):
        data["messages"] = [*messages[:count], {"role": "system", "content": block}, *messages[count:]]


def _behind_system(data: dict[str, Any], block: str) -> None:
    system = data.get("system") or []
    parts = [{"type": "text", "text": system}] if isinstance(system, str) else list(system)
    if not any(is_block(str(part.get("text", ""))) for part in parts):
        data["system"] = [*parts, {"type": "text", "text": block}]


def _role(message: object) -> object:
    return message.get("role") if isinstance(message, Mapping) else None


def _text(message: object) -> str:
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return "\n".join(text for text in texts if isinstance(text, str))
