"""Messages as rows."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from tiering.shelf import Shelf

MessageT = TypeVar("MessageT", bound=Message)


def read_row(shelf: Shelf, key: bytes, kind: type[MessageT]) -> MessageT | None:
    """Return a row as a message; None where there is none, or one that another version wrote and this cannot read.

    Raises:
        CacheError: The shelf cannot be read.
    """
    data = shelf.get(key)
    if data is None:
        return None
    try:
        return kind.FromString(data)
    except DecodeError:
        return None


def put_row(shelf: Shelf, key: bytes, row: Message) -> None:
    """Store a message as a row.

    Raises:
        CacheError: The shelf cannot be written.
    """
    shelf.put(key, row.SerializeToString())
