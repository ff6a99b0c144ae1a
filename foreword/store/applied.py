"""Rows of `applied`: the time of the event that an id was accepted for, and whether it was deleted since."""

from __future__ import annotations

_TIME_BYTES = 8
# Behind the time, so that an id whose event is gone still tells a deletion from retention.
_DELETED = b"\x01"


def as_deleted(row: bytes) -> bytes:
    """Return the row of an id whose event is deleted."""
    return row[:_TIME_BYTES] + _DELETED


def is_deleted(row: bytes) -> bool:
    """Return whether the id's event was deleted."""
    return row[_TIME_BYTES:] == _DELETED


def is_applied_row(row: bytes) -> bool:
    """Return whether a row has the shape of one."""
    return len(row) == _TIME_BYTES or (len(row) > _TIME_BYTES and is_deleted(row))
