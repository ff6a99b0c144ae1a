"""Reading profiles.lmdb: the hot path of every request, and the operator's views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import lmdb

from foreword import keys
from foreword.errors import StoreCorruptError, StoreMissingError
from foreword.store import databases as db
from foreword.store.codec import HEADER_BYTES, Header, decode_header, is_intact
from foreword.store.environment import PROFILES, Environment, open_environment, translate, translated
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse
from foreword.v1.store_pb2 import ErasureReceipt, LedgerEntry, LedgerTotals, Population, Watermark


class ProfileReader:
    """Reads profiles.lmdb while another process writes it.

    All methods return copies that stay valid. One reader serves all threads of a process.

    Args:
        directory: The store's folder.

    Raises:
        StoreMissingError: No scheduler has made the environment yet.
    """

    def __init__(self, directory: Path, *, readers_max: int = 2048) -> None:
        self._path = directory / PROFILES
        self._readers_max = readers_max
        self._environment = self._open()

    def _open(self) -> Environment:
        environment = open_environment(
            self._path, db.PROFILE_DATABASES, readonly=True, readers_max=self._readers_max
        )
        handles = environment.handles
        self._begin = environment.lmdb.begin
        self._profiles = handles[db.PROFILES]
        self._forewords = handles[db.FOREWORDS]
        return environment

    # -- the hot path: one lookup each, no parsing ------------------------------------------------------------

    def profile_row(self, user: bytes) -> bytes | None:
        """Return the row of a user key in `profiles`: header ‖ serialized GetProfileResponse; None on a miss.

        Raises:
            StoreCorruptError: The row fails its checksum.
        """
        return self._row(self._profiles, user)

    def foreword_row(self, user: bytes) -> bytes | None:
        """Return the row of a user key in `forewords`: header ‖ serialized GetForewordResponse; None on a miss.

        Raises:
            StoreCorruptError: The row fails its checksum.
        """
        return self._row(self._forewords, user)

    def profile_rows(self, users: list[bytes]) -> list[bytes | None]:
        """Return the rows of many user keys from one snapshot, in order.

        Raises:
            StoreCorruptError: A row fails its checksum.
        """
        try:
            with self._begin(db=self._profiles) as txn:
                rows = list(map(txn.get, users))
        except lmdb.Error as exc:
            raise translate(PROFILES, exc) from exc
        for user, row in zip(users, rows, strict=True):
            if row is not None and not is_intact(row):
                raise _damaged(user)
        return rows

    def _row(self, handle: object, user: bytes) -> bytes | None:
        # try/except rather than the `translated` block: this costs nothing when nothing fails.
        try:
            with self._begin(db=handle) as txn:
                row: bytes | None = txn.get(user)
        except lmdb.Error as exc:
            raise translate(PROFILES, exc) from exc
        if row is not None and not is_intact(row):
            raise _damaged(user)
        return row

    # -- single rows --------------------------------------------------------------------------------------

    def profile(self, user: bytes) -> GetProfileResponse | None:
        """Return the parsed profile of a user key, or None."""
        row = self.profile_row(user)
        return None if row is None else GetProfileResponse.FromString(row[HEADER_BYTES:])

    def foreword(self, user: bytes) -> GetForewordResponse | None:
        """Return the parsed foreword of a user key, or None."""
        row = self.foreword_row(user)
        return None if row is None else GetForewordResponse.FromString(row[HEADER_BYTES:])

    def watermark(self, user: bytes) -> Watermark | None:
        """Return how far a user's events are consumed and when the user is due, or None."""
        row = self._get(db.WATERMARKS, user)
        return None if row is None else Watermark.FromString(row)

    def population(self, namespace: str) -> Population:
        """Return the faded counts of a namespace; empty when nobody contributed."""
        return Population.FromString(self._get(db.POPULATION, namespace.encode() or b"\0") or b"")

    def receipt(self, erase_id: bytes) -> ErasureReceipt | None:
        """Return what the scheduler removed for an erasure, or None while it has not."""
        row = self._get(db.ERASURES, erase_id)
        return None if row is None else ErasureReceipt.FromString(row)

    def ledger_totals(self) -> LedgerTotals:
        """Return the sums over all refreshes."""
        return LedgerTotals.FromString(self._get(db.META, db.META_LEDGER_TOTALS) or b"")

    def revision(self) -> int:
        """Return the highest revision written."""
        return keys.read_u64(self._get(db.META, db.META_REVISION) or bytes(8))

    def trigger_cursor(self, activity_id: bytes) -> int:
        """Return the newest trigger taken from the activity environment with this id; 0 when none was."""
        row = self._get(db.META, db.META_TRIGGER_CURSOR)
        return keys.read_u64(row, 16) if row is not None and row[:16] == activity_id else 0

    def scheduler_seen_ms(self) -> int:
        """Return when the scheduler last showed life; 0 when it never did."""
        return keys.read_u64(self._get(db.META, db.META_SCHEDULER_SEEN) or bytes(8))

    def default_profile_row(self) -> bytes | None:
        """Return the stored default profile's row, or None when the scheduler has set none."""
        return self._get(db.META, db.META_DEFAULT_PROFILE)

    def default_foreword_row(self) -> bytes | None:
        """Return the stored default foreword's row, or None when the scheduler has set none."""
        return self._get(db.META, db.META_DEFAULT_FOREWORD)

    # -- ranges ---------------------------------------------------------------------------------------------

    def due(self, before_ms: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` users due before a time, as `(due_ms, user key)`, longest due first."""
        with translated(PROFILES), self._begin(db=self._environment.handles[db.DUE]) as txn:
            found = []
            for key in txn.cursor().iternext(keys=True, values=False):
                due_ms = keys.read_u64(key)
                if due_ms >= before_ms or len(found) >= limit:
                    break
                found.append((due_ms, bytes(key[8:])))
            return found

    def headers(self, after: bytes = b"", limit: int = 1000) -> list[tuple[bytes, Header]]:
        """Return up to `limit` `(user key, header)` of profiles whose key is beyond `after`."""
        with translated(PROFILES), self._begin(db=self._profiles, buffers=True) as txn:
            cursor = txn.cursor()
            if not cursor.set_range(after + b"\0" if after else b"\0"):
                return []
            found = []
            for key, row in cursor:
                found.append((bytes(key), decode_header(bytes(row[:HEADER_BYTES]))))
                if len(found) >= limit:
                    break
            return found

    def revisions(self, user: bytes) -> list[tuple[int, bytes]]:
        """Return `(revision, row)` of a user's kept revisions, oldest first; rows as in `profiles`."""
        with translated(PROFILES), self._begin(db=self._environment.handles[db.REVISIONS]) as txn:
            return [(keys.read_u64(key, len(user)), row) for key, row in _prefixed(txn.cursor(), user)]

    def ledger(self, *, newest: int = 100) -> list[LedgerEntry]:
        """Return the newest ledger entries, newest first."""
        with translated(PROFILES), self._begin(db=self._environment.handles[db.LEDGER]) as txn:
            found = []
            for _, row in txn.cursor().iterprev():
                if len(found) >= newest:
                    break
                found.append(LedgerEntry.FromString(row))
            return found

    def ledger_of(self, user: bytes) -> Iterator[LedgerEntry]:
        """Yield a user's ledger entries, oldest first. Looks through the whole ledger."""
        with translated(PROFILES), self._begin(db=self._environment.handles[db.LEDGER]) as txn:
            for _, row in txn.cursor():
                if user in row:
                    entry = LedgerEntry.FromString(row)
                    if entry.user_key == user:
                        yield entry

    def count(self, database: bytes) -> int:
        """Return the number of rows of a database (a name from `foreword.store.databases`)."""
        with translated(PROFILES), self._begin() as txn:
            entries: int = txn.stat(self._environment.handles[database])["entries"]
            return entries

    def _get(self, database: bytes, key: bytes) -> bytes | None:
        with translated(PROFILES), self._begin(db=self._environment.handles[database]) as txn:
            row: bytes | None = txn.get(key)
            return row

    # -- upkeep -----------------------------------------------------------------------------------------------

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
        elif not self._environment.readonly or self._environment.path.exists():
            self._environment.reader_check()

    def close(self) -> None:
        """Release the environment."""
        self._environment.close()


def open_when_present(directory: Path, *, readers_max: int = 2048) -> ProfileReader | None:
    """Return a reader, or None while no scheduler has made the environment."""
    try:
        return ProfileReader(directory, readers_max=readers_max)
    except StoreMissingError:
        return None


def _prefixed(cursor: object, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    if cursor.set_range(prefix):  # type: ignore[attr-defined]
        for key, value in cursor:  # type: ignore[attr-defined]
            if not key.startswith(prefix):
                return
            yield key, value


def _damaged(user: bytes) -> StoreCorruptError:
    user_id, namespace = keys.split_user_key(user)
    return StoreCorruptError(
        f"the stored row of user {user_id!r} in namespace {namespace!r} fails its checksum",
        hint="run `foreword store check`, then `foreword refresh` the user or restore a backup",
    )
