"""Writing TOML; the standard library only reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence


def dump(tables: Mapping[str, object]) -> str:
    """Return nested mappings of numbers, texts, booleans and lists as TOML; a None becomes a comment."""
    return "\n".join(_table("", tables)).strip() + "\n"


def _table(name: str, values: Mapping[str, object]) -> Iterator[str]:
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    if name and plain:
        yield f"\n[{name}]"
    for key, value in plain.items():
        yield f"# {key} is not set" if value is None else f"{key} = {_value(value)}"
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _table(f"{name}.{key}" if name else key, value)


def _value(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_value(item) for item in value)}]"
    # JSON's strings, numbers and booleans are TOML's too.
    return json.dumps(value, ensure_ascii=False)
