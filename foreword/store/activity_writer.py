"""Writing activity.lmdb; the sidecar alone does."""

from __future__ import annotations

import enum
import uuid
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

from foreword import keys
from foreword.admission import AHEAD_MS_MAX, NewEvent
from foreword.clock import DAY_MS
from foreword.errors import StoreCorruptError
from foreword.keys import ErasureId, UserKey
from foreword.noting import NOTED, Noting
from foreword.store import databases as db
from foreword.store.applied import as_deleted, is_deleted
from foreword.store.environment import Environment
from foreword.store.files import ACTIVITY
from foreword.store.lock import lock_activity
from foreword.store.noting import note_attributes, session_starts
from foreword.store.pauses import end_pause
from foreword.store.ranking_writer import RankingTransaction
from foreword.store.retention_writer import LATE_MS, RetentionTransaction
from foreword.store.rewound import still_taken
from foreword.store.seal import sealed, unsealed
from foreword.store.v1.store_pb2 import FreshnessBreaches, RefreshPauses, TopicAliases
from foreword.store.writer import Writer
from foreword.synthetic import is_synthetic
from foreword.v1.activity_pb2 import DayCount, Trigger, UserActivity
from foreword.v1.backfill_pb2 import BackfillPlan
from foreword.v1.erasure_pb2 import Erasure, StoreCount

# About what a batch of events takes; less might fit where a batch does not.
PROBE_BYTES = 1 << 16
# Eight weeks: twice the default window, enough to tell any segment.
DAYS_MAX = 56
_DAY = attrgetter("day")


class Deletion(enum.Enum):
    """What the deletion of an event came to."""

    DONE = enum.auto()
    BEFORE = enum.auto()
    """It was deleted by an earlier call."""
    MISSING = enum.auto()
    """There is none: never recorded, or past retention."""


class ActivityWriter(Writer):
    """Opens activity.lmdb for writing, making it when missing.

    Args:
        directory: The store's folder.
        map_size_bytes: Most it may grow to.
        readers_max: Reader slots; the first process to open the environment decides.

    Raises:
        StoreLockedError: A sidecar, an import, or a restore or compaction holds it.
        StoreVersionError: A newer Foreword wrote it.
        StoreNotWritableError: It cannot be written.
        StoreError: A restore was interrupted.
    """

    def __init__(
        self,
        directory: Path,
        *,
        map_size_bytes: int,
        readers_max: int = 2048,
    ) -> None:
        super().__init__(
            directory / ACTIVITY,
            db.ACTIVITY_DATABASES,
            lock_activity,
            map_size_bytes=map_size_bytes,
            readers_max=readers_max,
        )

    @contextmanager
    def begin(self, *, taken_through: int = 0, noting: Noting = NOTED) -> Iterator[ActivityTransaction]:
        """Run the block in one transaction: synced to disk on success, undone on an exception.

        Args:
            taken_through: The newest trigger that the scheduler has taken of this environment: what a taken trigger
                asked for is not asked for again. An outdated number costs a needless refresh, never a lost one.
            noting: What is noted of users beside their events.
        """
        with self._environment.writing() as txn:
            yield ActivityTransaction(txn, self._environment, taken_through, noting)


