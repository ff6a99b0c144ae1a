"""What the comments of a .proto file say of its messages, fields and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from google.protobuf import descriptor_pb2

Comments: TypeAlias = Mapping[str, str]
"""Comments on one line, by full name of what they stand before."""

# Field numbers in descriptor.proto, of which a comment's place is made.
_MESSAGES, _ENUMS = 4, 5
_FIELDS, _NESTED, _NESTED_ENUMS, _VALUES = 2, 3, 4, 2
_Path: TypeAlias = tuple[int, ...]


def comments_of(files: descriptor_pb2.FileDescriptorSet) -> Comments:
    """Return all comments; none for files that were compiled without them."""
    found: dict[str, str] = {}
    for file in files.file:
        said = {
            tuple(place.path): " ".join((place.leading_comments or place.trailing_comments).split())
            for place in file.source_code_info.location
        }
        found |= {name: said[path] for name, path in _names(file) if said.get(path)}
    return found


def _names(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[str, _Path]]:
    for place, message in enumerate(file.message_type):
        yield from _of_message(message, file.package, (_MESSAGES, place))
    for place, enum in enumerate(file.enum_type):
        yield from _of_enum(enum, file.package, (_ENUMS, place))


def _of_message(
    message: descriptor_pb2.DescriptorProto, scope: str, path: _Path
) -> Iterator[tuple[str, _Path]]:
    name = _within(scope, message.name)
    yield name, path
    for place, field in enumerate(message.field):
        yield _within(name, field.name), (*path, _FIELDS, place)
    for place, nested in enumerate(message.nested_type):
        yield from _of_message(nested, name, (*path, _NESTED, place))
    for place, enum in enumerate(message.enum_type):
        yield from _of_enum(enum, name, (*path, _NESTED_ENUMS, place))


def _of_enum(
    enum: descriptor_pb2.EnumDescriptorProto, scope: str, path: _Path
) -> Iterator[tuple[str, _Path]]:
    name = _within(scope, enum.name)
    yield name, path
    for place, value in enumerate(enum.value):
        # Unlike protobuf, which puts values beside their enum: two enums may both have OTHER.
        yield _within(name, value.name), (*path, _VALUES, place)


def _within(scope: str, name: Any) -> str:
    return f"{scope}.{name}" if scope else str(name)
