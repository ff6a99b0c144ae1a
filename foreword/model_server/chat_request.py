"""A request for a chat completion becomes a question."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from foreword.model_server.errors import invalid
from foreword.model_server.question import Block, Question, Role
from foreword.model_server.schema_rules import check_shape

# `developer` is the newer name of `system`.
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
# What servers write at most who are told no limit.
_OUTPUT_TOKENS_MAX = 4096


def read_chat_request(body: object) -> Question:
    """Return what is asked. Sampling parameters and fields that are not known are passed over, as such servers do.

    Raises:
        ApiError: Something needed is missing, or is of the wrong kind.
    """
    if not isinstance(body, dict):
        raise invalid("The request body is not a JSON object")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise invalid("model: a name is required")
    schema = _schema(body.get("response_format"))
    blocks = tuple(_blocks(body.get("messages"), schema))
    most = body.get("max_completion_tokens") or body.get("max_tokens") or _OUTPUT_TOKENS_MAX
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise invalid(f"max_completion_tokens: found {most!r:.80}; allowed: an integer of at least 1")
    if body.get("stream"):
        raise invalid("stream: this server streams messages only")
    return Question(body["model"], blocks, most, schema)


def _schema(wanted: Any) -> Mapping[str, Any] | None:
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return None
    where, described = "response_format.json_schema.schema", wanted.get("json_schema")
    schema = described.get("schema") if isinstance(described, dict) else None
    if not isinstance(schema, dict):
        raise invalid(f"{where}: a JSON schema is required")
    check_shape(schema, where)
    return schema


def _blocks(turns: Any, schema: Mapping[str, Any] | None) -> Iterator[Block]:
    if not isinstance(turns, list) or not any(_role(turn) == "user" for turn in turns):
        raise invalid("messages: at least one message of the user is required")
    if schema is not None:
        yield Block("system", json.dumps(schema, sort_keys=True, ensure_ascii=False))
    for place, turn in enumerate(turns):
        role, text = _role(turn), _text(turn)
        if role is None or text is None:
            raise invalid(f"messages.{place}: allowed: a role of {', '.join(_ROLES)}, with a text")
        if text:
            yield Block(role, text)


def _role(turn: Any) -> Role | None:
    return _ROLES.get(str(turn.get("role"))) if isinstance(turn, dict) else None


def _text(turn: Any) -> str | None:
    content = turn.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(map(str, parts))
    return content if isinstance(content, str) else None
