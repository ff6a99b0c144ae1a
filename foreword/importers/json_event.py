"""One line of JSON as an event."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from foreword import arguments
from foreword.errors import FieldError
from foreword.importers import values
from foreword.naming.messages import quoted
from foreword.v1.event_pb2 import Event

# The greatest of 32 bits; beyond it protobuf would store infinity.
FLOAT_MAX = 3.4028234663852886e38


class ParsedEvent(NamedTuple):
    """What a line says."""

    event: Event
    unknown: tuple[str, ...]
    """The names of what no event has."""


def parse_event(line: str) -> ParsedEvent:
    """Return the event that a line describes, by the rules of proto3 JSON.

    It is read directly, in a third of the time of protobuf's json_format (benchmarks/results/json_event.md). Beyond
    that one it takes a time and a dwell as tables write them, names the field that is wrong, and leaves out what no
    event has.

    Raises:
        FieldError: The line is no event.
    """
    given: dict[str, Any] = {}
    unknown = []
    for name, value in _fields_of(line).items():
        field = _FIELDS.get(name)
        if field is None:
            unknown.append(name)
        elif field in given:
            raise FieldError(field, "two values", "one, under either of its names")
        elif value is not None:
            given[field] = _CONVERTERS[field](field, value)
    return ParsedEvent(Event(**given), tuple(unknown))


def _fields_of(line: str) -> Mapping[str, Any]:
    try:
        fields = json.loads(line, object_pairs_hook=_object)
    except json.JSONDecodeError as exc:
        found = f"no JSON at character {exc.pos + 1} ({exc.msg[0].lower()}{exc.msg[1:]})"
        raise FieldError("line", found, "one JSON object") from exc
    except RecursionError:
        raise FieldError("line", "deep nesting", "an object whose values hold no objects") from None
    except ValueError as exc:
        raise FieldError("line", str(exc), "one JSON object") from exc
    if not isinstance(fields, dict):
        raise FieldError("line", arguments.shown(fields), "one JSON object")
    return fields


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        # JSON allows a key given twice, and its meaning is anyone's guess.
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FieldError(quoted(twice), "two values", "one")
    return fields


def _is_plain(value: Any) -> bool:
    """Return whether a value is what most are, a text that needs no closer look."""
    return type(value) is str and value.isascii()


def _text(field: str, value: Any) -> str:
    return value if _is_plain(value) else arguments.text(field, value)


def _texts(field: str, value: Any) -> list[str]:
    is_plain = type(value) is list and all(map(_is_plain, value))
    return value if is_plain else arguments.texts(field, value)


def _attributes(field: str, value: Any) -> dict[str, str]:
    if type(value) is not dict:
        raise FieldError(field, arguments.shown(value), "an object whose values are texts")
    if all(map(_is_plain, value)) and all(map(_is_plain, value.values())):
        return value
    return {
        arguments.text(field, name): arguments.text(f"{field}[{name!r}]", text)
        for name, text in value.items()
    }


def _vector(field: str, value: Any) -> list[float]:
    if type(value) is not list:
        raise FieldError(field, arguments.shown(value), "a list of numbers")
    for place, number in enumerate(value):
        if type(number) not in (int, float) or not -FLOAT_MAX <= number <= FLOAT_MAX:
            found = arguments.shown(number)
            raise FieldError(f"{field}[{place}]", found, "a finite number of 32 bits")
    return value


_CONVERTERS: dict[str, Callable[[str, Any], Any]] = {
    "event_id": _text,
    "user_id": _text,
    "namespace": _text,
    "time": values.as_time,
    "type": _text,
    "item_id": _text,
    "topics": _texts,
    "text": _text,
    "session_id": _text,
    "dwell": values.as_duration,
    "feedback": values.as_feedback,
    "value": values.as_number,
    "attributes": _attributes,
    "vector": _vector,
}
# proto3 JSON knows a field by its name in the .proto file, and by that in lowerCamelCase.
_FIELDS = {name: field.name for field in Event.DESCRIPTOR.fields for name in (field.name, field.json_name)}
