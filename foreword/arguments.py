"""What a caller may pass: a value of the wrong kind is refused by name before anything is done with it."""

from __future__ import annotations

import math
import numbers
import operator
import reprlib
from array import array
from collections.abc import Iterable, Mapping
from typing import Any

from foreword.errors import FieldError

# The range of a Duration's JSON form is wider; no wait and no stay is longer than thirty years.
SECONDS_MAX = 1e9
INT32_MAX = (1 << 31) - 1
UINT32_MAX = (1 << 32) - 1


def shown(value: Any) -> str:
    """Return a value with its type, cut where it is long: an error is no place for someone's whole text."""
    return "None" if value is None else f"{reprlib.repr(value)} ({type(value).__name__})"


def text(field: str, value: Any) -> str:
    """Return a text.

    Raises:
        FieldError: It is none, or no UTF-8.
    """
    if not isinstance(value, str):
        hint = f"write {str(value)!r}" if isinstance(value, numbers.Number) else ""
        raise FieldError(field, shown(value), "text", hint=hint)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FieldError(field, shown(value), "text that UTF-8 can hold, without lone surrogates") from None
    return str(value)


def texts(field: str, value: Any) -> list[str]:
    """Return a list of texts. A single text is refused: it would be taken as its letters.

    Raises:
        FieldError: It is none, or one of them is no text.
    """
    return [text(f"{field}[{place}]", item) for place, item in enumerate(items(field, value))]


def items(field: str, value: Any) -> list[Any]:
    """Return what a list of texts holds, not yet looked at.

    Raises:
        FieldError: It is none; a single text is not.
    """
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        hint = f"write {[value]!r}" if isinstance(value, str) and len(value) <= 40 else ""
        raise FieldError(field, shown(value), "a list of texts", hint=hint)
    return list(value)


def tokens(field: str, value: Any) -> int:
    """Return a budget in tokens; above the limit of a foreword it means that limit, and so does 0.

    Raises:
        FieldError: It is no whole number of at least 0.
    """
    found = _whole(value)
    if found is None or found < 0:
        raise FieldError(field, shown(value), "a whole number of tokens, 0 or more")
    return min(found, UINT32_MAX)


def count(field: str, value: Any) -> int:
    """Return a number of things.

    Raises:
        FieldError: It is no whole number of at least 0, or more than an int32 holds.
    """
    found = _whole(value)
    if found is None or not 0 <= found <= INT32_MAX:
        raise FieldError(field, shown(value), "a whole number, 0 or more")
    return found


def flag(field: str, value: Any) -> bool:
    """Return a truth value.

    Raises:
        FieldError: It is none.
    """
    if not isinstance(value, bool):
        raise FieldError(field, shown(value), "True or False")
    return value


def choice(field: str, value: Any, enum: Any) -> Any:
    """Return a value of a protobuf enum, by name or number.

    Raises:
        FieldError: It is none of them.
    """
    names = list(enum.keys())
    if not isinstance(value, bool) and value in (names if isinstance(value, str) else enum.values()):
        return value
    meant = [name for name in names if name.endswith(f"_{value}".upper())]
    raise FieldError(
        field, shown(value), ", ".join(names), hint=f"write {meant[0]!r}" if len(meant) == 1 else ""
    )


def choices(field: str, value: Any, enum: Any) -> list[Any]:
    """Return a list of values of a protobuf enum.

    Raises:
        FieldError: It is none, or one of them is no such value.
    """
    return [choice(f"{field}[{place}]", item, enum) for place, item in enumerate(items(field, value))]


def attributes(field: str, value: Any) -> dict[str, str]:
    """Return a mapping of text to text.

    Raises:
        FieldError: It is none, or a key or value is no text.
    """
    if not isinstance(value, Mapping):
        raise FieldError(field, shown(value), "a mapping of text to text")
    return {text(field, key): text(f"{field}[{key!r}]", item) for key, item in value.items()}


def number(field: str, value: Any) -> float:
    """Return a number.

    Raises:
        FieldError: It is none, or too large for a double.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise FieldError(field, shown(value), "a number")
    try:
        return float(value)
    except OverflowError:
        raise FieldError(field, shown(value), "a number that a double can hold") from None


def vector(field: str, value: Any) -> array[float]:
    """Return a list of numbers, looked at all at once: a vector may have a thousand.

    Raises:
        FieldError: It is none.
    """
    if isinstance(value, (str, bytes, bytearray, Mapping)) or not isinstance(value, Iterable):
        raise FieldError(field, shown(value), "a list of numbers")
    try:
        return array("d", value)
    except (TypeError, OverflowError):
        raise FieldError(field, shown(value), "a list of numbers") from None


def seconds(field: str, value: Any, *, least: float = -SECONDS_MAX) -> float:
    """Return a number of seconds.

    Raises:
        FieldError: It is none, or out of range.
    """
    found = number(field, value)
    if not (math.isfinite(found) and least <= found < SECONDS_MAX):
        allowed = "a number of seconds" if least < 0 else f"a number of seconds, {least:g} or more"
        raise FieldError(field, shown(value), allowed)
    return found


def _whole(value: Any) -> int | None:
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None
