"""JSON for people: what fits on a line stands on one, and long lists are cut."""

from __future__ import annotations

import json
from typing import Any

_WIDTH = 112
_ITEMS_MAX = 3


def readable(value: Any, indent: int = 0) -> str:
    """Return a JSON value with short objects and lists on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= _WIDTH or not isinstance(value, (dict, list)):
        return line
    inner, outer = " " * (indent + 2), " " * indent
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {readable(item, indent + 2)}" for key, item in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{outer}}}"
    parts = [f"{inner}{readable(item, indent + 2)}" for item in value]
    return "[\n" + ",\n".join(parts) + f"\n{outer}]"


def shortened(value: Any) -> Any:
    """Return a JSON value with at most three items a list, and a text that says how many were cut."""
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        kept = [shortened(item) for item in value[:_ITEMS_MAX]]
        return kept if len(value) <= _ITEMS_MAX else [*kept, f"… {len(value) - _ITEMS_MAX} more"]
    return value
