"""Reading activity.lmdb: events for a refresh, the trigger log, and the operator's views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from foreword import keys
from foreword.store import databases as db
from foreword.store.environment import ACTIVITY, Environment, open_environment, translated
from foreword.v1.event_pb2 import Event
from foreword.v1.store_pb2 import Erasure, Trigger, UserActivity


class StoredEvent(NamedTuple):
    """An event as it stands in the store."""

    sequence: int
    """Place in the order of acceptance."""
    time_ms: int
    event: Event


class ActivityReader:
    """Reads activity.lmdb while another process writes it. All methods return copies that stay valid.

    Raises:
        StoreMissingError: No sidecar has made the environment yet.
    """

    def __init__(self, directory: Path, *, readers_max: int = 2048) -> None:
        self._path = directory / ACTIVITY
        self._readers_max = readers_max
        self._environment = self._open()

    def _open(self) -> Environment:
        return open_environment(self._path, db.ACTIVITY_DATABASES, readonly=True, readers_max=self._readers_max)

    def user(self, user: bytes) -> UserActivity | None:
        """Return first and last seen and counts per day of a user key, or None."""
        row = self._get(db.USERS, user)
        return None if row is None else UserActivity.FromString(row)

    def users(self, after: bytes = b"", limit: int = 1000) -> list[tuple[bytes, UserActivity]]:
        """Return up to `limit` users whose key is beyond `after`, in key order."""
        with translated(ACTIVITY), self._environment.begin() as txn:
            cursor = txn.cursor(db=self._environment.handles[db.USERS])
            found: list[tuple[bytes, UserActivity]] = []
            if not cursor.set_range(after + b"\0" if after else b"\0"):
                return found
            for key, row in cursor:
                found.append((key, UserActivity.FromString(row)))
                if len(found) >= limit:
                    break
            return found

    def events(
        self, user: bytes, *, from_ms: int = 0, consumed_seq: int | None = None, limit: int = 1_000_000
    ) -> list[StoredEvent]:
        """Return a user's events, oldest first.

        Args:
            user: User key.
            from_ms: Events from this time on are wanted.
            consumed_seq: When given, older events are wanted too if they were accepted after it.
            limit: At most this many, the newest by time.
        """
        with translated(ACTIVITY), self._environment.begin() as txn:
            cursor = txn.cursor(db=self._environment.handles[db.EVENTS])
            found: list[StoredEvent] = []
            after = user + b"\xff" * 9
            if not (cursor.set_range(after) and cursor.prev() or cursor.last()):
                return found
            for key, row in cursor.iterprev():
                if not key.startswith(user) or len(found) >= limit:
                    break
                time_ms = keys.read_u64(key, len(user))
                sequence = keys.read_u64(row)
                if time_ms < from_ms and consumed_seq is None:
                    break
                if time_ms >= from_ms or (consumed_seq is not None and sequence > consumed_seq):
                    found.append(StoredEvent(sequence, time_ms, Event.FromString(row[8:])))
            found.reverse()
            return found

    def triggers(self, after: int, limit: int) -> list[tuple[int, Trigger]]:
        """Return up to `limit` triggers beyond a place in the log, as `(place, trigger)`."""
        with translated(ACTIVITY), self._environment.begin() as txn:
            cursor = txn.cursor(db=self._environment.handles[db.TRIGGERS])
            found: list[tuple[int, Trigger]] = []
            if not cursor.set_range(keys.u64(after + 1)):
                return found
            for key, row in cursor:
                found.append((keys.read_u64(key), Trigger.FromString(row)))
                if len(found) >= limit:
                    break
            return found

    def erasures(self) -> list[tuple[bytes, Erasure]]:
        """Return all pending erasures as `(user key, erasure)`."""
        with translated(ACTIVITY), self._environment.begin() as txn:
            cursor = txn.cursor(db=self._environment.handles[db.CONTROLS])
            return [(key, Erasure.FromString(row)) for key, row in cursor]

    def applied_ids(self, user: bytes) -> Iterator[str]:
        """Yield the ids of a user's accepted events, in byte order."""
        with translated(ACTIVITY), self._environment.begin() as txn:
            cursor = txn.cursor(db=self._environment.handles[db.APPLIED])
            if cursor.set_range(user):
                for key in cursor.iternext(keys=True, values=False):
                    if not key.startswith(user):
                        return
                    yield key[len(user) :].decode()

    def count(self, database: bytes) -> int:
        """Return the number of rows of a database (a name from `foreword.store.databases`)."""
        with translated(ACTIVITY), self._environment.begin() as txn:
            entries: int = txn.stat(self._environment.handles[database])["entries"]
            return entries

    @property
    def last_transaction(self) -> int:
        """Number of the newest commit; changes exactly when something was written."""
        return self._environment.last_transaction

    @property
    def environment(self) -> Environment:
        """The environment behind the reader."""
        return self._environment

    def upkeep(self) -> None:
        """Free dead readers' slots, and follow a restored or compacted store that took this one's place."""
        if self._environment.was_replaced():
            former = self._environment
            self._environment = self._open()
            former.close()
        else:
            self._environment.reader_check()

    def close(self) -> None:
        """Release the environment."""
        self._environment.close()

    def _get(self, database: bytes, key: bytes) -> bytes | None:
        with translated(ACTIVITY), self._environment.begin() as txn:
            row: bytes | None = txn.get(key, db=self._environment.handles[database])
            return row