class ActivityTransaction:
    """One write transaction over activity.lmdb; use it only in the thread and block that made it."""

    def __init__(
        self, txn: Any, environment: Environment, taken_through: int, noting: Noting = NOTED
    ) -> None:
        self._txn = txn
        self._noting = noting
        self._db = environment.handles
        self._taken_through = still_taken(taken_through, self._counter(db.META_TRIGGER_SEQ))

    def record(self, events: Sequence[NewEvent], now_ms: int, *, for_backfill: bool = False) -> list[bool]:
        """Write events; return for each whether it was new (True) or known by its id (False).

        One of a time whose ids are forgotten is not taken either, unless its id is known; `forgotten` tells which.

        Args:
            events: Admitted events.
            now_ms: The time of receipt.
            for_backfill: They are history that a backfill takes up, and trigger nothing.
        """
        applied, stored = self._db[db.APPLIED], self._db[db.EVENTS]
        put, u64 = self._txn.put, keys.u64
        sequence = self._counter(db.META_EVENT_SEQ)
        are_new: list[bool] = []
        times_ms: dict[UserKey, list[int]] = {}
        bodies: dict[UserKey, list[tuple[int, bytes]]] = {}
        last_seq: dict[UserKey, int] = {}
        ended: set[UserKey] = set()
        # Events behind all that any user's ids are forgotten of, which are nearly all, cost a comparison.
        forgotten_to_ms = self._counter(db.META_FORGOTTEN_TO)
        spans_ms: dict[UserKey, tuple[int, int]] = {}
        for user, event_id, time_ms, body, ends_session in events:
            name, time = event_id.encode(), u64(time_ms)
            if time_ms < forgotten_to_ms and self._is_forgotten(user, time_ms, name, spans_ms):
                are_new.append(False)
                continue
            # `applied` holds the time, by which the event can be found again without a scan.
            is_new = put(user + name, time, db=applied, overwrite=False)
            are_new.append(is_new)
            if is_new:
                sequence += 1
                key = user + time + name
                put(key, sealed(db.EVENTS, key, u64(sequence) + body), db=stored)
                last_seq[user] = sequence
                if user in times_ms:
                    times_ms[user].append(time_ms)
                else:
                    times_ms[user] = [time_ms]
                if ends_session:
                    ended.add(user)
                if self._noting.attributes:
                    bodies.setdefault(user, []).append((time_ms, body))
        if last_seq:
            self._set_counter(db.META_EVENT_SEQ, sequence)
            self._count_users(times_ms, last_seq, ended, bodies, now_ms, for_backfill=for_backfill)
        return are_new

    @property
    def ranking(self) -> RankingTransaction:
        """Users' parameters for ranking and the log of decisions, in the same transaction."""
        return RankingTransaction(self._txn, self._db)

    @property
    def retention(self) -> RetentionTransaction:
        """What becomes of events past retention, in the same transaction."""
        return RetentionTransaction(self._txn, self._db)

    def forgotten(self, events: Sequence[NewEvent], are_new: Sequence[bool]) -> list[int]:
        """Return the places of the events that `record` did not take though their ids are not known.

        They lie in a time of the user whose ids are forgotten: each could be one that counted already.
        """
        applied = self._db[db.APPLIED]
        return [
            place
            for place, (event, is_new) in enumerate(zip(events, are_new, strict=True))
            if not is_new and self._txn.get(event.user + event.event_id.encode(), db=applied) is None
        ]

    def request(
        self,
        user: UserKey,
        *,
        on_open_ms: int = 0,
        manual_ms: int = 0,
        full_ms: int = 0,
        rollback_ms: int = 0,
        rollback_revision: int = 0,
    ) -> None:
        """Add an on-open or manual trigger for a user, one for a refresh from the events alone, or for a rollback.

        Does nothing for a simulated user.
        """
        if is_synthetic(user):
            return
        activity = self._user(user) or UserActivity()
        sequence = self._next_trigger()
        if full_ms:
            activity.full_seq = sequence
        times_ms = {"on_open_ms": on_open_ms, "manual_ms": manual_ms, "full_ms": full_ms}
        rollback = (rollback_ms, rollback_revision)
        self._trigger(user, activity, sequence, rollback=rollback, **times_ms)
        self._put_user(user, activity)

    def delete(self, user: UserKey, event_ids: Sequence[str], now_ms: int) -> list[Deletion]:
        """Delete events of a user; return for each id what that came to.

        Their ids stay taken: sent again, a deleted event is a repetition. What they held waits in `deleted` until a
        refresh has taken it out of what was counted, and then goes with `drop_deleted`.
        """
        activity = self._user(user)
        if activity is None:
            return [Deletion.MISSING] * len(event_ids)
        times_ms: list[int] = []
        found = [self._delete_event(user, event_id, activity, times_ms) for event_id in event_ids]
        if times_ms:
            # What was learned from a deleted event goes with it: the block is made anew from those that are left.
            self.ranking.drop_block(user)
            uncount_events(activity, times_ms, self._span_ms(user))
            self._trigger(user, activity, self._next_trigger(), deleted_ms=now_ms)
            self._put_user(user, activity)
        return found

    def drop_deleted(self, user: UserKey, through: int) -> int:
        """Remove what deleted events held, up to a deletion that a refresh has taken in; return how many rows went."""
        taken = [key for key, _ in self._range(db.DELETED, user) if keys.read_u64(key, len(user)) <= through]
        for key in taken:
            self._txn.delete(key, db=self._db[db.DELETED])
        return len(taken)

    def newest_event(self, user: UserKey) -> int:
        """Return the place of a user's newest event in the order of acceptance; 0 for a user nobody knows."""
        activity = self._user(user)
        return 0 if activity is None else activity.last_seq

    def erase(self, user: UserKey, now_ms: int) -> tuple[ErasureId, list[StoreCount]]:
        """Remove every row of a user and ask the scheduler to do likewise.

        Returns:
            The erasure's id and how many rows went, per database. A repeated call gets an id of its own: the receipt
            of the former may be older than what came since.
        """
        is_archive_pending = self._is_archive_pending(user) or self.retention.has_archive()
        self.finish_erasure(user)
        erase_id = ErasureId(uuid.uuid4().bytes)
        activity = self._user(user)
        counts = {
            db.EVENTS: self._delete_range(db.EVENTS, user),
            db.APPLIED: self._delete_range(db.APPLIED, user),
            db.DELETED: self._delete_range(db.DELETED, user),
            db.TRIGGERS: self._delete_trigger(activity.trigger_seq) if activity else 0,
            db.USERS: int(self._txn.delete(user, db=self._db[db.USERS])),
            **self.retention.erase(user),
            **self.ranking.erase(user),
            db.META: int(self.end_pause(user) > 0),
        }
        sequence = self._next_trigger()
        control = Erasure(erase_id=erase_id, requested_ms=now_ms, trigger_seq=sequence)
        control.is_archive_pending = is_archive_pending
        self._txn.put(user, control.SerializeToString(), db=self._db[db.CONTROLS])
        self._append_trigger(sequence, Trigger(user_key=user, erase_ms=now_ms, erase_id=erase_id))
        return erase_id, [
            StoreCount(store=f"activity.{name.decode()}", rows=rows) for name, rows in counts.items()
        ]

    def finish_erasure(self, user: UserKey) -> None:
        """Forget a pending erasure, and its trigger with the user's name; does nothing when there is none."""
        control = self._txn.pop(user, db=self._db[db.CONTROLS])
        if control is not None:
            self._delete_trigger(Erasure.FromString(control).trigger_seq)

    def archive_erased(self, user: UserKey, erase_id: ErasureId) -> None:
        """Note that no file of the archive holds a user any more, unless another erasure was asked for since."""
        row = self._txn.get(user, db=self._db[db.CONTROLS])
        control = None if row is None else Erasure.FromString(row)
        if control is not None and control.erase_id == erase_id:
            control.is_archive_pending = False
            self._txn.put(user, control.SerializeToString(), db=self._db[db.CONTROLS])

    def _is_archive_pending(self, user: UserKey) -> bool:
        """Return whether an earlier erasure of a user has still to look through the archive."""
        row = self._txn.get(user, db=self._db[db.CONTROLS])
        return row is not None and Erasure.FromString(row).is_archive_pending

    def add_reads(self, day: int, counts: Mapping[int, int]) -> None:
        """Add to how often profiles and forewords were handed out on a day.

        Args:
            day: In days since 1970, UTC.
            counts: Reads by segment number; 0 for users without a profile of their own.
        """
        for segment, count in counts.items():
            key = keys.u32(day) + keys.u8(segment)
            former = keys.read_u64(self._txn.get(key, db=self._db[db.READS]) or bytes(8))
            self._txn.put(key, keys.u64(former + count), db=self._db[db.READS])

    def topic_aliases(self, namespace: str) -> TopicAliases:
        """Return what operators decided on the topics of a namespace."""
        row = self._txn.get(keys.namespace_prefix(namespace), db=self._db[db.TOPIC_ALIASES])
        return TopicAliases.FromString(row or b"")

    def put_topic_aliases(self, namespace: str, aliases: TopicAliases) -> None:
        """Write what operators decided on the topics of a namespace."""
        key = keys.namespace_prefix(namespace)
        self._txn.put(key, aliases.SerializeToString(), db=self._db[db.TOPIC_ALIASES])

    def backfill_plan(self) -> BackfillPlan | None:
        """Return the newest backfill that was asked for; None when none ever was."""
        row = self._txn.get(db.META_BACKFILL, db=self._db[db.META])
        return None if row is None else BackfillPlan.FromString(row)

    def put_backfill_plan(self, plan: BackfillPlan) -> None:
        """Write what backfill is asked for, over the former one."""
        self._txn.put(db.META_BACKFILL, plan.SerializeToString(), db=self._db[db.META])

    def pauses(self) -> RefreshPauses:
        """Return whose refreshes are paused."""
        return RefreshPauses.FromString(self._txn.get(db.META_PAUSES, db=self._db[db.META]) or b"")

    def put_pauses(self, pauses: RefreshPauses) -> None:
        """Write whose refreshes are paused."""
        self._txn.put(db.META_PAUSES, pauses.SerializeToString(), db=self._db[db.META])

    def end_pause(self, user: UserKey) -> int:
        """End the pause of a single user; return when it began, in ms since 1970, and 0 when there is none."""
        pauses = self.pauses()
        since_ms = end_pause(pauses, user)
        if since_ms:
            self.put_pauses(pauses)
        return since_ms

    def put_breaches(self, breaches: FreshnessBreaches) -> None:
        """Write which freshness promises are broken."""
        self._txn.put(db.META_BREACHES, breaches.SerializeToString(), db=self._db[db.META])

    def probe(self) -> None:
        """Write 64 KiB over the former 64 KiB, to find out whether the store takes writes again.

        Kept rather than removed: a row that is gone at the commit would never be written.
        """
        self._txn.put(db.META_PROBE, bytes(PROBE_BYTES), db=self._db[db.META])

    def drop_triggers(self, through: int, limit: int) -> int:
        """Remove up to `limit` triggers that the scheduler has taken; return how many went."""
        cursor = self._txn.cursor(db=self._db[db.TRIGGERS])
        taken: list[tuple[bytes, UserKey]] = []
        for key, row in cursor:
            if keys.read_u64(key) > through or len(taken) >= limit:
                break
            taken.append((bytes(key), UserKey(Trigger.FromString(row).user_key)))
        for key, user in taken:
            self._txn.delete(key, db=self._db[db.TRIGGERS])
            activity = self._user(user)
            if activity is not None and activity.trigger_seq == keys.read_u64(key):
                activity.trigger_seq = 0
                self._put_user(user, activity)
        return len(taken)

    def _delete_event(
        self, user: UserKey, event_id: str, activity: UserActivity, times_ms: list[int]
    ) -> Deletion:
        name = event_id.encode()
        applied = self._txn.get(user + name, db=self._db[db.APPLIED])
        if applied is None:
            return Deletion.MISSING
        if is_deleted(applied):
            return Deletion.BEFORE
        key = user + applied + name
        row = self._txn.pop(key, db=self._db[db.EVENTS])
        if row is None:
            return Deletion.MISSING
        self._txn.put(user + name, as_deleted(applied), db=self._db[db.APPLIED])
        times_ms.append(keys.read_u64(applied))
        whole = unsealed(db.EVENTS, key, row)
        # A damaged one was never read out of its row; there is nothing to take out again.
        if whole is not None:
            activity.deletion_seq = self._next(db.META_DELETION_SEQ)
            moved = user + keys.u64(activity.deletion_seq)
            self._txn.put(moved, sealed(db.DELETED, moved, whole), db=self._db[db.DELETED])
        return Deletion.DONE

    def _span_ms(self, user: UserKey) -> tuple[int, int]:
        """Return the times of the oldest and of the newest event that is kept; zeros when none is."""
        cursor = self._txn.cursor(db=self._db[db.EVENTS])
        first = cursor.key() if cursor.set_range(user) else b""
        is_behind = cursor.set_range(user + b"\xff" * 9)
        last = cursor.key() if (cursor.prev() if is_behind else cursor.last()) else b""
        if not (first.startswith(user) and last.startswith(user)):
            return 0, 0
        return keys.read_u64(first, len(user)), keys.read_u64(last, len(user))

    # -- users and triggers ---------------------------------------------------------------------------------

    def _is_forgotten(
        self, user: UserKey, time_ms: int, name: bytes, spans_ms: dict[UserKey, tuple[int, int]]
    ) -> bool:
        """Return whether an event may be one whose id is forgotten; `spans_ms` remembers what was looked up."""
        if user not in spans_ms:
            activity = self._user(user) or UserActivity()
            spans_ms[user] = activity.forgotten_from_ms, activity.forgotten_to_ms
        from_ms, to_ms = spans_ms[user]
        return from_ms <= time_ms < to_ms and self._txn.get(user + name, db=self._db[db.APPLIED]) is None

    def _count_users(
        self,
        times_ms: dict[UserKey, list[int]],
        last_seq: dict[UserKey, int],
        ended: set[UserKey],
        bodies: dict[UserKey, list[tuple[int, bytes]]],
        now_ms: int,
        *,
        for_backfill: bool,
    ) -> None:
        # Counted here and written once: a row of `meta` per user would be a fifth of the work.
        sequence = self._counter(db.META_TRIGGER_SEQ)
        latest_ms = now_ms + AHEAD_MS_MAX
        for user, times in times_ms.items():
            activity = self._user(user) or UserActivity()
            if activity.last_seen_ms > latest_ms:
                self._set_back(user, activity, latest_ms)
            count_events(activity, times, self._noting.idle_ms)
            note_attributes(activity, bodies.get(user, ()), self._noting)
            if min(times) < now_ms - LATE_MS:
                activity.late_ms = now_ms
            activity.last_seq = last_seq[user]
            activity.for_backfill_ms = now_ms if for_backfill else 0
            if not for_backfill:
                sequence += 1
                session_end_ms = now_ms if user in ended else 0
                self._trigger(user, activity, sequence, activity_ms=max(times), session_end_ms=session_end_ms)
            self._put_user(user, activity)
        self._set_counter(db.META_TRIGGER_SEQ, sequence)

    def _set_back(self, user: UserKey, activity: UserActivity, latest_ms: int) -> None:
        """Forget what a clock that has been set back since said of when a user came; the events themselves stay."""
        cursor = self._txn.cursor(db=self._db[db.EVENTS])
        is_behind = cursor.set_range(user + keys.u64(latest_ms + 1))
        key = cursor.key() if (cursor.prev() if is_behind else cursor.last()) else b""
        activity.last_seen_ms = keys.read_u64(key, len(user)) if key.startswith(user) else 0
        while activity.days and activity.days[-1].day > latest_ms // DAY_MS:
            del activity.days[-1]
        waiting = self._txn.get(keys.u64(activity.trigger_seq), db=self._db[db.TRIGGERS])
        if waiting is not None:
            trigger = Trigger.FromString(waiting)
            trigger.activity_ms = activity.last_seen_ms
            self._txn.put(
                keys.u64(activity.trigger_seq), trigger.SerializeToString(), db=self._db[db.TRIGGERS]
            )

    def _trigger(
        self,
        user: UserKey,
        activity: UserActivity,
        sequence: int,
        *,
        rollback: tuple[int, int] = (0, 0),
        **times_ms: int,
    ) -> None:
        """Append a trigger, adding to the times of the user's former row unless that was taken already.

        Not for a simulated user: whom no trigger names is never due, and so never has a profile.
        """
        if is_synthetic(user):
            return
        trigger = self._take_former(activity.trigger_seq) or Trigger(user_key=user)
        _merge(trigger, rollback=rollback, **times_ms)
        activity.trigger_seq = sequence
        self._append_trigger(sequence, trigger)

    def _take_former(self, sequence: int) -> Trigger | None:
        if sequence > self._taken_through:
            former = self._txn.pop(keys.u64(sequence), db=self._db[db.TRIGGERS])
            return None if former is None else Trigger.FromString(former)
        self._delete_trigger(sequence)
        return None

    def _append_trigger(self, sequence: int, trigger: Trigger) -> None:
        row = trigger.SerializeToString()
        if not self._txn.put(keys.u64(sequence), row, db=self._db[db.TRIGGERS], append=True):
            raise StoreCorruptError(
                f"activity.lmdb counts {sequence} triggers but holds a later one",
                hint="run `foreword store check`, then restore a backup",
            )

    def _next_trigger(self) -> int:
        return self._next(db.META_TRIGGER_SEQ)

    def _delete_trigger(self, sequence: int) -> int:
        return int(bool(sequence) and self._txn.delete(keys.u64(sequence), db=self._db[db.TRIGGERS]))

    def _user(self, user: UserKey) -> UserActivity | None:
        row = self._txn.get(user, db=self._db[db.USERS])
        return None if row is None else UserActivity.FromString(row)

    def _put_user(self, user: UserKey, activity: UserActivity) -> None:
        self._txn.put(user, activity.SerializeToString(), db=self._db[db.USERS])

    # -- plain rows -----------------------------------------------------------------------------------------

    def _counter(self, name: bytes) -> int:
        return keys.read_u64(self._txn.get(name, db=self._db[db.META]) or bytes(8))

    def _next(self, name: bytes) -> int:
        value = self._counter(name) + 1
        self._set_counter(name, value)
        return value

    def _set_counter(self, name: bytes, value: int) -> None:
        self._txn.put(name, keys.u64(value), db=self._db[db.META])

    def _range(self, database: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        cursor = self._txn.cursor(db=self._db[database])
        if cursor.set_range(prefix):
            for key, row in cursor:
                if not key.startswith(prefix):
                    return
                yield bytes(key), row

    def _delete_range(self, database: bytes, prefix: bytes) -> int:
        found = [key for key, _ in self._range(database, prefix)]
        for key in found:
            self._txn.delete(key, db=self._db[database])
        return len(found)


def count_events(activity: UserActivity, times_ms: Sequence[int], idle_ms: int = NOTED.idle_ms) -> None:
    """Add events at these times to a user's first and last seen, and to the events and sessions of each day."""
    if not times_ms:
        return
    starts = Counter(time_ms // DAY_MS for time_ms in session_starts(activity, sorted(times_ms), idle_ms))
    oldest_ms, newest_ms = min(times_ms), max(times_ms)
    if not activity.event_count or oldest_ms < activity.first_seen_ms:
        activity.first_seen_ms = oldest_ms
    activity.last_seen_ms = max(activity.last_seen_ms, newest_ms)
    activity.event_count += len(times_ms)
    for day, count in Counter(time_ms // DAY_MS for time_ms in times_ms).items():
        _count_day(activity.days, day, count, starts[day])
    del activity.days[:-DAYS_MAX]


def uncount_events(activity: UserActivity, times_ms: Sequence[int], span_ms: tuple[int, int]) -> None:
    """Take deleted events at these times out of what is known of when a user came.

    Args:
        activity: The user's row.
        times_ms: When they happened.
        span_ms: The times of the oldest and the newest event that is left; zeros when none is.
    """
    activity.deleted_count += len(times_ms)
    deleted = Counter(time_ms // DAY_MS for time_ms in times_ms)
    for day in activity.days:
        day.count -= min(day.count, deleted[day.day])
    left = [day for day in activity.days if day.count]
    del activity.days[:]
    activity.days.extend(left)
    oldest_ms, newest_ms = span_ms
    if not newest_ms:
        return
    activity.last_seen_ms = newest_ms
    if min(times_ms) <= activity.first_seen_ms:
        activity.first_seen_ms = oldest_ms


def _count_day(days: Any, day: int, count: int, sessions: int) -> None:
    place = len(days) - 1 if days and days[-1].day == day else bisect_left(days, day, key=_DAY)
    if place == len(days) or days[place].day != day:
        days.insert(place, DayCount(day=day))
    days[place].count += count
    days[place].sessions += sessions


def _merge(
    trigger: Trigger, *, activity_ms: int = 0, rollback: tuple[int, int] = (0, 0), **asked_ms: int
) -> None:
    """Add to a trigger; the earliest request of each kind counts: waiting time is measured from it.

    Of rollbacks the latest does: it names the revision that is wanted now.
    """
    if rollback[0]:
        trigger.rollback_ms, trigger.rollback_revision = rollback
    trigger.activity_ms = max(trigger.activity_ms, activity_ms)
    for name, time_ms in asked_ms.items():
        if time_ms:
            setattr(trigger, name, min(time_ms, getattr(trigger, name) or time_ms))
