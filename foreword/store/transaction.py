"""What the write transactions over profiles.lmdb share: single rows, and the numbers in `meta` that are counted on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foreword import keys
from foreword.store.databases import META


class Transaction:
    """Reads and writes rows by the names of their databases.

    Args:
        txn: LMDB's own.
        handles: Of the databases, by name.
    """

    def __init__(self, txn: Any, handles: Mapping[bytes, Any]) -> None:
        self._txn = txn
        self._db = handles

    def _next(self, counter: bytes) -> int:
        value = keys.read_u64(self._get(META, counter) or bytes(8)) + 1
        self._put(META, counter, keys.u64(value))
        return value

    def _get(self, database: bytes, key: bytes) -> bytes | None:
        row: bytes | None = self._txn.get(key, db=self._db[database])
        return row

    def _put(self, database: bytes, key: bytes, value: bytes) -> None:
        self._txn.put(key, value, db=self._db[database])

    def _delete(self, database: bytes, key: bytes) -> bool:
        deleted: bool = self._txn.delete(key, db=self._db[database])
        return deleted
