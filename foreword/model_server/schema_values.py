"""Values that a JSON schema allows, made of what is at hand; as much of JSON schema as answers need."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]
Choose: TypeAlias = Callable[[Sequence[Any]], Any]

# How deep an answer nests at most; a schema that refers to itself ends here.
_DEPTH_MAX = 12
_ITEMS_MAX = 3
_CHARACTERS_MAX = 200
# How a client says bounds to an API that refuses them as keywords: `{minItems: 2, pattern: ^[a-z]+$}` at the end of a
# description.
_SAID = re.compile(r"\{(\w+: [^\n]*)\}$")
_BETWEEN_SAID = re.compile(r", (?=\w+: )")
_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT1H",
    "email": "someone@example.com",
    "hostname": "example.com",
    "uri": "https://example.com/",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
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
    """Makes and judges values by one schema, with the bounds that stand in its descriptions."""

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
        """Return whether the schema allows a value."""
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
        return {**_said(schema), **schema}

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
        least = int(schema.get("minItems", 0))
        most = max(least, min(int(schema.get("maxItems", _ITEMS_MAX)), _ITEMS_MAX))
        items = self._resolved(schema.get("items", {}))
        if self._type(items) == "string" and not {"const", "enum", "anyOf", "oneOf"} & set(items):
            return list(itertools.islice(self._strings(items, made_up=least > 0), most))
        made = (self.make(items, depth + 1) for _ in range(max(least, min(most, 1))))
        return [value for value in made if value is not None]

    def _string(self, schema: Schema, _depth: int) -> str | None:
        if "format" in schema:
            return _FORMATS.get(schema["format"])
        return next(self._strings(schema, made_up=True), None)

    def _strings(self, schema: Schema, *, made_up: bool) -> Iterator[str]:
        """Yield different texts that are allowed: those at hand, then them made to fit, then any if wanted."""
        most = int(schema.get("maxLength", _CHARACTERS_MAX))
        seen = set()
        others = ("general", "a", "A", "0", "", "x" * int(schema.get("minLength", 0))) if made_up else ()
        for text in (*self._texts, *map(_plain, self._texts), *others):
            fitting = text[:most]
            if fitting not in seen and _allows_text(fitting, schema):
                seen.add(fitting)
                yield fitting

    def _integer(self, schema: Schema, _depth: int) -> int:
        least = int(schema.get("minimum", int(schema.get("exclusiveMinimum", -1)) + 1))
        most = int(schema.get("maximum", int(schema.get("exclusiveMaximum", least + 101)) - 1))
        # Bounds of a type are no bounds of a meaning: what is near 0 makes sense more often.
        near = min(max(0, least), most)
        return int(self._choose([near, min(most, near + 1), min(most, near + 10)]))

    def _number(self, schema: Schema, _depth: int) -> float:
        least = float(schema.get("minimum", schema.get("exclusiveMinimum", 0)))
        most = float(schema.get("maximum", schema.get("exclusiveMaximum", least + 1)))
        return float(
            self._choose([(least + most) / 2, least + (most - least) / 4, least + (most - least) / 8])
        )

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
    if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return False
    return bool(
        value > schema.get("exclusiveMinimum", value - 1)
        and value < schema.get("exclusiveMaximum", value + 1)
    )


def _said(schema: Schema) -> dict[str, Any]:
    """Return the bounds that stand at the end of a description."""
    found = _SAID.search(str(schema.get("description", "")))
    pairs = (said.split(": ", 1) for said in _BETWEEN_SAID.split(found[1])) if found else ()
    return {name: _read(value) for name, value in pairs}


def _read(text: str) -> Any:
    try:
        return json.loads(text.replace("'", '"').replace("True", "true").replace("False", "false"))
    except ValueError:
        return text


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
