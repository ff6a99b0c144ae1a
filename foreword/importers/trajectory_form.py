"""The forms in which logs of agents and assistants are written, told apart by what a record has."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from foreword import arguments
from foreword.errors import FieldError
from foreword.importers.record_fields import at_path
from foreword.importers.telemetry import is_telemetry
from foreword.naming.messages import quoted


class Form(StrEnum):
    """How a record is written."""

    OPENAI = "openai"
    """Messages with roles and tool_calls, or the items of the Responses form."""
    ANTHROPIC = "anthropic"
    """Messages with blocks: text, tool_use, tool_result."""
    TAU_BENCH = "tau-bench"
    """A task's run: its reward, and its messages under `traj`."""
    TELEMETRY = "telemetry"
    """Rows of an assistant: what was shown, then accepted or rejected."""


_ALLOWED = (
    "messages with roles (openai, anthropic), input or output items (openai), traj with messages (tau-bench), or "
    "StateName with Shown, Accepted and Rejected (telemetry)"
)
# Tuples: what is looked for may be a list, which no set takes.
_ITEMS = (
    "message",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "reasoning",
)
_BLOCKS = ("tool_use", "tool_result", "thinking", "redacted_thinking")
# Where a logged call keeps what was sent, and what came back.
_SENT = ("", "request", "body", "request.body")
_CAME_BACK = ("", "response", "response.body")


def form_of(record: Any) -> Form:
    """Return the form of a record.

    Raises:
        FieldError: It has none of them.
    """
    if isinstance(record, Mapping):
        if isinstance(record.get("traj"), list):
            return Form.TAU_BENCH
        messages = [message for _, message in messages_of(record)]
        if not messages and is_telemetry(record):
            return Form.TELEMETRY
    else:
        messages = record if isinstance(record, list) and any(map(is_message, record)) else []
    if not messages:
        raise FieldError("record", _shown(record), _ALLOWED)
    return Form.ANTHROPIC if any(map(_has_blocks, messages)) else Form.OPENAI


def check_form(record: Any, wanted: Form | None) -> Form:
    """Return the form of a record, which is the wanted one if one is.

    Raises:
        FieldError: It has another, or none.
    """
    form = form_of(record)
    # What is said in words alone is written alike by both.
    words_alone = wanted is Form.ANTHROPIC and form is Form.OPENAI and not _has_calls(record)
    if wanted is None or wanted is form or words_alone:
        return wanted or form
    raise FieldError("record", f"the form {form}", f"{wanted}, as --form says")


def messages_of(record: Any) -> list[tuple[str, Any]]:
    """Return the messages of a record, each with its name in errors: of a call what was sent, then what came back."""
    if isinstance(record, list):
        return [(f"[{place}]", message) for place, message in enumerate(record)]
    if not isinstance(record, Mapping):
        return []
    if isinstance(record.get("traj"), list):
        return [(f"traj[{place}]", message) for place, message in enumerate(record["traj"])]
    return list(itertools.chain(_sent(record), _came_back(record)))


def is_message(value: Any) -> bool:
    """Return whether a value is one message, or one item of the Responses form."""
    return isinstance(value, Mapping) and (
        isinstance(value.get("role"), str) or ("role" not in value and value.get("type") in _ITEMS)
    )


def single_message(record: Any) -> Any:
    """Return the message that a record is or wraps, as logs have it that write a message a line; None for others."""
    if not isinstance(record, Mapping) or "messages" in record:
        return None
    if is_message(record.get("message")):
        return record["message"]
    return record if is_message(record) else None


def _sent(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for holder in _SENT:
        inner = at_path(record, holder) if holder else record
        for key in ("messages", "input"):
            value = inner.get(key) if isinstance(inner, Mapping) else None
            name = f"{holder}.{key}".lstrip(".")
            if key == "input" and isinstance(value, str):
                yield name, {"role": "user", "content": value}
                return
            if isinstance(value, list) and (key == "messages" or any(map(is_message, value))):
                yield from ((f"{name}[{place}]", message) for place, message in enumerate(value))
                return


def _came_back(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for holder in _CAME_BACK:
        inner = at_path(record, holder) if holder else record
        if not isinstance(inner, Mapping):
            continue
        choices, output = inner.get("choices"), inner.get("output")
        if (
            isinstance(choices, list)
            and choices
            and isinstance(choices[0], Mapping)
            and "message" in choices[0]
        ):
            # Of several answers, the first is the one that is gone on with.
            yield f"{holder}.choices[0].message".lstrip("."), choices[0]["message"]
            return
        if isinstance(output, list) and any(map(is_message, output)):
            name = f"{holder}.output".lstrip(".")
            yield from ((f"{name}[{place}]", item) for place, item in enumerate(output))
            return
        if holder and inner.get("role") == "assistant":
            yield holder, inner
            return


def _has_blocks(message: Any) -> bool:
    content = message.get("content") if isinstance(message, Mapping) else None
    return isinstance(content, list) and any(
        isinstance(part, Mapping) and part.get("type") in _BLOCKS for part in content
    )


def _has_calls(record: Any) -> bool:
    return any(
        isinstance(message, Mapping)
        and (message.get("tool_calls") or message.get("role") in ("tool", "system") or "role" not in message)
        for _, message in messages_of(record)
    )


def _shown(record: Any) -> str:
    if isinstance(record, Mapping):
        names = ", ".join(quoted(str(name)) for name in list(record)[:8])
        return f"an object with {names}" if names else "an empty object"
    return arguments.shown(record)
