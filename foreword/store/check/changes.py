"""Looking through the order of changes."""

from __future__ import annotations

from collections.abc import Iterator

from foreword import keys
from foreword.store import codec
from foreword.store import databases as db
from foreword.store.check.fault import Fault
from foreword.store.check.rows import parsed, user_key_fault
from foreword.store.snapshot import Snapshot
from foreword.store.v1.store_pb2 import ChangeRow, NewestChange
from foreword.v1.profile_change_pb2 import ChangeKind

_ERASED, _FORGOTTEN = ChangeKind.CHANGE_KIND_ERASED, ChangeKind.CHANGE_KIND_UNSPECIFIED


def changes(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield what is wrong with the rows of `changes`."""
    newest = parsed(NewestChange, snapshot.get(db.META, db.META_CHANGES) or b"")
    if newest is None:
        yield Fault("profiles.meta", db.META_CHANGES.decode(), "it cannot be parsed")
        return
    for key, data in snapshot.rows(db.CHANGES):
        row = parsed(ChangeRow, data)
        if len(key) != 8:
            fault = "the key is not 8 bytes"
        elif not 1 <= keys.read_u64(key) <= newest.place:
            fault = f"change {keys.read_u64(key)} lies outside 1 to {newest.place}, the changes counted"
        elif row is None:
            fault = "it cannot be parsed"
        else:
            fault = _row_fault(snapshot, row)
        if fault:
            yield Fault("profiles.changes", key.hex(), fault)


def _row_fault(snapshot: Snapshot, row: ChangeRow) -> str:
    if not row.term:
        return "it has no term"
    if row.is_start or row.kind in (_ERASED, _FORGOTTEN):
        return "it names a user, and is not of one" if row.user_key else ""
    return user_key_fault(row.user_key) or _revision_fault(row, snapshot.get(db.PROFILES, row.user_key))


def _revision_fault(row: ChangeRow, profile: bytes | None) -> str:
    if profile is None:
        return "it is of a user who has no profile"
    if len(profile) < codec.HEADER_BYTES or not codec.is_intact(db.PROFILES, row.user_key, profile):
        # Told of with the profiles.
        return ""
    in_force = codec.decode_header(profile).revision
    if row.revision > in_force:
        return f"it has revision {row.revision}, newer than the profile in force, revision {in_force}"
    return ""
