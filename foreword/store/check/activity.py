"""Looking through every row of activity.lmdb."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

from foreword import keys
from foreword.naming import quoted
from foreword.store import databases as db
from foreword.store.activity_writer import DAYS_MAX
from foreword.store.applied import is_applied_row
from foreword.store.check.fault import Fault, shown
from foreword.store.check.ranking import ranking_blocks, ranking_decisions
from foreword.store.check.retention import bands, to_archive
from foreword.store.check.rows import parsed, user_key_fault
from foreword.store.check.topics import topic_aliases
from foreword.store.seal import unsealed
from foreword.store.snapshot import Snapshot
from foreword.v1.activity_pb2 import Trigger, UserActivity
from foreword.v1.erasure_pb2 import Erasure
from foreword.v1.event_pb2 import Event

ERASE_ID_BYTES = 16


def check_activity(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield what is wrong with the rows of activity.lmdb."""
    for check in ACTIVITY_CHECKS.values():
        yield from check(snapshot)


class _EventKey(NamedTuple):
    whole: bytes
    user: bytes
    time_ms: int
    event_id: bytes


def _split_event_key(key: bytes) -> _EventKey | None:
    try:
        size = keys.user_key_size(key)
    except IndexError:
        return None
    # At least one byte of event id behind user key and time.
    if len(key) < size + 9 or user_key_fault(key[:size]):
        return None
    return _EventKey(key, key[:size], keys.read_u64(key, size), key[size + 8 :])


def _leading_user(row: tuple[bytes, bytes]) -> bytes:
    try:
        return row[0][: keys.user_key_size(row[0])]
    except IndexError:
        return b""


def _activity(snapshot: Snapshot, user: bytes) -> UserActivity | None:
    row = snapshot.get(db.USERS, user)
    return None if row is None else parsed(UserActivity, row)


# -- events and their ids -------------------------------------------------------------------------------


def _events(snapshot: Snapshot) -> Iterator[Fault]:
    newest = snapshot.counter(db.META_EVENT_SEQ)
    for user, rows in groupby(snapshot.rows(db.EVENTS), _leading_user):
        tally = _Tally()
        for key, row in rows:
            split = _split_event_key(key)
            fault = "the key is no event key" if split is None else _event_fault(snapshot, split, row, newest)
            if fault:
                yield Fault("activity.events", _event_name(split, key), fault)
            elif split is not None:
                tally.add(split.time_ms, keys.read_u64(row))
        for fault in tally.faults(_activity(snapshot, user)):
            yield Fault("activity.users", shown(user), fault)


class _Tally:
    """What a user's events say of the user's row."""

    def __init__(self) -> None:
        self.count = 0
        self.last_seq = 0
        self.first_ms = 1 << 63
        self.last_ms = 0

    def add(self, time_ms: int, sequence: int) -> None:
        self.count += 1
        self.first_ms = min(self.first_ms, time_ms)
        # The one accepted last, not the latest one, which may be of a clock that was set back since.
        if sequence > self.last_seq:
            self.last_seq, self.last_ms = sequence, time_ms

    def faults(self, activity: UserActivity | None) -> Iterator[str]:
        if not self.count:
            return
        if activity is None:
            yield f"{self.count} events are stored, but it has no row"
            return
        if activity.event_count < self.count:
            yield f"it counts {activity.event_count} events; {self.count} are stored"
        if activity.last_seq < self.last_seq:
            yield f"its newest event is number {activity.last_seq}; number {self.last_seq} is stored"
        is_last = activity.last_seq == self.last_seq
        if activity.first_seen_ms > self.first_ms or (is_last and activity.last_seen_ms < self.last_ms):
            yield "events lie outside its first and last seen"


def _event_fault(snapshot: Snapshot, key: _EventKey, row: bytes, newest: int) -> str:
    if len(row) < 8:
        return f"the row has {len(row)} bytes; its number alone has 8"
    if not 1 <= keys.read_u64(row) <= newest:
        return f"number {keys.read_u64(row)} lies outside 1 to {newest}, the events counted"
    if snapshot.get(db.APPLIED, key.user + key.event_id) != keys.u64(key.time_ms):
        return "its id is not among those accepted at its time, so it could be taken twice"
    whole = unsealed(db.EVENTS, key.whole, row)
    return "the checksum fails" if whole is None else _event_body_fault(key, parsed(Event, whole[8:]))


def _event_body_fault(key: _EventKey, event: Event | None) -> str:
    if event is None:
        return "it cannot be parsed"
    if event.event_id.encode() != key.event_id:
        return f"the event is {quoted(event.event_id)}"
    if (event.user_id, event.namespace) != keys.split_user_key(key.user):
        return f"the event is of user {quoted(event.user_id)} in namespace {quoted(event.namespace)}"
    return ""


def _event_name(split: _EventKey | None, key: bytes) -> str:
    if split is None:
        return key.hex()
    return f"{shown(split.user)} {split.event_id.decode(errors='replace')}"


def _applied(snapshot: Snapshot) -> Iterator[Fault]:
    for user, rows in groupby(snapshot.rows(db.APPLIED), _leading_user):
        count = 0
        for key, row in rows:
            fault = _applied_fault(user, key, row)
            if fault:
                yield Fault("activity.applied", key.hex(), fault)
            count += 1
        activity = _activity(snapshot, user)
        counted = 0 if activity is None else activity.event_count
        if counted < count:
            what = f"it counts {counted} events; {count} ids were accepted"
            yield Fault("activity.users", shown(user), what)


