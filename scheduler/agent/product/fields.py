"""What kind of field one is, in the types that the stubs of protobuf leave open."""

from __future__ import annotations

from google.protobuf.descriptor import Descriptor, FieldDescriptor


def is_map(field: FieldDescriptor) -> bool:
    """Return whether a field is a map, which protobuf holds as a list of entries."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def key_and_value(field: FieldDescriptor) -> tuple[FieldDescriptor, FieldDescriptor]:
    """Return the two fields of a map's entries."""
    entry = message_of(field)
    return entry.fields_by_name["key"], entry.fields_by_name["value"]


def message_of(field: FieldDescriptor) -> Descriptor:
    """Return the type of a field that is a message."""
    if field.message_type is None:
        raise TypeError(f"{field.full_name} is no message")
    return field.message_type
