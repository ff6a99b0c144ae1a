"""What is said and done in a conversation, out of messages as OpenAI and Anthropic write them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from foreword import arguments
from foreword.errors import FieldError

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
# A tuple: what is looked for may be a list, which no set takes.
_TEXT_PARTS = ("text", "input_text", "output_text", "refusal")
# Items of the Responses form that are no messages.
_CALL_ITEMS = frozenset({"function_call", "custom_tool_call"})
_RESULT_ITEMS = frozenset({"function_call_output", "custom_tool_call_output"})


class Said(NamedTuple):
    """What a user or an assistant said."""

    is_user: bool
    text: str


class Call(NamedTuple):
    """A tool that was called."""

    call_id: str
    tool: str


class Result(NamedTuple):
    """What a tool answered."""

    call_id: str
    """Empty in the oldest form, which names the tool alone."""
    tool: str
    text: str
    is_error: bool | None
    """None where the message does not say."""


Turn = Said | Call | Result


def turns_of(message: Any, field: str) -> list[Turn]:
    """Return what a message says and does; nothing for a system's message or one of a kind of its own.

    Chat completions, the items of the Responses form and Anthropic's blocks share no key with two meanings, so that
    one reader takes all three.

    Args:
        message: One message of a list.
        field: Its name in errors, such as `messages[3]`.

    Raises:
        FieldError: It is no message, or a part of it has the wrong kind.
    """
    if not isinstance(message, Mapping):
        raise FieldError(field, arguments.shown(message), "a message: an object with a role")
    kind = message.get("type")
    if "role" not in message and isinstance(kind, str):
        return list(_item(message, kind, field))
    role = message.get("role")
    if role not in _ROLES:
        raise FieldError(f"{field}.role", arguments.shown(role), ", ".join(_ROLES))
    if role in ("system", "developer"):
        return []
    if role in ("tool", "function"):
        call_id = _text(message.get("tool_call_id"), f"{field}.tool_call_id")
        text = _joined(message.get("content"), f"{field}.content")
        return [Result(call_id, _text(message.get("name"), f"{field}.name"), text, None)]
    return [
        *_content(message.get("content"), f"{field}.content", is_user=role == "user"),
        *_calls(message, field),
    ]


def _item(item: Mapping[str, Any], kind: str, field: str) -> Iterator[Turn]:
    """Yield what an item of the Responses form does; nothing for kinds such as `reasoning`."""
    call_id = _text(item.get("call_id", item.get("id")), f"{field}.call_id")
    if kind in _CALL_ITEMS:
        yield Call(call_id, _tool(item.get("name"), f"{field}.name"))
    elif kind in _RESULT_ITEMS:
        yield Result(call_id, "", _joined(item.get("output"), f"{field}.output"), None)


def _calls(message: Mapping[str, Any], field: str) -> Iterator[Call]:
    calls = message.get("tool_calls")
    if calls is not None and not isinstance(calls, list):
        raise FieldError(f"{field}.tool_calls", arguments.shown(calls), "a list of calls")
    for place, call in enumerate(calls or ()):
        inner = f"{field}.tool_calls[{place}]"
        function = _called(call, inner)
        yield Call(
            _text(call.get("id"), f"{inner}.id"), _tool(function.get("name"), f"{inner}.function.name")
        )
    if message.get("function_call") is not None:
        inner = f"{field}.function_call"
        function = message["function_call"]
        if not isinstance(function, Mapping):
            raise FieldError(inner, arguments.shown(function), "an object with a name")
        yield Call("", _tool(function.get("name"), f"{inner}.name"))


def _called(call: Any, field: str) -> Mapping[str, Any]:
    """Return the function, or the custom tool, that a call names."""
    function = call.get("function", call.get("custom")) if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        found = call if not isinstance(call, Mapping) else call.get("function")
        raise FieldError(f"{field}.function", arguments.shown(found), "an object with a name")
    return function


def _content(content: Any, field: str, *, is_user: bool) -> Iterator[Turn]:
    """Yield what the content of a user's or an assistant's message is; texts side by side are one."""
    texts: list[str] = []
    acts: list[Turn] = []
    for place, part in enumerate(_parts(content, field)):
        inner = f"{field}[{place}]"
        kind = part.get("type", "text")
        if kind == "tool_use":
            acts.append(Call(_text(part.get("id"), f"{inner}.id"), _tool(part.get("name"), f"{inner}.name")))
        elif kind == "tool_result":
            acts.append(_result(part, inner))
        elif kind in _TEXT_PARTS:
            texts.append(_text(part.get("text", part.get("refusal")), f"{inner}.text"))
    text = "\n".join(filter(None, texts)).strip()
    said = [Said(is_user, text)] if text else []
    # A user's words beside the results of tools answer these; an assistant's announce its calls.
    yield from [*acts, *said] if is_user else [*said, *acts]


def _result(part: Mapping[str, Any], field: str) -> Result:
    is_error = part.get("is_error")
    if is_error is not None and not isinstance(is_error, bool):
        raise FieldError(f"{field}.is_error", arguments.shown(is_error), "true or false")
    call_id = _text(part.get("tool_use_id"), f"{field}.tool_use_id")
    # Anthropic's form says when a tool failed; without a word it has not.
    return Result(call_id, "", _joined(part.get("content"), f"{field}.content"), bool(is_error))


def _parts(content: Any, field: str) -> Sequence[Mapping[str, Any]]:
    if content is None:
        return ()
    if isinstance(content, str):
        return ({"text": content},)
    if not isinstance(content, list):
        raise FieldError(field, arguments.shown(content), "text, or a list of parts")
    for place, part in enumerate(content):
        if not isinstance(part, (str, Mapping)):
            raise FieldError(f"{field}[{place}]", arguments.shown(part), "a part: an object with a type")
    return [{"text": part} if isinstance(part, str) else part for part in content]


def _joined(content: Any, field: str) -> str:
    """Return what a tool answered as one text; an object as JSON."""
    if isinstance(content, Mapping):
        return json.dumps(content)
    texts = (part.get("text") for part in _parts(content, field))
    return "\n".join(text for text in texts if isinstance(text, str))


def _tool(name: Any, field: str) -> str:
    if not isinstance(name, str) or not name.strip():
        raise FieldError(field, arguments.shown(name), "the name of a tool")
    return name.strip()


def _text(value: Any, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FieldError(field, arguments.shown(value), "text")
    return value
