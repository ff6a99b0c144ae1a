"""The parts of a refresh prompt, read back from its blocks of JSON lines."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Line: TypeAlias = dict[str, Any]

_NUMBERS = {"events", "share", "level", "confidence"}
_TEXTS = {
    "id",
    "topic",
    "subject",
    "statement",
    "area",
    "key",
    "value",
    "text",
    "type",
    "feedback",
    "trend",
    "stance",
}
_BLOCK = re.compile(r"^<(\w+)>\n(.*?)^</\1>$", re.M | re.S)


@dataclass(frozen=True, slots=True)
class RefreshPrompt:
    """What a refresh prompt says of one user; the fields of a line stand in docs/model-server.md."""

    aggregates: list[Line] = field(default_factory=list)
    beliefs: list[Line] = field(default_factory=list)
    goals: list[Line] = field(default_factory=list)
    expertise: list[Line] = field(default_factory=list)
    preferences: list[Line] = field(default_factory=list)
    events: list[Line] = field(default_factory=list)


def read_refresh_prompt(text: str) -> RefreshPrompt | None:
    """Return the parts of a prompt; None when it has none of them, and so is about something else."""
    known = RefreshPrompt.__dataclass_fields__
    blocks = {name: _lines(body) for name, body in _BLOCK.findall(text) if name in known}
    return RefreshPrompt(**blocks) if blocks else None


def _lines(body: str) -> list[Line]:
    found = []
    for line in body.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            # A model reads over what it cannot make sense of.
            continue
        if isinstance(value, dict):
            found.append({name: one for name, one in value.items() if _is_as_described(name, one)})
    return found


def _is_as_described(name: str, value: Any) -> bool:
    if name == "topics":
        return isinstance(value, list) and all(isinstance(topic, str) for topic in value)
    if name in _NUMBERS:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, str) or name not in _TEXTS
