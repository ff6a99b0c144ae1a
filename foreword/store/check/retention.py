"""Looking through what is kept of events past retention: rows of activity.lmdb, and the files of the archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from foreword import keys
from foreword.clock import DAY_MS
from foreword.errors import StoreError
from foreword.keys import EnvironmentId
from foreword.store import databases as db
from foreword.store.archive import Archive
from foreword.store.bands import TOPICS_MAX, TYPES_MAX
from foreword.store.check.fault import Fault, shown
from foreword.store.check.rows import parsed, user_key_fault
from foreword.store.seal import unsealed
from foreword.store.snapshot import Snapshot
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.event_band_pb2 import EventBand
from foreword.v1.event_pb2 import Event


def bands(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield what is wrong with counts of old events."""
    former, end_day = b"", 0
    for key, row in snapshot.rows(db.BANDS):
        user = key[:-4]
        whole = unsealed(db.BANDS, key, row)
        band = None if whole is None else parsed(EventBand, whole)
        fault = user_key_fault(user) or ("the checksum fails, or it cannot be parsed" if band is None else "")
        if fault or band is None:
            yield Fault("activity.bands", key.hex(), fault)
            continue
        first_day = keys.read_u32(key, len(user))
        if user == former and first_day < end_day:
            yield Fault(
                "activity.bands", shown(user), f"the band of day {first_day} overlaps the one before it"
            )
        former, end_day = user, first_day + band.day_count
        for what in _band_faults(band, first_day, _activity(snapshot, user)):
            yield Fault("activity.bands", shown(user), what)


def _band_faults(band: EventBand, first_day: int, activity: UserActivity | None) -> Iterator[str]:
    length = band.day_count
    if band.first_day != first_day or length < 1 or length & (length - 1) or first_day % length:
        yield f"{length} days from day {band.first_day} on, under day {first_day}, are no band"
        return
    if not first_day * DAY_MS <= band.first_ms <= band.last_ms < (first_day + length) * DAY_MS:
        yield f"the band of day {first_day} has events outside its days"
    if sum(row.event_count for row in band.types) + band.other_types_count != band.event_count:
        yield f"the band of day {first_day} counts {band.event_count} events, and others by type"
    if len(band.types) > TYPES_MAX or len(band.topics) > TOPICS_MAX:
        yield f"the band of day {first_day} has more than {TYPES_MAX} types or {TOPICS_MAX} topics"
    if activity is None or activity.event_count < band.event_count:
        yield f"the band of day {first_day} counts more events than the user has"


def to_archive(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield what is wrong with events that wait for the archive."""
    for key, row in snapshot.rows(db.TO_ARCHIVE):
        fault = _waiting_fault(key, row)
        if fault:
            yield Fault("activity.to_archive", key.hex(), fault)


def _waiting_fault(key: bytes, row: bytes) -> str:
    try:
        size = keys.user_key_size(key[4:])
    except IndexError:
        return "the key is no day with an event key"
    if len(key) < 4 + size + 9 or user_key_fault(key[4 : 4 + size]):
        return "the key is no day with an event key"
    if keys.read_u64(key, 4 + size) // DAY_MS != keys.read_u32(key):
        return "the event is of another day than the one it waits for"
    whole = unsealed(db.TO_ARCHIVE, key, row)
    event = None if whole is None or len(whole) < 8 else parsed(Event, whole[8:])
    if event is None:
        return "the checksum fails, or it cannot be parsed"
    is_own = (event.user_id, event.namespace) == keys.split_user_key(key[4 : 4 + size])
    return (
        "" if is_own and event.event_id.encode() == key[12 + size :] else "the event is not that of its key"
    )


def archive(snapshot: Snapshot, directory: Path) -> Iterator[Fault]:
    """Yield what is wrong with the files of the archive.

    Raises:
        MissingExtraError: There is an archive, and the extra `archive` is not installed.
    """
    is_needed = snapshot.get(db.META, db.META_ARCHIVED) is not None
    held = Archive(directory, EnvironmentId(snapshot.environment.id), is_needed=is_needed)
    try:
        held.refuse_foreign()
    except StoreError as exc:
        yield Fault("archive", "", exc.message)
        return
    for name, what in held.faults():
        yield Fault("archive", name, what)


def _activity(snapshot: Snapshot, user: bytes) -> UserActivity | None:
    row = snapshot.get(db.USERS, user)
    return None if row is None else parsed(UserActivity, row)
