"""LiteLLM's proxy: a hook that gives every request the foreword of its end user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    """Puts the end user's foreword behind the system prompt of a request, and records requests and calls of tools.

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
        for tool, error_type, has_outcome in _used(messages):
            self._personalization.tool_call(user, tool, error_type, has_outcome=has_outcome)
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


def _used(messages: Sequence[object]) -> Iterator[tuple[str, str | None, bool]]:
    """Yield the tools whose results are new, those behind the last answer: name, failure, and whether that is known."""
    place = next((at for at in reversed(range(len(messages))) if _role(messages[at]) == "assistant"), -1)
    if place < 0:
        return
    names: dict[object, object] = {}
    for call in (*_parts(messages[place], "tool_calls"), *_parts(messages[place], "content")):
        made = call.get("function") or call
        if isinstance(made, Mapping):
            names[str(call.get("id", ""))] = made.get("name")
    for message in messages[place + 1 :]:
        # Chat completions say no more than what it answered; the Messages API says whether it failed.
        told: list[tuple[object, str | None, bool]] = []
        if isinstance(message, Mapping):
            told.append((message.get("tool_call_id"), None, False))
        told += [
            (part.get("tool_use_id"), "ToolError" if part.get("is_error") else None, True)
            for part in _parts(message, "content")
        ]
        for call_id, error_type, has_outcome in told:
            if isinstance(tool := names.get(str(call_id)), str):
                yield tool, error_type, has_outcome


def _parts(message: object, name: str) -> list[Mapping[str, Any]]:
    found = message.get(name) if isinstance(message, Mapping) else None
    return [part for part in found if isinstance(part, Mapping)] if isinstance(found, list) else []


def _role(message: object) -> object:
    return message.get("role") if isinstance(message, Mapping) else None


def _text(message: object) -> str:
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return "\n".join(text for text in texts if isinstance(text, str))
