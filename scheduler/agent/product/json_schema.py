"""The JSON schema of a message: what the model is told that it may write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from foreword.errors import FieldError
from scheduler.agent.product.comments import Comments
from scheduler.agent.product.fields import is_map, key_and_value, message_of
from scheduler.agent.product.options import FieldOptions
from scheduler.agent.product.validation import Rules

Schema: TypeAlias = dict[str, Any]

_INT32 = {"minimum": -(1 << 31), "maximum": (1 << 31) - 1}
_UINT32 = {"minimum": 0, "maximum": (1 << 32) - 1}
# Of 64 bits JSON's readers keep 53; a model has no use for more.
_INT64 = {"minimum": -(1 << 53) + 1, "maximum": (1 << 53) - 1}
_UINT64 = {"minimum": 0, "maximum": (1 << 53) - 1}
_SCALARS: Mapping[int, Schema] = {
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", **_INT32},
    FieldDescriptor.TYPE_SINT32: {"type": "integer", **_INT32},
    FieldDescriptor.TYPE_SFIXED32: {"type": "integer", **_INT32},
    FieldDescriptor.TYPE_UINT32: {"type": "integer", **_UINT32},
    FieldDescriptor.TYPE_FIXED32: {"type": "integer", **_UINT32},
    FieldDescriptor.TYPE_INT64: {"type": "integer", **_INT64},
    FieldDescriptor.TYPE_SINT64: {"type": "integer", **_INT64},
    FieldDescriptor.TYPE_SFIXED64: {"type": "integer", **_INT64},
    FieldDescriptor.TYPE_UINT64: {"type": "integer", **_UINT64},
    FieldDescriptor.TYPE_FIXED64: {"type": "integer", **_UINT64},
}
# How proto3 JSON writes these types.
_WELL_KNOWN: Mapping[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?s$"},
}
_WRAPPERS = (
    "BoolValue",
    "StringValue",
    "DoubleValue",
    "FloatValue",
    "Int32Value",
    "Int64Value",
    "UInt32Value",
    "UInt64Value",
)
_KEYWORDS: Mapping[str, tuple[str, ...]] = {
    "const": ("const",),
    "in": ("enum",),
    "lt": ("exclusiveMaximum",),
    "lte": ("maximum",),
    "gt": ("exclusiveMinimum",),
    "gte": ("minimum",),
    "len": ("minLength", "maxLength"),
    "min_len": ("minLength",),
    "max_len": ("maxLength",),
    "pattern": ("pattern",),
    "min_items": ("minItems",),
    "max_items": ("maxItems",),
    "unique": ("uniqueItems",),
    "min_pairs": ("minItems",),
    "max_pairs": ("maxItems",),
}
_FORMATS = frozenset({"email", "hostname", "ipv4", "ipv6", "uri", "uuid"})
# What is not said again: handled by its own schema, or an example for people.
_SAID_ELSEWHERE = frozenset({"items", "keys", "values", "example", "strict"})
_BOUNDS = (("gt", "gte"), ("lt", "lte"))
# More nesting than this is no profile but a document.
_DEPTH_MAX = 8


class JsonSchemas:
    """Makes JSON schemas of messages, with comments as descriptions and rules as keywords.

    A rule that no keyword says stands in the description. Messages stand where they are used rather than under
    `$defs`: a description beside a `$ref` is lost on some providers.

    Args:
        options: Reads the rules.
        rules: Enforces them.
        comments: What stands before each field in the file.
    """

    def __init__(self, options: FieldOptions, rules: Rules, comments: Comments) -> None:
        self._options = options
        self._rules = rules
        self._comments = comments

    def of_message(self, message: Descriptor, above: tuple[str, ...] = ()) -> Schema:
        """Return the schema of a message.

        Raises:
            FieldError: A field is of a kind that no model can write, or a rule cannot be used; names it.
        """
        if message.full_name in above or len(above) >= _DEPTH_MAX:
            raise FieldError(
                message.full_name,
                "a message within itself",
                f"messages in at most {_DEPTH_MAX} levels, each in others only",
            )
        within = (*above, message.full_name)
        schema: Schema = {
            "type": "object",
            "properties": {field.name: self._of_field(field, within) for field in message.fields},
            "required": self._rules.required(GetMessageClass(message)()),
            "additionalProperties": False,
        }
        return self._described(schema, self._comments.get(message.full_name, ""), *self._of_whole(message))

    def _of_whole(self, message: Descriptor) -> Iterator[str]:
        rules = self._options.of_message(message)
        yield from _expressions(rules)
        for group in rules.oneof:
            yield f"{'Exactly' if group.required else 'At most'} one of {', '.join(group.fields)}."
        for oneof in message.oneofs:
            # An `optional` field is a oneof of its own, with a name that starts with an underscore.
            if len(oneof.fields) > 1:
                yield f"At most one of {', '.join(field.name for field in oneof.fields)}."

    def _of_field(self, field: FieldDescriptor, above: tuple[str, ...]) -> Schema:
        rules = self._options.of_field(field)
        comment = self._comments.get(field.full_name, "")
        if is_map(field):
            schema = self._of_map(field, rules, above)
        elif field.is_repeated:
            schema = {"type": "array", "items": self._of_value(field, rules.repeated.items, above)}
            _keep(schema, rules.repeated)
        else:
            return self._described(self._of_value(field, rules, above), comment)
        return self._described(schema, comment, *_expressions(rules), *_unsaid(rules))

    def _of_map(self, field: FieldDescriptor, rules: Any, above: tuple[str, ...]) -> Schema:
        """Return a list of pairs: providers that hold a model to a schema want every property named."""
        key, value = key_and_value(field)
        pair: Schema = {
            "type": "object",
            "properties": {
                "key": self._of_value(key, rules.map.keys, above),
                "value": self._of_value(value, rules.map.values, above),
            },
            "required": ["key", "value"],
            "additionalProperties": False,
        }
        schema: Schema = {"type": "array", "items": pair}
        _keep(schema, rules.map)
        return schema

    def _of_value(self, field: FieldDescriptor, rules: Any, above: tuple[str, ...]) -> Schema:
        if field.enum_type is not None:
            schema = self._of_enum(field.enum_type, rules.enum)
        elif field.message_type is not None:
            schema = self._of_inner(field, above)
        elif field.type in _SCALARS:
            schema = dict(_SCALARS[field.type])
        else:
            raise _unwritable(field)
        kind = rules.WhichOneof("type")
        if kind and kind not in ("enum", "repeated", "map"):
            _keep(schema, getattr(rules, kind))
        return self._described(schema, "", *_expressions(rules), *_unsaid(rules))

    def _of_inner(self, field: FieldDescriptor, above: tuple[str, ...]) -> Schema:
        message = message_of(field)
        if message.full_name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[message.full_name])
        if message.full_name.removeprefix("google.protobuf.") in _WRAPPERS:
            return dict(_SCALARS[message.fields_by_name["value"].type])
        if message.full_name.startswith("google.protobuf.") or field.type == FieldDescriptor.TYPE_GROUP:
            raise _unwritable(field)
        return self.of_message(message, above)

    def _of_enum(self, enum: EnumDescriptor, rules: Any) -> Schema:
        allowed, refused = set(getattr(rules, "in")), set(rules.not_in)
        if rules.HasField("const"):
            allowed = {rules.const}
        # Leaving the field out says "unspecified" already.
        values = [
            value
            for value in enum.values
            if value.number not in refused
            and (
                value.number in allowed
                if allowed
                else value.number or not value.name.endswith("_UNSPECIFIED")
            )
        ]
        said = [(value.name, self._comments.get(f"{enum.full_name}.{value.name}", "")) for value in values]
        schema: Schema = {"type": "string", "enum": [value.name for value in values]}
        return self._described(
            schema,
            self._comments.get(enum.full_name, ""),
            *(f"{name}: {text}" for name, text in said if text),
        )

    @staticmethod
    def _described(schema: Schema, *texts: str) -> Schema:
        """Put texts before what the description says already."""
        said = " ".join(text for text in (*texts, schema.get("description", "")) if text)
        return schema | {"description": said} if said else schema


def _keep(schema: Schema, rules: Any) -> None:
    """Put rules into the schema that a keyword says."""
    for field, value in rules.ListFields():
        if _is_said(rules, field):
            plain = list(value) if field.is_repeated else value
            schema |= dict.fromkeys(_KEYWORDS.get(field.name, ()), plain)
            if field.name in _FORMATS:
                schema["format"] = field.name


def _is_said(rules: Any, field: FieldDescriptor) -> bool:
    """Return whether a keyword says a rule."""
    if field.message_type is not None:
        # A bound that is a time or a duration.
        return False
    if field.name in ("lt", "lte", "gt", "gte") and _is_outside(rules):
        return False
    return field.name in _KEYWORDS or field.name in _FORMATS


def _is_outside(rules: Any) -> bool:
    """Return whether a lower bound above the upper one asks for a value outside of both."""
    given = {field.name: value for field, value in rules.ListFields()}
    low, high = (next((given[name] for name in names if name in given), None) for names in _BOUNDS)
    return low is not None and high is not None and bool(low > high)


def _unsaid(rules: Any) -> Iterator[str]:
    """Yield the rules that no keyword says, as they stand in the file."""
    kind = rules.WhichOneof("type")
    if not kind or kind == "enum":
        return
    inner = getattr(rules, kind)
    for field, value in inner.ListFields():
        if field.name not in _SAID_ELSEWHERE and not _is_said(inner, field) and not field.is_extension:
            text = " ".join(str(list(value) if field.is_repeated else value).split())
            yield f"Rule: {field.name} {text}."


def _expressions(rules: Any) -> Iterator[str]:
    for rule in rules.cel:
        yield f"Rule: {rule.message or rule.expression}."
    for expression in rules.cel_expression:
        yield f"Rule: {expression}."


def _unwritable(field: FieldDescriptor) -> FieldError:
    kind = field.message_type.full_name if field.message_type is not None else "bytes"
    return FieldError(
        field.full_name,
        f"a field of type {kind}",
        "numbers, strings, bools, enums, messages, lists and maps of them, Timestamp, Duration and wrappers",
        hint="keep such fields out of the message that the model writes",
    )
