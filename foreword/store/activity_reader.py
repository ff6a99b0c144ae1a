"""Reading activity.lmdb: events for a refresh, the trigger log, and the operator's views."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import lmdb

from foreword import keys
from foreword.keys import UserKey
from foreword.store import databases as db
from foreword.store.applied import is_deleted
from foreword.store.decision_key import user_digest
from foreword.store.files import ACTIVITY
from foreword.store.ranking_writer import block_of, decision_of
from foreword.store.reader import Reader, prefixed
from foreword.store.retention_writer import band_of
from foreword.store.seal import unsealed
from foreword.store.v1.store_pb2 import FreshnessBreaches, RefreshPauses, TopicAliases
from foreword.synthetic import PREFIX, is_synthetic
from foreword.v1.activity_pb2 import Trigger, UserActivity
from foreword.v1.backfill_pb2 import BackfillPlan
from foreword.v1.erasure_pb2 import Erasure
from foreword.v1.event_band_pb2 import EventBand
from foreword.v1.event_pb2 import Event
from foreword.v1.operator_service_pb2 import EventAbsence
from foreword.v1.ranking_pb2 import RankingDecision

_log = logging.getLogger("foreword.store")

# Behind the keys of all simulated users: no user id begins with a byte that is none of UTF-8.
_BEHIND_SYNTHETIC = PREFIX + b"\xff\xff"


class StoredEvent(NamedTuple):
    """An event as it stands in the store."""

    sequence: int
    """Place in the order of acceptance."""
    time_ms: int
    event: Event


class News(NamedTuple):
    """Events by their place in the order of acceptance.

    Attributes:
        after_seq: Those beyond this place,
        through_seq: up to this one.
        count_max: How many these are at most; once so many are found nobody looks for more.
    """

    after_seq: int
    through_seq: int
    count_max: int


class WaitingDay(NamedTuple):
    """Events of one day that wait for the archive."""

    day: int
    """In days since 1970, UTC."""
    keys: list[bytes]
    """Of their rows, those of damaged ones too."""
    events: list[Event]


class DayReads(NamedTuple):
    """How often profiles and forewords of a segment were handed out on a day."""

    day: int
    """In days since 1970, UTC."""
    segment: int
    """Number of the segment; 0 for users without a profile of their own."""
    read_count: int


class ActivityReader(Reader):
    """Reads activity.lmdb while another process writes it. All methods return copies that stay valid.

    Args:
        directory: The store's folder.
        readers_max: Reader slots; the first process to open the environment decides.

    Raises:
        StoreMissingError: No sidecar has made the environment yet.
    """

    def __init__(self, directory: Path, *, readers_max: int = 2048) -> None:
        super().__init__(directory / ACTIVITY, db.ACTIVITY_DATABASES, readers_max=readers_max)

    def users_count(self) -> int:
        """Return how many users ever recorded an event that was not erased; simulated ones are none."""
        return self.count(db.USERS) - sum(1 for _ in self.range(db.USERS, PREFIX))

    def events_count(self) -> int:
        """Return how many events are kept."""
        return self.count(db.EVENTS)

    def triggers_count(self) -> int:
        """Return how many rows the trigger log has, those already taken included."""
        return self.count(db.TRIGGERS)

    def newest_trigger(self) -> int:
        """Return the number of the newest trigger given out; 0 when none was."""
        return keys.read_u64(self._get(db.META, db.META_TRIGGER_SEQ) or bytes(8))

    def reads(self, from_day: int = 0, to_day: int = 1 << 31) -> list[DayReads]:
        """Return how often the sidecar handed out profiles, by day and segment, oldest first.

        Args:
            from_day: The first day, in days since 1970, UTC.
            to_day: The last day.
        """
        found = []
        for key, row in self.range(db.READS, start=keys.u32(from_day)):
            if keys.read_u32(key) > to_day:
                break
            found.append(DayReads(keys.read_u32(key), key[4], keys.read_u64(row)))
        return found

    def topic_aliases(self, namespace: str) -> TopicAliases:
        """Return what operators decided on the topics of a namespace."""
        return TopicAliases.FromString(self.get(db.TOPIC_ALIASES, keys.namespace_prefix(namespace)) or b"")

    def pauses(self) -> RefreshPauses:
        """Return whose refreshes are paused."""
        return RefreshPauses.FromString(self.pauses_row())

    def pauses_row(self) -> bytes:
        """Return the row of `pauses`, which tells whether anything of them has changed."""
        return self._get(db.META, db.META_PAUSES) or b""

    def breaches(self) -> FreshnessBreaches:
        """Return which freshness promises are broken."""
        return FreshnessBreaches.FromString(self._get(db.META, db.META_BREACHES) or b"")

    def user(self, user: UserKey) -> UserActivity | None:
        """Return first and last seen and counts per day of a user key, or None."""
        with self._reading(db.USERS) as txn:
            row = txn.get(user)
            return None if row is None else UserActivity.FromString(row)

    def users(
        self, after: bytes = b"", limit: int = 1000, *, with_synthetic: bool = False
    ) -> list[tuple[UserKey, UserActivity]]:
        """Return up to `limit` users whose key is beyond `after`, in key order.

        Args:
            after: The key of the last user of the former call; empty begins with the first.
            limit: How many.
            with_synthetic: Whether simulated users are among them.
        """
        with self._reading(db.USERS) as txn:
            cursor = txn.cursor()
            found: list[tuple[UserKey, UserActivity]] = []
            is_at_one = cursor.set_range(after + b"\0" if after else b"\0")
            while is_at_one and len(found) < limit:
                key, row = cursor.item()
                if is_synthetic(key) and not with_synthetic:
                    is_at_one = cursor.set_range(_BEHIND_SYNTHETIC)
                    continue
                found.append((UserKey(key), UserActivity.FromString(row)))
                is_at_one = cursor.next()
            return found

    def last_seen(
        self, after: bytes = b"", limit: int = 1000, *, prefix: bytes = b""
    ) -> list[tuple[UserKey, int]]:
        """Return up to `limit` users whose key is beyond `after` and begins with `prefix`, in key order.

        Returns:
            Pairs of user key and time of the newest event, in ms since 1970; none of simulated users.
        """
        with self._reading(db.USERS) as txn:
            rows = prefixed(txn.cursor(), prefix, after + b"\0" if after else prefix)
            real = islice((each for each in rows if not is_synthetic(each[0])), limit)
            return [(UserKey(key), UserActivity.FromString(row).last_seen_ms) for key, row in real]

    def backfill_plan(self) -> BackfillPlan | None:
        """Return the newest backfill that was asked for; None when none ever was."""
        row = self._get(db.META, db.META_BACKFILL)
        return None if row is None else BackfillPlan.FromString(row)

    def synthetic_users(self, after: bytes = b"", limit: int = 1000) -> list[tuple[UserKey, UserActivity]]:
        """Return up to `limit` simulated users whose key is beyond `after`, in key order."""
        with self._reading(db.USERS) as txn:
            rows = islice(prefixed(txn.cursor(), PREFIX, after + b"\0" if after else PREFIX), limit)
            return [(UserKey(key), UserActivity.FromString(row)) for key, row in rows]

    def has_event(self, user: UserKey, event_id: str) -> bool:
        """Return whether an event was ever accepted, kept or not; False once its id is forgotten."""
        return self._get(db.APPLIED, user + event_id.encode()) is not None

    def event(self, user: UserKey, time_ms: int, event_id: str) -> Event | None:
        """Return one event of a user; None when it is not kept, or damaged."""
        key = keys.event_key(user, time_ms, event_id)
        row = self._get(db.EVENTS, key)
        return None if row is None else _event(db.EVENTS, key, row)

    def absence(self, user: UserKey, time_ms: int, event_id: str) -> EventAbsence:
        """Return why `event` finds none."""
        applied = self._get(db.APPLIED, user + event_id.encode())
        if applied is not None and is_deleted(applied):
            return EventAbsence.EVENT_ABSENCE_DELETED
        is_there = self._get(db.EVENTS, keys.event_key(user, time_ms, event_id)) is not None
        if is_there or (applied is None and not self._is_forgotten(user, time_ms)):
            return EventAbsence.EVENT_ABSENCE_UNKNOWN
        return EventAbsence.EVENT_ABSENCE_PAST_RETENTION

    def _is_forgotten(self, user: UserKey, time_ms: int) -> bool:
        """Return whether ids of a user's events of this time have gone."""
        seen = self.user(user)
        return seen is not None and seen.forgotten_from_ms <= time_ms < seen.forgotten_to_ms

    def events(
        self,
        user: UserKey,
        *,
        from_ms: int = 0,
        news: News | None = None,
        window_max: int | None = None,
        limit: int = 1_000_000,
    ) -> list[StoredEvent]:
        """Return a user's events, oldest first, without those that are damaged.

        The search ends where nothing more can be wanted, so that its cost is that of the window and the news, not that
        of the history.

        Args:
            user: User key.
            from_ms: Events from this time on are wanted.
            news: Wanted too, of whatever time; without it nothing is news.
            window_max: At most this many that are no news, the newest by time.
            limit: At most this many in all, the newest by time.
        """
        with self._reading(db.EVENTS) as txn:
            cursor = txn.cursor()
            found: list[StoredEvent] = []
            after = user + b"\xff" * 9
            if not ((cursor.set_range(after) and cursor.prev()) or cursor.last()):
                return found
            window_left = limit if window_max is None else window_max
            news_left = news.count_max if news is not None else 0
            for key, row in cursor.iterprev():
                if not key.startswith(user) or len(found) >= limit:
                    break
                time_ms = keys.read_u64(key, len(user))
                if news_left <= 0 and (time_ms < from_ms or window_left <= 0):
                    break
                sequence = keys.read_u64(row)
                is_news = news is not None and news.after_seq < sequence <= news.through_seq
                is_in_window = time_ms >= from_ms and window_left > 0
                news_left -= is_news
                window_left -= is_in_window
                if is_news or is_in_window:
                    event = _event(db.EVENTS, key, row)
                    if event is not None:
                        found.append(StoredEvent(sequence, time_ms, event))
            found.reverse()
            return found

    def deleted(self, user: UserKey, after: int, through: int) -> list[StoredEvent]:
        """Return the events of a user that were deleted, in the order in which they were.

        Args:
            user: User key.
            after: The place of a deletion; those beyond it are wanted,
            through: up to this one.
        """
        found = []
        for key, row in self.range(db.DELETED, user, user + keys.u64(after + 1)):
            if keys.read_u64(key, len(user)) > through:
                break
            event = _event(db.DELETED, key, row)
            if event is not None:
                found.append(StoredEvent(keys.read_u64(row), event.time.ToMilliseconds(), event))
        return found

    def every_event(self, user: UserKey) -> Iterator[Event]:
        """Yield all events of a user, oldest first, however many; without those that are damaged."""
        for batch in self._batches(db.EVENTS, user):
            for key, row in batch:
                event = _event(db.EVENTS, key, row)
                if event is not None:
                    yield event

    def oldest_event_ms(self, user: UserKey) -> int | None:
        """Return the time of the oldest event of a user that is kept; None when none is."""
        with self._reading(db.EVENTS) as txn:
            cursor = txn.cursor()
            key = cursor.key() if cursor.set_range(user) else b""
            return keys.read_u64(key, len(user)) if key.startswith(user) else None

    def bands(self, user: UserKey) -> list[EventBand]:
        """Return the counts of a user's events past retention, oldest first; without those that are damaged."""
        found = (band_of(user, key, row) for key, row in self.range(db.BANDS, user))
        return [band for band in found if band is not None]

    def waiting_of(self, user: UserKey) -> Iterator[Event]:
        """Yield a user's events that wait for the archive, oldest first; a lookup for each day with any user's."""
        day = self._waiting_day(0)
        while day is not None:
            for key, row in self.range(db.TO_ARCHIVE, keys.u32(day) + user):
                event = _event(db.TO_ARCHIVE, key, row, at=4)
                if event is not None:
                    yield event
            day = self._waiting_day(day + 1)

    def waiting_day(self, rows_max: int) -> WaitingDay | None:
        """Return up to so many events of the first day of which any wait for the archive, ordered by user and time."""
        day = self._waiting_day(0)
        if day is None:
            return None
        rows = list(islice(self.range(db.TO_ARCHIVE, keys.u32(day)), rows_max))
        found = [_event(db.TO_ARCHIVE, key, row, at=4) for key, row in rows]
        return WaitingDay(day, [key for key, _ in rows], [event for event in found if event is not None])

    def waiting_count(self) -> int:
        """Return how many events wait for the archive."""
        return self.count(db.TO_ARCHIVE) if self._environment.has(db.TO_ARCHIVE) else 0

    def bands_count(self) -> int:
        """Return how many rows of counts are kept, over all users."""
        return self.count(db.BANDS) if self._environment.has(db.BANDS) else 0

    def _waiting_day(self, from_day: int) -> int | None:
        """Return the first day, from one on, of which events wait for the archive."""
        if not self._environment.has(db.TO_ARCHIVE):
            return None
        # Not by `range`, which reads a thousand rows ahead.
        with self._reading(db.TO_ARCHIVE) as txn:
            cursor = txn.cursor()
            return keys.read_u32(cursor.key()) if cursor.set_range(keys.u32(from_day)) else None

    def ranking_block(self, user: UserKey) -> bytes | None:
        """Return a user's block of parameters for ranking; None when there is none, or a damaged one."""
        return block_of(user, self.get(db.RANKING_BLOCKS, user))

    def ranking_decision(self, key: bytes) -> RankingDecision | None:
        """Return a logged decision by its key; None when there is none, or a damaged one."""
        return decision_of(key, self.get(db.RANKING_DECISIONS, key))

    def ranking_decisions(self, user: UserKey | None = None) -> Iterator[RankingDecision]:
        """Yield the logged decisions for a user, oldest first; without one those of all, a user's side by side."""
        for key, row in self.range(db.RANKING_DECISIONS, b"" if user is None else user_digest(user)):
            decision = decision_of(key, row)
            if decision is None:
                continue
            if user is None or keys.user_key(decision.user_id, decision.namespace) == user:
                yield decision

    def newest_ranking_decisions(self, user: UserKey) -> Iterator[RankingDecision]:
        """Yield the logged decisions for a user, newest first."""
        for key, row in self.newest_first(db.RANKING_DECISIONS, user_digest(user)):
            decision = decision_of(key, row)
            if decision is not None and keys.user_key(decision.user_id, decision.namespace) == user:
                yield decision

    def ranking_counts(self) -> tuple[int, int]:
        """Return how many users have a block, and how many decisions are in the log."""
        blocks, decisions = (
            self.count(name) if self._environment.has(name) else 0
            for name in (db.RANKING_BLOCKS, db.RANKING_DECISIONS)
        )
        return blocks, decisions

    def archived_count(self) -> int:
        """Return how many events were ever written to the archive."""
        return keys.read_u64(self._get(db.META, db.META_ARCHIVED) or bytes(8))

    def ids_before(self, user: UserKey, before_ms: int) -> Iterator[bytes]:
        """Yield the ids, in UTF-8, of a user's accepted events of before a time."""
        for batch in self._batches(db.APPLIED, user):
            yield from (key[len(user) :] for key, row in batch if keys.read_u64(row) < before_ms)

    def triggers(self, after: int, limit: int) -> list[tuple[int, Trigger]]:
        """Return up to `limit` triggers beyond a place in the log, as `(place, trigger)`."""
        with self._reading(db.TRIGGERS) as txn:
            cursor = txn.cursor()
            found: list[tuple[int, Trigger]] = []
            if not cursor.set_range(keys.u64(after + 1)):
                return found
            for key, row in cursor:
                found.append((keys.read_u64(key), Trigger.FromString(row)))
                if len(found) >= limit:
                    break
            return found

    def erasures(self) -> list[tuple[UserKey, Erasure]]:
        """Return all pending erasures as `(user key, erasure)`."""
        with self._reading(db.CONTROLS) as txn:
            cursor = txn.cursor()
            return [(UserKey(key), Erasure.FromString(row)) for key, row in cursor]

    def erasure(self, user: UserKey) -> Erasure | None:
        """Return the pending erasure of a user, or None."""
        row = self._get(db.CONTROLS, user)
        return None if row is None else Erasure.FromString(row)

    def is_erased(self, user: UserKey) -> bool:
        """Return whether an erasure of a user is pending, who is then served as unknown; no parsing."""
        environment = self._environment
        # As the hot path of ProfileReader: this stands in front of it in every read in process.
        try:
            return environment.lmdb.begin(environment.handles[db.CONTROLS]).get(user) is not None
        except lmdb.Error as exc:
            return self._again(exc, environment, lambda: self._get(db.CONTROLS, user)) is not None

    def is_known(self, user: UserKey) -> bool:
        """Return whether an event of a user was ever accepted; no parsing."""
        return self._get(db.USERS, user) is not None

    def applied_ids(self, user: UserKey) -> Iterator[str]:
        """Yield the ids of a user's accepted events, in byte order."""
        for batch in self._batches(db.APPLIED, user):
            yield from (key[len(user) :].decode() for key, _ in batch)


def _event(database: bytes, key: bytes, row: bytes, at: int = 0) -> Event | None:
    """Return the event of a row, with `at` bytes before its user key; None when it is damaged."""
    whole = unsealed(database, key, row)
    if whole is None:
        # One event less changes little, and a refresh that fails for it would fail again and again.
        user_id, namespace = keys.split_user_key(key[at : at + keys.user_key_size(key[at:])])
        _log.warning("an event of user %r in namespace %r is damaged and left out", user_id, namespace)
        return None
    return Event.FromString(whole[8:])
