"""Which JSON schemas are taken for structured output."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from foreword.model_server.errors import invalid

Schema: TypeAlias = Mapping[str, Any]

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
_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
_NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_COUNTS = {"minLength", "maxLength", "minItems", "maxItems"}
_LISTS = {"enum", "required", "anyOf", "oneOf", "allOf"}
_TABLES = {"properties", "$defs", "definitions"}
# A schema is walked by recursion; one that nests deeper than this is no schema of an answer.
_DEPTH_MAX = 32


def check_shape(schema: object, where: str = "schema") -> None:
    """Refuse what is no JSON schema, as far as its keywords are known here.

    Raises:
        ApiError: A keyword has a value it cannot have; the message says where.
    """
    for place, found in _every(schema, where, 0):
        for keyword, value in found.items():
            if not _fits(keyword, value):
                raise invalid(f"{place}.{keyword}: found {value!r:.80}, which is no value of it")


def check_rules(schema: Schema, where: str) -> None:
    """Refuse what the Messages API refuses: bounds, which belong into descriptions, and objects that are left open.

    Raises:
        ApiError: The schema has such a thing; the message says where.
    """
    for place, found in _every(schema, where, 0):
        for keyword in found:
            if keyword in _NOT_TAKEN:
                raise invalid(f"{place}: '{keyword}' is not supported; say it in the description")
        if found.get("minItems", 0) not in (0, 1):
            raise invalid(f"{place}: for 'array' type, 'minItems' values other than 0 or 1 are not supported")
        if found.get("type") == "object" and found.get("additionalProperties") is not False:
            raise invalid(
                f"{place}: for 'object' type, 'additionalProperties' must be explicitly set to false"
            )


def _every(schema: object, where: str, depth: int) -> Iterator[tuple[str, Schema]]:
    """Yield a schema and all within it, each with where it stands."""
    if not isinstance(schema, dict):
        raise invalid(f"{where}: found {schema!r:.80}; allowed: an object")
    if depth > _DEPTH_MAX:
        raise invalid(f"{where}: the schema nests too deeply")
    yield where, schema
    for name, inner in _inner(schema):
        yield from _every(inner, f"{where}.{name}", depth + 1)


def _inner(schema: Schema) -> Iterator[tuple[str, object]]:
    for group in _TABLES & schema.keys():
        yield from ((f"{group}.{name}", inner) for name, inner in schema[group].items())
    for group in {"anyOf", "oneOf", "allOf"} & schema.keys():
        yield from ((f"{group}.{place}", inner) for place, inner in enumerate(schema[group]))
    if "items" in schema:
        yield "items", schema["items"]


def _fits(keyword: str, value: object) -> bool:
    if keyword == "type":
        return bool(value) and all(kind in _TYPES for kind in (value if isinstance(value, list) else [value]))
    if keyword in _TABLES:
        return isinstance(value, dict)
    if keyword in _LISTS:
        return isinstance(value, list) and bool(value or keyword == "required")
    if keyword in _NUMBERS | _COUNTS:
        return isinstance(value, int if keyword in _COUNTS else int | float) and not isinstance(value, bool)
    if keyword == "pattern":
        return isinstance(value, str) and _compiles(value)
    return keyword not in ("$ref", "format", "description") or isinstance(value, str)


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
