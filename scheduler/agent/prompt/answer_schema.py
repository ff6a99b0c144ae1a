"""The JSON schema of an answer: operations on the self-model, and the operator's own message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

OPERATIONS_MAX = 20
"""Operations of one answer; more would be a rewriting of the profile, which drifts."""
EXAMPLE_DOMAINS_MAX = 5
EMPHASIS_MAX = 5

# Bounds stand in the instructions and are checked by code: providers refuse them in a schema (numbers and sizes), or
# take them and do not keep to them. All fields are required and nothing else is allowed, as every provider wants it.
_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_EVENTS: Schema = {"type": "array", "items": _TEXT, "minItems": 1}


def _one_of(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def _object(**fields: Schema) -> Schema:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def _operation(op: str, **fields: Schema) -> Schema:
    return _object(op={"type": "string", "const": op}, **fields, events=_EVENTS)


_OPERATION: Schema = {
    "anyOf": [
        _operation("add_belief", subject=_TEXT, statement=_TEXT),
        _operation("reinforce_belief", id=_TEXT),
        _operation("revise_belief", id=_TEXT, statement=_TEXT),
        _operation("close_belief", id=_TEXT),
        _operation("add_goal", statement=_TEXT),
        _operation("close_goal", id=_TEXT),
        _operation("set_expertise", area=_TEXT, level={"type": "number"}),
        _operation("set_preference", key=_TEXT, value=_TEXT),
        _operation(
            "set_presentation",
            depth=_one_of("overview", "standard", "deep"),
            tone=_one_of("direct", "friendly", "formal", "neutral"),
            length=_one_of("short", "medium", "long"),
            example_domains=_TEXTS,
            emphasis=_TEXTS,
        ),
    ]
}
_OPERATIONS: Schema = {"type": "array", "items": _OPERATION}
_WITHOUT_PRODUCT: Schema = _object(operations=_OPERATIONS)


def answer_schema(product_schema: Schema | None = None) -> Schema:
    """Return the schema that an answer follows.

    Args:
        product_schema: The schema of the operator's own message; its `$defs` move to the top, where references
            look for them.
    """
    if product_schema is None:
        return _WITHOUT_PRODUCT
    product = {key: value for key, value in product_schema.items() if key != "$defs"}
    schema = dict(_object(operations=_OPERATIONS, product=product))
    return {**schema, "$defs": product_schema["$defs"]} if "$defs" in product_schema else schema
