"""What a model may write into `Profile.product`, and what of it is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from google.protobuf import any_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from scheduler.agent.product.fields import is_map, key_and_value
from scheduler.agent.product.files import ProductFiles
from scheduler.agent.product.json_schema import Schema
from scheduler.agent.product.options import FieldOptions, bounds_text
from scheduler.agent.product.validation import Rules

PRODUCT_BYTES_MAX = 4096
"""A fifth of the 20,480 bytes of a profile: beside it what Foreword knows keeps its room."""
# A model that got everything wrong is not helped by the hundredth sentence.
_FAULTS_MAX = 20

RefusalOf: TypeAlias = Callable[[str], str | None]
"""Says why a free text of the model must not reach a profile; None when it may."""


class ProductSchema:
    """The operator's message for `Profile.product`.

    Made by `load_product_schema`.

    Attributes:
        json_schema: Of the message in proto3 JSON, with the names of the file; maps as lists of `key` and `value`.
        type_name: The message's full name.
        files: The compiled file and its imports, with which any language reads the message.
    """

    def __init__(
        self,
        descriptor: Descriptor,
        json_schema: Schema,
        options: FieldOptions,
        rules: Rules,
        files: ProductFiles,
    ) -> None:
        self._class = GetMessageClass(descriptor)
        self._options = options
        self._rules = rules
        self.json_schema: Mapping[str, Any] = json_schema
        self.type_name: str = descriptor.full_name
        self.files = files

    def read(self, value: object, refusal_of: RefusalOf) -> Message | list[str]:
        """Return what a model wrote as a message; or what is wrong with it, a sentence each.

        Strings that the file bounds to a list, a constant or a narrow pattern pass by that; `refusal_of` reads all
        others.

        Args:
            value: The answer's `product`, parsed from JSON.
            refusal_of: Looks at one string.
        """
        if not isinstance(value, Mapping):
            return [f"product: found {type(value).__name__}; allowed: an object"]
        message = self._class()
        try:
            ParseDict(_with_maps(value, message.DESCRIPTOR), message)
        except (ParseError, ValueError, TypeError, AttributeError) as exc:
            # Besides its own error json_format lets those of Python through for values of an unforeseen kind.
            return [f"product: {' '.join(str(exc).split())}"]
        faults = [*self._rules.faults(message), *self._refused(message, refusal_of)]
        if message.ByteSize() > PRODUCT_BYTES_MAX:
            faults.append(f"product: found {message.ByteSize()} bytes; allowed: at most {PRODUCT_BYTES_MAX}")
        return [_under_product(fault) for fault in faults[:_FAULTS_MAX]] or message

    def pack(self, message: Message) -> any_pb2.Any:
        """Return what goes into `Profile.product`; the same message always gives the same bytes."""
        packed = any_pb2.Any()
        packed.Pack(message, deterministic=True)
        return packed

    def unpack(self, packed: any_pb2.Any) -> Message | None:
        """Return the message in a profile; None when there is none, or one of another type."""
        message = self._class()
        return message if packed.Unpack(message) else None

    def _refused(self, message: Message, refusal_of: RefusalOf) -> Iterator[str]:
        for path, text in self._free_texts(message):
            reason = refusal_of(text)
            if reason is not None:
                yield f"{path}: {reason}"

    def _free_texts(self, message: Message, above: str = "") -> Iterator[tuple[str, str]]:
        """Yield all strings that nothing in the file bounds, with their paths."""
        for field, value in message.ListFields():
            path = f"{above}{field.name}"
            rules = self._options.of_field(field)
            if is_map(field):
                yield from self._in_map(field, value, rules, path)
            elif field.is_repeated:
                for place, one in enumerate(value):
                    yield from self._in_value(field, one, rules.repeated.items, f"{path}[{place}]")
            else:
                yield from self._in_value(field, value, rules, path)

    def _in_map(self, field: FieldDescriptor, pairs: Any, rules: Any, path: str) -> Iterator[tuple[str, str]]:
        of_key, of_value = key_and_value(field)
        for key in pairs:
            yield from self._in_value(of_key, key, rules.map.keys, f"{path}[{key!r}]")
            yield from self._in_value(of_value, pairs[key], rules.map.values, f"{path}[{key!r}]")

    def _in_value(
        self, field: FieldDescriptor, value: Any, rules: Any, path: str
    ) -> Iterator[tuple[str, str]]:
        if field.message_type is not None:
            yield from self._free_texts(value, f"{path}.")
        elif field.type == FieldDescriptor.TYPE_STRING and not bounds_text(rules):
            yield path, value


def _with_maps(value: Mapping[str, Any], descriptor: Any) -> dict[str, Any]:
    """Return JSON in which lists of `key` and `value` stand as the maps that they are of."""
    by_name = {name: field for field in descriptor.fields for name in (field.name, field.json_name)}
    return {name: _restored(found, by_name.get(name)) for name, found in value.items()}


def _restored(value: Any, field: FieldDescriptor | None) -> Any:
    if field is None or field.message_type is None:
        return value
    if is_map(field):
        if not (
            isinstance(value, list)
            and all(isinstance(pair, Mapping) and {"key", "value"} <= pair.keys() for pair in value)
        ):
            return value
        _, of_value = key_and_value(field)
        return {str(pair["key"]): _restored(pair["value"], of_value) for pair in value}
    if field.is_repeated and isinstance(value, list):
        return [_with_maps(one, field.message_type) if isinstance(one, Mapping) else one for one in value]
    return _with_maps(value, field.message_type) if isinstance(value, Mapping) else value


def _under_product(fault: str) -> str:
    return fault if fault.startswith("product") else f"product.{fault}"
