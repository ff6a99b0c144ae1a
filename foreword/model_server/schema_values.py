"""Values that a JSON schema allows, made of what is at hand; as much of JSON schema as answers need."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]
Choose: TypeAlias = Callable[[Sequence[Any]], Any]

# How deep an answer nests at most; a schema that refers to itself ends here.
_DEPTH_MAX = 12
_ITEMS_MAX = 3
_MOST = re.compile(r"\bat most ([\d,_]+)")
_LEAST = re.compile(r"\bat least ([\d,_]+)")
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


class SchemaValues:
    """Makes and judges values by one schema.

    Bounds that stand in a description, where the Messages API wants them, are kept like the others: `at most 5`.
    """

    def __init__(self, schema: Schema, texts: Sequence[str], choose: Choose) -> None:
        """Take a schema, texts to fill strings with, the best first, and what chooses among several."""
        self._root = schema
        self._texts = texts
        self._choose = choose

    def make(self, schema: Schema, depth: int = 0) -> Any:
        """Return a value that the schema allows; None where there is none that is known."""
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            named = [value for value in schema["enum"] if value in self._texts]
            return (named or [self._choose(schema["enum"])])[0]
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            return self.make(self._choose(options), depth + 1)
        make = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": self._integer,
            "number": self._number,
            "boolean": lambda *_: self._choose([True, False]),
        }.get(self._type(schema))
        return None if make is None or depth > _DEPTH_MAX else make(schema, depth)

    def allows(self, value: Any, schema: Schema, depth: int = 0) -> bool:
        """Return whether the schema allows a value; bounds in descriptions are no part of it."""
        schema = self._resolved(schema)
        if depth > _DEPTH_MAX or ("const" in schema and value != schema["const"]):
            return False
        if "enum" in schema and value not in schema["enum"]:
            return False
        for group in ("anyOf", "oneOf"):
            if group in schema and not any(self.allows(value, one, depth + 1) for one in schema[group]):
                return False
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(_is(value, kind) for kind in kinds):
            return False
        return all(
            (
                not isinstance(value, dict) or self._allows_object(value, schema, depth),
                not isinstance(value, list) or self._allows_array(value, schema, depth),
                not isinstance(value, str) or _allows_text(value, schema),
                isinstance(value, bool) or not isinstance(value, int | float) or _in_bounds(value, schema),
            )
        )

    def _resolved(self, schema: Schema) -> Schema:
        for _ in range(_DEPTH_MAX):
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                break
            target: Any = self._root
            for step in reference.removeprefix("#/").split("/"):
                target = target.get(step, {}) if isinstance(target, Mapping) else {}
            schema = target
        return schema

    def _type(self, schema: Schema) -> str:
        kinds = schema.get("type", "object" if "properties" in schema else "string")
        return str(
            next((kind for kind in kinds if kind != "null"), "null") if isinstance(kinds, list) else kinds
        )

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        made = {name: self.make(inner, depth + 1) for name, inner in schema.get("properties", {}).items()}
        required = schema.get("required", ())
        return {name: value for name, value in made.items() if value is not None or name in required}

    def _array(self, schema: Schema, depth: int) -> list[Any]:
        least, most = _bounds(schema, "minItems", "maxItems", 0, _ITEMS_MAX)
        items = self._resolved(schema.get("items", {}))
        if self._type(items) == "string" and not {"const", "enum", "anyOf", "oneOf"} & set(items):
            return list(self._strings(items))[: max(least, min(most, _ITEMS_MAX))]
        made = (self.make(items, depth + 1) for _ in range(max(least, min(most, 1))))
        return [value for value in made if value is not None]

    def _string(self, schema: Schema, _depth: int) -> str | None:
        return next(self._strings(schema), None)

    def _strings(self, schema: Schema) -> Iterator[str]:
        """Yield different texts that are allowed; first those at hand, then them made to fit."""
        least, most = _bounds(schema, "minLength", "maxLength", 0, 200)
        seen = set()
        for text in (*self._texts, *map(_plain, self._texts), "general", "a", "A", "0", ""):
            fitting = text[:most]
            if fitting not in seen and len(fitting) >= least and _allows_text(fitting, schema):
                seen.add(fitting)
                yield fitting

    def _integer(self, schema: Schema, _depth: int) -> int:
        least, most = _bounds(schema, "minimum", "maximum", 0, 100)
        return int(self._choose([least, (least + most) // 2, most]))

    def _number(self, schema: Schema, _depth: int) -> float:
        least, most = float(schema.get("minimum", 0)), float(schema.get("maximum", 1))
        return round(float(self._choose([least, (least + most) / 2, most])), 3)

    def _allows_object(self, value: Mapping[str, Any], schema: Schema, depth: int) -> bool:
        known = schema.get("properties", {})
        if any(name not in value for name in schema.get("required", ())):
            return False
        if schema.get("additionalProperties") is False and not set(value) <= set(known):
            return False
        return all(
            self.allows(value[name], inner, depth + 1) for name, inner in known.items() if name in value
        )

    def _allows_array(self, value: list[Any], schema: Schema, depth: int) -> bool:
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return False
        return all(self.allows(item, schema.get("items", {}), depth + 1) for item in value)


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _allows_text(text: str, schema: Schema) -> bool:
    if not schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text)):
        return False
    return "pattern" not in schema or re.search(schema["pattern"], text) is not None


def _in_bounds(value: float, schema: Schema) -> bool:
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _bounds(schema: Schema, least: str, most: str, low: int, high: int) -> tuple[int, int]:
    said = str(schema.get("description", ""))
    found_least, found_most = _LEAST.search(said), _MOST.search(said)
    at_least = int(schema.get(least, _integer(found_least, low)))
    return at_least, max(at_least, int(schema.get(most, _integer(found_most, max(at_least, high)))))


def _integer(found: re.Match[str] | None, otherwise: int) -> int:
    return int(re.sub(r"\D", "", found[1])) if found else otherwise


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
