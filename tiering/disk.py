"""The one way in which bytes of ours become rows of diskcache's, and back: never through pickle."""

from __future__ import annotations

import sqlite3
from typing import Any, Never

import diskcache
from diskcache.core import MODE_RAW

# diskcache keeps a value of this size or more in a file of its own. Ours never are so large: a core has 64 KB at most.
_FILE_BYTES = 1 << 30


class BytesDisk(diskcache.Disk):  # type: ignore[misc]  # diskcache has no annotations
    """Takes and gives bytes alone.

    diskcache pickles what it does not know, and unpickles whatever a row says is pickled: a row that somebody else
    wrote runs their code (CVE-2025-69872). Here such a row is no row.
    """

    def __init__(self, directory: str, **_settings: Any) -> None:
        super().__init__(directory, min_file_size=_FILE_BYTES)

    def put(self, key: Any) -> tuple[Any, bool]:
        """Return a key as SQLite has it."""
        return sqlite3.Binary(_only_bytes(key)), True

    def get(self, key: Any, raw: bool) -> bytes:
        """Return a key as it was given."""
        if not raw:
            _refuse("a key")
        return bytes(key)

    def store(self, value: Any, read: bool, key: Any = diskcache.UNKNOWN) -> tuple[int, int, None, Any]:  # noqa: ARG002
        """Return a value as SQLite has it."""
        if read:
            raise TypeError("a cache of bytes takes no streams")
        return 0, MODE_RAW, None, sqlite3.Binary(_only_bytes(value))

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> bytes:
        """Return a value as it was given.

        Raises:
            ValueError: The row holds something else than bytes of ours.
        """
        if mode != MODE_RAW or filename is not None or read or not isinstance(value, bytes):
            _refuse("a value")
        return bytes(value)


def _only_bytes(data: Any) -> bytes:
    if not isinstance(data, bytes):
        raise TypeError(f"a cache of bytes takes no {type(data).__name__}")
    return data


def _refuse(what: str) -> Never:
    raise ValueError(f"{what} in the cache that is no bytes of ours")
