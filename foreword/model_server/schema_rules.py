"""Which JSON schemas the Messages API takes for structured output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foreword.model_server.errors import invalid

_NOT_TAKEN = {
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *(
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "patternProperties",
    ),
    *("oneOf", "not", "if", "then", "else"),
}
# A schema is walked by recursion; one that nests deeper than this is no schema of an answer.
_DEPTH_MAX = 32


def check_schema(
    schema: Mapping[str, Any], where: str = "output_config.format.schema", depth: int = 0
) -> None:
    """Refuse what the API refuses: bounds, which belong into descriptions, and objects that are left open.

    Raises:
        ApiError: The schema has such a thing; the message says where.
    """
    if depth > _DEPTH_MAX:
        raise invalid(f"{where}: the schema nests too deeply")
    for keyword in schema:
        if keyword in _NOT_TAKEN:
            raise invalid(f"{where}: '{keyword}' is not supported; say it in the description")
    if schema.get("minItems", 0) not in (0, 1):
        raise invalid(f"{where}: for 'array' type, 'minItems' values other than 0 or 1 are not supported")
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise invalid(f"{where}: for 'object' type, 'additionalProperties' must be explicitly set to false")
    for name, inner in _inner(schema):
        check_schema(inner, f"{where}.{name}", depth + 1)


def _inner(schema: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    found = [
        (f"{group}.{name}", inner)
        for group in ("properties", "$defs", "definitions")
        for name, inner in schema.get(group, {}).items()
    ]
    found += [
        (f"{group}.{place}", inner)
        for group in ("anyOf", "allOf")
        for place, inner in enumerate(schema.get(group, []))
    ]
    if isinstance(schema.get("items"), dict):
        found.append(("items", schema["items"]))
    return [(name, inner) for name, inner in found if isinstance(inner, dict)]
