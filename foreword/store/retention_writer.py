"""What becomes of events past retention: counted into bands, kept for the archive, and their ids forgotten."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from foreword import keys
from foreword.clock import DAY_MS
from foreword.keys import UserKey
from foreword.store import databases as db
from foreword.store.bands import fold
from foreword.store.reader import prefixed
from foreword.store.seal import sealed, unsealed
from foreword.store.transaction import Transaction
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.event_band_pb2 import EventBand
from foreword.v1.event_pb2 import Event

_log = logging.getLogger("foreword.store")

# From this age on an accepted event is late: an import, or a device that was away. The least that retention may be.
LATE_MS = 28 * DAY_MS


class RetentionTransaction(Transaction):
    """The part of a write transaction over activity.lmdb that ends what is old; `ActivityTransaction.retention`."""

    def fold(
        self,
        user: UserKey,
        *,
        before_ms: int,
        consumed_seq: int,
        limit: int,
        as_of_day: int,
        is_archived: bool = False,
    ) -> int:
        """Move up to `limit` events of a user that are older than a time and consumed into bands; return how many.

        In one transaction they leave `events`, are counted in `bands`, and stand in `to_archive` when they are to be
        archived, so that no reader sees one twice or not at all. Their ids stay in `applied`.

        Args:
            user: User key.
            before_ms: Events from this time on stay.
            consumed_seq: Events accepted later than this stay: no profile has counted them.
            limit: At most so many.
            as_of_day: Today, in days since 1970, UTC; decides how long the bands are.
            is_archived: Whether they wait for the archive.
        """
        old = list(self._old(user, before_ms, consumed_seq, limit))
        counted: list[tuple[int, Event]] = []
        for key, row in old:
            self._delete(db.EVENTS, key)
            whole = unsealed(db.EVENTS, key, row)
            if whole is None:
                # There is nothing to count: it was left out of every refresh, and the log has named it.
                continue
            time_ms = keys.read_u64(key, len(user))
            counted.append((time_ms, Event.FromString(whole[8:])))
            if is_archived:
                waiting = keys.u32(time_ms // DAY_MS) + key
                self._put(db.TO_ARCHIVE, waiting, sealed(db.TO_ARCHIVE, waiting, whole))
        if counted:
            self._put_bands(user, counted, as_of_day)
        return len(old)

    def _old(
        self, user: UserKey, before_ms: int, consumed_seq: int, limit: int
    ) -> Iterator[tuple[bytes, bytes]]:
        for key, row in prefixed(self._txn.cursor(db=self._db[db.EVENTS]), user):
            if keys.read_u64(key, len(user)) >= before_ms or limit <= 0:
                return
            if keys.read_u64(row) <= consumed_seq:
                limit -= 1
                yield bytes(key), bytes(row)

    def _put_bands(self, user: UserKey, counted: Iterable[tuple[int, Event]], as_of_day: int) -> None:
        former = list(prefixed(self._txn.cursor(db=self._db[db.BANDS]), user))
        held = [band for key, row in former if (band := band_of(user, key, row)) is not None]
        for key, _ in former:
            self._delete(db.BANDS, key)
        for first_day, band in fold(held, counted, as_of_day).items():
            key = user + keys.u32(first_day)
            self._put(db.BANDS, key, sealed(db.BANDS, key, band.SerializeToString()))

    def archived(self, waiting: Iterable[bytes]) -> int:
        """Remove events that stand in a file of the archive from those that wait for it; return how many went."""
        count = self._drop_waiting(waiting)
        former = keys.read_u64(self._get(db.META, db.META_ARCHIVED) or bytes(8))
        self._put(db.META, db.META_ARCHIVED, keys.u64(former + count))
        return count

    def _drop_waiting(self, waiting: Iterable[bytes]) -> int:
        return sum(self._delete(db.TO_ARCHIVE, key) for key in waiting)

    def forget(self, user: UserKey, event_ids: Sequence[bytes], *, before_ms: int, now_ms: int) -> int:
        """Forget ids of a user whose events are older than a time; return how many went.

        None goes in the first while of a store, as long as the age is, nor while as much has not passed since events
        came late: so an import that is broken off and gone on with still knows its own. What lies between the oldest
        and the newest event whose id went is remembered, and refused from then on.

        Args:
            user: User key.
            event_ids: Those to look at.
            before_ms: Ids of events from this time on stay, and those of events that are still in `events`.
            now_ms: The present time.
        """
        row = self._get(db.USERS, user)
        if row is None:
            return 0
        activity = UserActivity.FromString(row)
        if max(activity.late_ms, self.ids_since(now_ms)) >= before_ms:
            return 0
        gone = [
            time_ms for name in event_ids if (time_ms := self._forget_id(user, name, before_ms)) is not None
        ]
        count = len(gone)
        if gone:
            if activity.forgotten_to_ms:
                gone += [activity.forgotten_from_ms, activity.forgotten_to_ms - 1]
            activity.forgotten_from_ms, activity.forgotten_to_ms = min(gone), max(gone) + 1
            self._put(db.USERS, user, activity.SerializeToString())
            if activity.forgotten_to_ms > keys.read_u64(self._get(db.META, db.META_FORGOTTEN_TO) or bytes(8)):
                self._put(db.META, db.META_FORGOTTEN_TO, keys.u64(activity.forgotten_to_ms))
        return count

    def _forget_id(self, user: UserKey, name: bytes, before_ms: int) -> int | None:
        applied = self._get(db.APPLIED, user + name)
        if applied is None:
            return None
        time_ms = keys.read_u64(applied)
        if time_ms >= before_ms or self._get(db.EVENTS, user + applied[:8] + name) is not None:
            return None
        self._delete(db.APPLIED, user + name)
        return time_ms

    def ids_since(self, now_ms: int) -> int:
        """Return since when it is known of this store which events came late: from the first time this is asked on."""
        row = self._get(db.META, db.META_IDS_SINCE)
        if row is None:
            row = keys.u64(now_ms)
            self._put(db.META, db.META_IDS_SINCE, row)
        return keys.read_u64(row)

    # -- erasing --------------------------------------------------------------------------------------------

    def erase(self, user: UserKey) -> dict[bytes, int]:
        """Remove a user's bands and what waits for the archive; return how many rows went, per database."""
        bands = [bytes(key) for key, _ in prefixed(self._txn.cursor(db=self._db[db.BANDS]), user)]
        for key in bands:
            self._delete(db.BANDS, key)
        return {db.BANDS: len(bands), db.TO_ARCHIVE: self._drop_waiting(list(self._waiting(user)))}

    def has_archive(self) -> bool:
        """Return whether files of the archive may hold anybody: events were written, or are being written."""
        waits: bool = self._txn.cursor(db=self._db[db.TO_ARCHIVE]).first()
        return waits or self._get(db.META, db.META_ARCHIVED) is not None

    def _waiting(self, user: UserKey) -> Iterator[bytes]:
        """Yield the keys of a user's events that wait; costs a lookup for each day on which any user's do."""
        cursor = self._txn.cursor(db=self._db[db.TO_ARCHIVE])
        is_there = cursor.first()
        while is_there:
            day = cursor.key()[:4]
            for key, _ in prefixed(cursor, day + user):
                yield bytes(key)
            is_there = cursor.set_range(keys.u32(keys.read_u32(day) + 1))


def band_of(user: UserKey, key: bytes, row: bytes) -> EventBand | None:
    """Return the band of a row; None when it is damaged, which the log is told."""
    whole = unsealed(db.BANDS, key, row)
    if whole is None:
        user_id, namespace = keys.split_user_key(user)
        _log.warning("counts of user %r in namespace %r are damaged and left out", user_id, namespace)
        return None
    return EventBand.FromString(whole)
