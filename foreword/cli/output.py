"""How commands speak: results on stdout, everything else on stderr."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, TypeAlias

import click
from google.protobuf import any_pb2, descriptor_pool
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from foreword.changes import Change
from foreword.naming import escaped

_MIB = 1 << 20
_COLOURS = {"+": "green", "-": "red", "~": "yellow"}
_Path: TypeAlias = tuple[str | int, ...]
_INTEGERS_64 = {FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64}


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    click.echo(json_text(value, indent=2))


def print_json_line(value: object, file: IO[str] | None = None) -> None:
    """Print a value as JSON on one line, to stdout unless `file` is given."""
    click.echo(json_text(value), file=file)


def json_text(value: object, indent: int | None = None) -> str:
    """Return a value as JSON, readable in every script; what cannot be seen comes as an escape."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(mark if mark == "\n" or mark.isprintable() else json.dumps(mark)[1:-1] for mark in text)


def message_dict(
    message: Message, *, with_defaults: bool = False, types: DescriptorPool | None = None
) -> dict[str, Any]:
    """Return a message in proto3 JSON with the names of the .proto files, but every number as one.

    proto3 JSON puts 64-bit integers into quotes. All of ours are times and counts far below 2**53, which any reader of
    JSON takes as they are, and what a command says itself has no quotes either.

    Args:
        message: The message.
        with_defaults: Whether fields that are not set are there as well.
        types: Where packed messages (`Profile.product`) are looked up; of one that is not there the bytes are shown,
            as base64.
    """
    shown = type(message)()
    shown.CopyFrom(message)
    unknown = list(_take_unknown(shown, types or descriptor_pool.Default()))
    fields: dict[str, Any] = MessageToDict(
        shown,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=with_defaults,
        descriptor_pool=types,
    )
    _unquote(fields, message.DESCRIPTOR)
    for path, packed in unknown:
        _put(
            fields, path, {"@type": packed.type_url, "value": base64.b64encode(packed.value).decode("ascii")}
        )
    return fields


def _take_unknown(
    message: Message, types: DescriptorPool, above: _Path = ()
) -> Iterator[tuple[_Path, any_pb2.Any]]:
    """Take out packed messages of types nobody knows, which proto3 JSON cannot say; yield their places."""
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        path = (*above, field.name)
        if field.is_repeated:
            for place, one in enumerate(value):
                yield from _take_unknown(one, types, (*path, place))
        elif not isinstance(value, any_pb2.Any):
            yield from _take_unknown(value, types, path)
        elif not _knows(types, value.type_url):
            packed = any_pb2.Any()
            packed.CopyFrom(value)
            message.ClearField(field.name)
            yield path, packed


def _knows(types: DescriptorPool, type_url: str) -> bool:
    try:
        types.FindMessageTypeByName(type_url.rpartition("/")[2])
    except KeyError:
        return False
    return True


def _put(fields: Any, path: _Path, value: dict[str, str]) -> None:
    for part in path[:-1]:
        fields = fields[part]
    fields[path[-1]] = value


def _unquote(fields: dict[str, Any], descriptor: Any) -> None:
    """Turn the 64-bit integers of a message and of those in it into numbers, in place."""
    for field in descriptor.fields:
        value = fields.get(field.name)
        if value is None:
            continue
        if field.cpp_type in _INTEGERS_64:
            fields[field.name] = [int(one) for one in value] if isinstance(value, list) else int(value)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            # Times, durations and packed messages have forms of their own, which hold no such numbers.
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict) and "@type" not in one:
                    _unquote(one, field.message_type)


def note(text: str) -> None:
    """Say something on stderr that is no part of the result, on one line."""
    click.echo(escaped(text), err=True)


def change_line(change: Change) -> str:
    """Return a change as a line of a difference; of a text, whose lines speak for themselves, the line alone."""
    said = change.text if change.what == "text" else f"{change.what}: {change.text}"
    return click.style(f"{change.sign} {said}", fg=_COLOURS[change.sign])


def is_terminal() -> bool:
    """Return whether someone watches stderr, where progress is shown."""
    return sys.stderr.isatty()


def bytes_text(count: int) -> str:
    """Return a size for people."""
    return f"{count / _MIB:,.1f} MiB" if count >= _MIB else f"{count / 1024:,.0f} KiB"


def usd_text(micro_usd: int) -> str:
    """Return millionths of a US dollar as dollars, exactly."""
    whole, millionths = divmod(abs(micro_usd), 1_000_000)
    return f"{'-' if micro_usd < 0 else ''}{whole:,}.{millionths:06d}"


def table(rows: Iterable[Sequence[object]], *, heading: Sequence[str] = (), indent: str = "") -> str:
    """Return rows as aligned columns: numbers to the right, texts to the left."""
    cells = [[_cell(value) for value in row] for row in rows]
    lines = [list(heading), *cells] if heading else cells
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))] if lines else []
    numeric = [all(_is_number(line[column]) for line in cells) for column in range(len(widths))]
    return "\n".join(indent + _aligned(line, widths, numeric) for line in lines)


def _aligned(line: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = (
        text.rjust(width) if right else text.ljust(width)
        for text, width, right in zip(line, widths, numeric, strict=True)
    )
    return "  ".join(padded).rstrip()


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escaped(str(value))


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(",", "").replace(".", "").isdigit()
