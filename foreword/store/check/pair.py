"""Whether the two environments of a store fit each other."""

from __future__ import annotations

from collections.abc import Iterator

from foreword import keys
from foreword.store import databases as db
from foreword.store.check.fault import Fault, shown
from foreword.store.check.rows import parsed
from foreword.store.snapshot import Snapshot
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.refresh_pb2 import RefreshState


def check_pair(profiles: Snapshot, activity: Snapshot) -> Iterator[Fault]:
    """Yield where profiles.lmdb is ahead of activity.lmdb, from which it was computed.

    Nothing is compared when the profiles were computed from another activity environment, since replaced.
    """
    cursor = profiles.get(db.META, db.META_TRIGGER_CURSOR)
    if cursor is None or cursor[:16] != activity.environment.id or len(cursor) != 24:
        return
    taken, given = keys.read_u64(cursor, 16), activity.counter(db.META_TRIGGER_SEQ)
    if taken > given:
        what = f"triggers up to {taken} were taken, but only {given} were given"
        yield Fault("profiles.meta", db.META_TRIGGER_CURSOR.decode(), what)
    for user, row in profiles.rows(db.REFRESH_STATES):
        state = parsed(RefreshState, row)
        seen = activity.get(db.USERS, user)
        known = None if seen is None else parsed(UserActivity, seen)
        if state is not None and known is not None and state.consumed_seq > known.last_seq:
            what = f"events up to {state.consumed_seq} were consumed, but only {known.last_seq} were accepted"
            yield Fault("profiles.watermarks", shown(user), what)