def _applied_fault(user: bytes, key: bytes, row: bytes) -> str:
    if user_key_fault(user) or len(key) <= len(user):
        return "the key is no user key with an event id"
    return "" if is_applied_row(row) else f"the row has {len(row)} bytes, not the 8 of a time"


def _deleted(snapshot: Snapshot) -> Iterator[Fault]:
    newest = snapshot.counter(db.META_DELETION_SEQ)
    for key, row in snapshot.rows(db.DELETED):
        fault = _deleted_fault(snapshot, key, row, newest)
        if fault:
            yield Fault("activity.deleted", key.hex(), fault)


def _deleted_fault(snapshot: Snapshot, key: bytes, row: bytes, newest: int) -> str:
    user = _leading_user((key, row))
    if user_key_fault(user) or len(key) != len(user) + 8:
        return "the key is no user key with the place of a deletion"
    place = keys.read_u64(key, len(user))
    activity = _activity(snapshot, user)
    if not 1 <= place <= newest or activity is None or activity.deletion_seq < place:
        return f"deletion {place} is not among those counted"
    whole = unsealed(db.DELETED, key, row)
    if whole is None or len(whole) < 8:
        return "the checksum fails"
    event = parsed(Event, whole[8:])
    return "it cannot be parsed" if event is None else ""


# -- users and triggers ---------------------------------------------------------------------------------


def _users(snapshot: Snapshot) -> Iterator[Fault]:
    newest = snapshot.counter(db.META_EVENT_SEQ)
    for key, row in snapshot.rows(db.USERS):
        activity = parsed(UserActivity, row)
        fault = user_key_fault(key) or ("it cannot be parsed" if activity is None else "")
        if fault:
            yield Fault("activity.users", shown(key), fault)
        elif activity is not None:
            for what in _user_faults(snapshot, key, activity, newest):
                yield Fault("activity.users", shown(key), what)


def _user_faults(snapshot: Snapshot, user: bytes, activity: UserActivity, newest: int) -> Iterator[str]:
    if activity.last_seq > newest:
        yield f"its newest event is number {activity.last_seq}, above {newest}, the events counted"
    if activity.first_seen_ms > activity.last_seen_ms:
        yield "it was last seen before it was first seen"
    if len(activity.days) > DAYS_MAX or any(a.day >= b.day for a, b in pairwise(activity.days)):
        yield f"its days are not at most {DAYS_MAX}, ascending"
    if sum(day.count for day in activity.days) > activity.event_count:
        yield f"its days hold more than the {activity.event_count} events it counts"
    if activity.trigger_seq:
        row = snapshot.get(db.TRIGGERS, keys.u64(activity.trigger_seq))
        trigger = None if row is None else parsed(Trigger, row)
        if trigger is None or trigger.user_key != user:
            yield f"it names trigger {activity.trigger_seq}, which is not its own"


def _triggers(snapshot: Snapshot) -> Iterator[Fault]:
    newest = snapshot.counter(db.META_TRIGGER_SEQ)
    for key, row in snapshot.rows(db.TRIGGERS):
        fault = _trigger_fault(snapshot, key, parsed(Trigger, row), newest)
        if fault:
            yield Fault("activity.triggers", key.hex(), fault)


def _trigger_fault(snapshot: Snapshot, key: bytes, trigger: Trigger | None, newest: int) -> str:
    if len(key) != 8 or not 1 <= keys.read_u64(key) <= newest:
        return f"the key is no number from 1 to {newest}, the triggers counted"
    if trigger is None:
        return "it cannot be parsed"
    fault = user_key_fault(trigger.user_key)
    if fault:
        return fault
    if trigger.erase_ms:
        control = parsed(Erasure, snapshot.get(db.CONTROLS, trigger.user_key) or b"")
        same = control is not None and control.erase_id == trigger.erase_id
        return "" if same else "it asks for an erasure that nobody waits for"
    activity = _activity(snapshot, trigger.user_key)
    if activity is None or activity.trigger_seq != keys.read_u64(key):
        return f"it is not the trigger that user {shown(trigger.user_key)} names"
    return ""


def _controls(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.CONTROLS):
        erasure = parsed(Erasure, row)
        fault = user_key_fault(key) or ("it cannot be parsed" if erasure is None else "")
        if not fault and erasure is not None and len(erasure.erase_id) != ERASE_ID_BYTES:
            fault = f"the erasure's id has {len(erasure.erase_id)} bytes, not {ERASE_ID_BYTES}"
        if fault:
            yield Fault("activity.controls", shown(key), fault)


def _reads(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.READS):
        if len(key) != 5:
            yield Fault("activity.reads", key.hex(), "the key is no day with a segment")
        if len(row) != 8:
            yield Fault("activity.reads", key.hex(), f"the row has {len(row)} bytes, not the 8 of a count")


# Each is content with a part of its database's rows: a user's counts are at least those of some of the user's events.
ACTIVITY_CHECKS: dict[bytes, Callable[[Snapshot], Iterator[Fault]]] = {
    db.EVENTS: _events,
    db.APPLIED: _applied,
    db.USERS: _users,
    db.TRIGGERS: _triggers,
    db.CONTROLS: _controls,
    db.READS: _reads,
    db.TOPIC_ALIASES: topic_aliases,
    db.DELETED: _deleted,
    db.BANDS: bands,
    db.TO_ARCHIVE: to_archive,
    db.RANKING_BLOCKS: ranking_blocks,
    db.RANKING_DECISIONS: ranking_decisions,
}
