"""Whether a tool did what it was called for, told by what it answered."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# What a result begins with, when a tool says in words that it failed: "Error: seat not found".
_FAILED = re.compile(r"\s*(?:(?:error|failed|failure|exception)\b|traceback \(most recent call last\))", re.I)
# The class of an exception, where a text begins with it or a traceback ends with it.
_CLASS = re.compile(r"^(?:[\w.]+\.)?([A-Z]\w*(?:Error|Exception|Timeout))\b", re.M)
# Kinds of failure that many tools share, by the words that only they are told in.
_KINDS = {
    "timeout": re.compile(r"\b(?:timed? ?out|deadline exceeded)\b", re.I),
    "rate_limit": re.compile(r"\b(?:rate limit|too many requests)", re.I),
    "permission": re.compile(r"\b(?:permission denied|access denied|unauthori[sz]ed|forbidden)\b", re.I),
    "not_found": re.compile(r"\b(?:not found|no such (?:file|directory|user|table|key))\b", re.I),
}
_ERROR_KEYS = ("error", "errors", "exception")
_TYPE_KEYS = ("error_type", "type", "code", "name")
_BAD_STATUS = frozenset({"error", "failed", "failure"})
# An error's message stands at the front; a long result is data.
_LOOKED_AT_CHARACTERS = 4096


def is_failed(text: str) -> bool:
    """Return whether a result says that its tool failed: it begins with such a word, or is an object that says so."""
    said = _object(text)
    if said is not None:
        status = said.get("status")
        return (
            any(said.get(key) for key in _ERROR_KEYS)
            or said.get("ok") is False
            or said.get("success") is False
            or (isinstance(status, str) and status.lower() in _BAD_STATUS)
        )
    return _FAILED.match(text) is not None or _CLASS.match(text) is not None


def error_type_of(text: str) -> str:
    """Return what kind of failure a failed tool's result tells of; empty when it is none that is known."""
    said = _object(text)
    if said is not None:
        inner = said.get("error")
        named_by = [holder for holder in (inner, said) if isinstance(holder, Mapping)]
        kinds = [holder.get(key) for holder in named_by for key in _TYPE_KEYS]
        kind = next((kind for kind in kinds if isinstance(kind, str)), "")
        if kind:
            return kind
    looked_at = text[:_LOOKED_AT_CHARACTERS] + "\n" + text[-_LOOKED_AT_CHARACTERS:]
    named = _CLASS.findall(looked_at)
    if named:
        return str(named[-1])
    return next((kind for kind, words in _KINDS.items() if words.search(looked_at)), "")


def _object(text: str) -> Mapping[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
