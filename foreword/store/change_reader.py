"""Reading the order of changes."""

from __future__ import annotations

import struct
from itertools import islice
from typing import NamedTuple

from foreword import keys
from foreword.store import databases as db
from foreword.store.reader import Reader, begin
from foreword.store.translation import translated
from foreword.store.v1.store_pb2 import ChangeRow, NewestChange
from foreword.v1.profile_change_pb2 import ChangeKind

_PLACE = struct.Struct(">QQ")
# Changes that took a new revision; what only moved the times of one stands behind later revisions.
_REVISIONS = (ChangeKind.CHANGE_KIND_WRITTEN, ChangeKind.CHANGE_KIND_ROLLED_BACK)


class Place(NamedTuple):
    """A place in the order of changes: behind the change that has it."""

    number: int
    """Counts changes; 0 in a store without the order."""
    term: int
    """Of the change."""

    @property
    def token(self) -> bytes:
        """The place as whoever watches keeps it."""
        return _PLACE.pack(self.number, self.term)


class ChangeReader:
    """Reads the order of changes of profiles.lmdb; empty in a store that no newer scheduler has opened yet.

    Args:
        reader: Of profiles.lmdb; followed when its environment is replaced.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def newest(self) -> tuple[Place, int]:
        """Return the place of the newest change and the highest revision of then, from one view."""
        row = self._reader.get(db.META, db.META_CHANGES)
        newest = NewestChange.FromString(row or b"")
        return Place(newest.place, newest.term), newest.revision

    def following(self, place: Place, limit: int) -> list[tuple[Place, ChangeRow]] | None:
        """Return up to `limit` changes behind a place, in order.

        Returns:
            Each with its own place; none when nothing has happened since. None when the store cannot tell what has:
            it keeps the place no more, never had it, or the order begins behind it.
        """
        environment = self._reader.environment
        if not environment.has(db.CHANGES):
            return [] if not place.number else None
        found: list[tuple[Place, ChangeRow]] = []
        with translated(environment.name), begin(environment, environment.handles[db.CHANGES]) as txn:
            cursor = txn.cursor()
            if not cursor.set_range(keys.u64(place.number)):
                return [] if not place.number else None
            for key, data in islice(cursor, limit + 1):
                row = ChangeRow.FromString(data)
                found.append((Place(keys.read_u64(key), row.term), row))
        if found[0][0] != place or any(row.is_start for _, row in found[1:]):
            return None
        return found[1:]

    def place_after(self, revision: int) -> Place | None:
        """Return the place behind which every revision is higher than one; None when it is not kept, or never was.

        Looks at all changes since.
        """
        _, highest = self.newest()
        if revision > highest:
            return None
        for key, data in self._reader.newest_first(db.CHANGES):
            row = ChangeRow.FromString(data)
            if (row.is_start or row.kind in _REVISIONS) and row.revision <= revision:
                return Place(keys.read_u64(key), row.term)
        return None
