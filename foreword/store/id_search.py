"""Finding the users whose id begins so, by the order of their keys: jumps over all others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from foreword.keys import NAMESPACE_BYTES_MAX, USER_ID_BYTES_MAX

# Behind every key of a namespace: no UTF-8 has this byte, and a length of an id at most equals it.
_BEHIND = b"\xff" * (USER_ID_BYTES_MAX + 2)


def looked_at(
    cursor: Any, wanted: bytes, prefix: bytes, start: bytes
) -> Iterator[tuple[bytes, tuple[bytes, bytes] | None]]:
    """Yield each row that is looked at, in key order: where it is, and `(key, row)` when its user's id begins so.

    Keys have the length of the id before the id, so that users of one beginning stand together for each length alone:
    at most two looks for each length in a namespace find that none is there.

    Args:
        cursor: Of a database by user key.
        wanted: What an id is to begin with, in UTF-8.
        prefix: What keys are to begin with; empty for all namespaces.
        start: The first key to look at.
    """
    place: bytes = max(start, prefix)
    is_there = cursor.set_range(place)
    while is_there:
        key, row = cursor.item()
        if not key.startswith(prefix):
            return
        jump = _next_place(key, wanted)
        yield key, (None if jump else (key, row))
        is_there = cursor.set_range(jump) if jump else cursor.next()


def _next_place(key: bytes, wanted: bytes) -> bytes:
    """Return the first key behind this one whose id may begin so; empty when this one's does."""
    space = key[: 1 + min(key[0], NAMESPACE_BYTES_MAX)]
    user_id = key[len(space) + 1 :]
    if user_id.startswith(wanted):
        return b""
    if len(user_id) < len(wanted):
        size = len(wanted)
    elif user_id < wanted:
        size = len(user_id)
    else:
        size = len(user_id) + 1
    return space + (bytes((size - 1,)) + wanted if size <= USER_ID_BYTES_MAX else _BEHIND)
