"""Writing the order of changes: what happened to which profile, for those who follow."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from foreword import keys
from foreword.errors import StoreCorruptError
from foreword.keys import ErasureId, UserKey
from foreword.store import databases as db
from foreword.store.transaction import Transaction
from foreword.store.v1.store_pb2 import ChangeRow, NewestChange
from foreword.v1.profile_change_pb2 import ChangeKind


def new_term() -> int:
    """Return a number that no other writer has had; never zero."""
    return secrets.randbits(64) | 1


class ChangeTransaction(Transaction):
    """The part of a write transaction over profiles.lmdb that keeps the order of changes.

    Args:
        txn: LMDB's own.
        handles: Of the databases, by name.
        term: Of the writer.
        rows_max: Changes kept.
    """

    def __init__(self, txn: Any, handles: Mapping[bytes, Any], term: int, rows_max: int) -> None:
        super().__init__(txn, handles)
        self._term = term
        self._rows_max = rows_max

    def begin_order(self) -> None:
        """Begin the order anew where it misses changes: in a new store, and behind an older version that wrote."""
        newest = self._newest()
        if newest is not None and newest.revision == self._revision():
            return
        self._txn.drop(self._db[db.CHANGES], delete=False)
        self._append(ChangeRow(is_start=True, revision=self._revision()))

    def append(self, kind: ChangeKind, user: UserKey, revision: int) -> None:
        """Add what happened to a user's profile, and the revision in force after it."""
        self._append(ChangeRow(kind=kind, user_key=user, revision=revision))

    def append_erasure(self, erase_id: ErasureId) -> None:
        """Add an erasure, by its id alone."""
        self._append(ChangeRow(kind=ChangeKind.CHANGE_KIND_ERASED, erase_id=erase_id))

    def erase(self, user: UserKey) -> int:
        """Take a user's name out of the order; return out of how many rows. Looks through all of it.

        The rows stay as places, so that those who stopped at one find it again.
        """
        cursor = self._txn.cursor(db=self._db[db.CHANGES])
        found = [(bytes(key), row) for key, row in cursor if user in row]
        count = 0
        for key, data in found:
            row = ChangeRow.FromString(data)
            if row.user_key == user:
                self._put(db.CHANGES, key, ChangeRow(term=row.term).SerializeToString())
                count += 1
        return count

    def _append(self, row: ChangeRow) -> None:
        place = (self._newest() or NewestChange()).place + 1
        row.term = self._term
        if not self._txn.put(keys.u64(place), row.SerializeToString(), db=self._db[db.CHANGES], append=True):
            raise StoreCorruptError(
                f"profiles.lmdb counts {place} changes but holds a later one",
                hint="run `foreword store check`, then restore a backup",
            )
        newest = NewestChange(place=place, term=self._term, revision=self._revision())
        self._put(db.META, db.META_CHANGES, newest.SerializeToString())
        self._trim(place)

    def _trim(self, newest: int) -> None:
        # Two a change, so that a lowered limit is reached in time without one long transaction.
        cursor = self._txn.cursor(db=self._db[db.CHANGES])
        for _ in range(2):
            if not cursor.first() or keys.read_u64(cursor.key()) > newest - self._rows_max:
                return
            cursor.delete()

    def _newest(self) -> NewestChange | None:
        row = self._get(db.META, db.META_CHANGES)
        return None if row is None else NewestChange.FromString(row)

    def _revision(self) -> int:
        return keys.read_u64(self._get(db.META, db.META_REVISION) or bytes(8))
