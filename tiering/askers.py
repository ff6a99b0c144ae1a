"""Who has asked, as keyed digests and nothing else of them, and what there is to go with each."""

from __future__ import annotations

from foreword.clock import DAY_MS, Clock
from foreword.store.v1.answers_pb2 import AskerRows, StoredAskers
from tiering.digest import CoreId
from tiering.rows import put_row, read_row
from tiering.shelf import Shelf

ROWS_MAX = 1000
"""Rows held of one asker: a list of 17 KB, read and written with each row that is added. With more the oldest go,
so that no row is there which `forget` does not reach."""

# Twice the longest default life of a core. Two who asked in different seasons make no question that is asked often.
_ASKED_MS = 30 * DAY_MS
_ASKED = b"q"
_HELD = b"h"


class Askers:
    """Askers, by their digests (`Digests.asker`). All methods block, and raise CacheError where the cache fails.

    The list of an asker's rows is stored after the rows, in one transaction, and so evicted after them.
    """

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock

    def admit(self, core_id: CoreId, asker: bytes, askers_min: int) -> bool:
        """Return whether `askers_min` distinct askers, this one among them, have asked for a core within 30 days."""
        if askers_min <= 1:
            return True
        key = _ASKED + core_id
        with self._shelf.writing():
            row = read_row(self._shelf, key, StoredAskers) or StoredAskers()
            now_ms = self._clock.now_ms()
            # From ahead of a clock that was set back, it is of no known age.
            if not 0 <= now_ms - row.since_ms < _ASKED_MS:
                row = StoredAskers(since_ms=now_ms)
            if asker not in row.askers and len(row.askers) < askers_min:
                row.askers.append(asker)
                self._put_asked(key, row)
                self.hold(asker, key)
        return len(row.askers) >= askers_min

    def hold(self, asker: bytes, *keys: bytes) -> None:
        """Have rows go with an asker; called after they are put, inside the same `Shelf.writing`."""
        with self._shelf.writing():
            row = read_row(self._shelf, _HELD + asker, AskerRows) or AskerRows()
            held = [*(key for key in row.keys if key not in keys), *keys]
            for gone in held[:-ROWS_MAX]:
                self._release(gone, asker)
            put_row(self._shelf, _HELD + asker, AskerRows(keys=held[-ROWS_MAX:]))

    def forget(self, asker: bytes) -> int:
        """Remove what is held of an asker, down to the bytes on disk; return how many rows it was in."""
        with self._shelf.writing():
            row = read_row(self._shelf, _HELD + asker, AskerRows) or AskerRows()
            count = sum(self._release(key, asker) for key in row.keys)
            self._shelf.delete(_HELD + asker)
        self._shelf.scrub()
        return count

    def _release(self, key: bytes, asker: bytes) -> bool:
        if not key.startswith(_ASKED):
            return self._shelf.delete(key)
        # Others asked for the core as well.
        row = read_row(self._shelf, key, StoredAskers)
        if row is None or asker not in row.askers:
            return False
        row.askers.remove(asker)
        if not row.askers:
            return self._shelf.delete(key)
        self._put_asked(key, row)
        return True

    def _put_asked(self, key: bytes, row: StoredAskers) -> None:
        put_row(self._shelf, key, row)
        for each in row.askers:
            # Stored anew as it is: the row is newer now, and must be evicted before each list that names it.
            held = read_row(self._shelf, _HELD + each, AskerRows)
            if held is not None:
                put_row(self._shelf, _HELD + each, held)
