"""A request to the Messages API becomes a question, or is refused as the API would."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from foreword.model_server.errors import invalid
from foreword.model_server.question import Block, Question, Role
from foreword.model_server.schema_rules import check_rules, check_shape

_CACHE_SECONDS = {"5m": 300, "1h": 3600}
_BREAKPOINTS_MAX = 4
_MODEL_CHARACTERS_MAX = 256
_KNOWN = {
    *("model", "max_tokens", "messages", "system", "stream", "metadata", "stop_sequences", "output_config"),
    *("thinking", "service_tier", "inference_geo", "cache_control"),
    # Taken and passed over: no tool is called by rule.
    *("tools", "tool_choice", "context_management"),
}
_SAMPLING = ("temperature", "top_p", "top_k")


def read_messages_request(body: object, *, needs_max_tokens: bool = True) -> Question:
    """Return what is asked; `max_tokens` is not needed where tokens are only counted.

    Raises:
        ApiError: The API would refuse it.
    """
    fields = _object(body)
    for name in _SAMPLING:
        if name in fields:
            raise invalid(f"{name}: this model takes no sampling parameters")
    for name in fields:
        if name not in _KNOWN:
            raise invalid(f"{name}: Extra inputs are not permitted")
    model = fields.get("model")
    if not isinstance(model, str) or not 1 <= len(model) <= _MODEL_CHARACTERS_MAX:
        raise invalid(
            f"model: found {model!r:.80}; allowed: a name of 1 to {_MODEL_CHARACTERS_MAX} characters"
        )
    schema = _schema(fields)
    blocks = tuple(_blocks(fields, schema))
    if sum(block.cache_seconds is not None for block in blocks) > _BREAKPOINTS_MAX:
        raise invalid(f"A maximum of {_BREAKPOINTS_MAX} blocks with cache_control may be provided")
    return Question(
        model, blocks, _max_tokens(fields) if needs_max_tokens else 1, schema, fields.get("stream") is True
    )


def _object(body: object) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise invalid("The request body is not a JSON object")
    return body


def _max_tokens(fields: Mapping[str, Any]) -> int:
    found = fields.get("max_tokens")
    if found is None:
        raise invalid("max_tokens: Field required")
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise invalid(f"max_tokens: found {found!r:.80}; allowed: an integer of at least 1")
    return found


def _schema(fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    config = fields.get("output_config") or {}
    if not isinstance(config, dict):
        raise invalid("output_config: allowed: an object")
    wanted = config.get("format")
    if wanted is None:
        return None
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        raise invalid('output_config.format.type: allowed: "json_schema"')
    where, schema = "output_config.format.schema", wanted.get("schema")
    if not isinstance(schema, dict):
        raise invalid(f"{where}: Field required")
    check_shape(schema, where)
    check_rules(schema, where)
    return schema


def _blocks(fields: Mapping[str, Any], schema: Mapping[str, Any] | None) -> Iterator[Block]:
    # The API puts the schema in front of everything else: another schema is another prefix to its cache.
    if schema is not None:
        yield Block("system", json.dumps(schema, sort_keys=True, ensure_ascii=False))
    if fields.get("system"):
        yield from _content("system", fields["system"], "system")
    turns = fields.get("messages")
    if not isinstance(turns, list) or not turns:
        raise invalid("messages: at least one message is required")
    for place, turn in enumerate(turns):
        yield from _turn(f"messages.{place}", turn)
    if turns[0]["role"] != "user":
        raise invalid("messages: the first message must use the user role")
    if turns[-1]["role"] != "user":
        raise invalid(
            "This model does not support assistant message prefill. The last message must be the user's."
        )


def _turn(where: str, turn: object) -> Iterator[Block]:
    if not isinstance(turn, dict) or turn.get("role") not in ("user", "assistant"):
        raise invalid(f'{where}.role: allowed: "user", "assistant"')
    yield from _content(turn["role"], turn.get("content"), f"{where}.content")


def _content(role: Role, content: object, where: str) -> Iterator[Block]:
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list) or not content:
        raise invalid(f"{where}: allowed: a text, or a list of text blocks")
    for place, block in enumerate(content):
        if (
            not isinstance(block, dict)
            or block.get("type") != "text"
            or not isinstance(block.get("text"), str)
        ):
            raise invalid(f"{where}.{place}: this server reads text blocks only")
        if not block["text"]:
            raise invalid(f"{where}.{place}: text content blocks must be non-empty")
        yield Block(role, block["text"], _cache_seconds(block.get("cache_control"), f"{where}.{place}"))


def _cache_seconds(control: object, where: str) -> int | None:
    if control is None:
        return None
    ttl = (
        control.get("ttl", "5m") if isinstance(control, dict) and control.get("type") == "ephemeral" else None
    )
    if ttl not in _CACHE_SECONDS:
        raise invalid(f'{where}.cache_control: allowed: {{"type": "ephemeral"}}, with a ttl of "5m" or "1h"')
    return _CACHE_SECONDS[ttl]
