"""What a model was asked, read alike from both wires."""

from __future__ import annotations

from typing import Any


def parts_of(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the prompt of a request as pairs of role and text, in the order in which a model reads it."""
    system = body.get("system") or []
    parts = [("system", text) for text in _texts(system)]
    for message in body["messages"]:
        role = "system" if message["role"] == "developer" else message["role"]
        parts += [(role, text) for text in _texts(message["content"])]
    return parts


def flat(body: dict[str, Any]) -> str:
    """Return the prompt of a request as one text."""
    return "\n".join(f"{role}: {text}" for role, text in parts_of(body))


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content or [] if part.get("type") == "text"]
