"""A user's row as it was found: sound, damaged, or gone from where it should be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from google.protobuf.message import DecodeError

from foreword import keys
from foreword.errors import StoreCorruptError, StoreRowError
from foreword.keys import UserKey
from foreword.naming import quoted
from foreword.store import databases as db
from foreword.store.codec import HEADER_BYTES, ROW_VERSION, decode_header, is_in_place, is_intact
from foreword.store.files import PROFILES
from foreword.v1.profile_service_pb2 import GetProfileResponse
from foreword.v1.refresh_pb2 import RefreshState

# No store gives out as many numbers.
_BEYOND_ALL = 1 << 62

Get = Callable[[bytes, bytes], bytes | None]
"""Returns a row of a database by its key, from the view that the row in question is of."""


def is_sound(get: Get, database: bytes, user: UserKey, row: bytes) -> bool:
    """Return whether a row of `profiles` or `forewords` is intact and the user's own."""
    if is_in_place(database, user, row):
        return True
    return is_intact(database, user, row) and _is_own(get, database, user, row)


def is_sound_revision(user: UserKey, revision: int, row: bytes) -> bool:
    """Return whether a row of `revisions` is intact and the user's own."""
    key = user + keys.u64(revision)
    if is_in_place(db.REVISIONS, key, row):
        return True
    return is_intact(db.REVISIONS, key, row) and _names(user, row, revision)


def damaged(user: UserKey, row: bytes) -> StoreRowError:
    """Return the error that says whose row is not what was written."""
    if row[:1] > bytes((ROW_VERSION,)):
        return _error(user, f"has format {row[0]}; this Foreword reads up to {ROW_VERSION}")
    return _error(user, "fails its checksum")


def refuse_lost(get: Get, database: bytes, user: UserKey) -> None:
    """Refuse to call a user unknown who has no row here and yet was written.

    A damaged key or page hides a row; the rows written with it in one transaction tell.

    Raises:
        StoreRowError: The user's row is lost.
    """
    other = db.FOREWORDS if database == db.PROFILES else db.PROFILES
    if get(other, user) is not None or _has_revision(user, get(db.REFRESH_STATES, user)):
        raise _error(user, f"is gone from {database.decode()}, where it was written")


def parsed_state(user: UserKey, row: bytes) -> RefreshState:
    """Return the state of a user's refreshes.

    Raises:
        StoreRowError: It cannot be parsed.
    """
    try:
        return RefreshState.FromString(row)
    except DecodeError as exc:
        raise _error(user, "says how far they were refreshed, and cannot be parsed") from exc


def unknown_state(profile_row: bytes | None) -> RefreshState:
    """Return what takes the place of a state that is damaged: how far the events were read, times alone tell then.

    As in a store of events that was put back to an earlier state, of which the profile has read more than it has.
    """
    state = RefreshState(consumed_seq=_BEYOND_ALL)
    with suppress(StoreCorruptError):
        state.revision = 0 if profile_row is None else decode_header(profile_row).revision
    return state


def _is_own(get: Get, database: bytes, user: UserKey, row: bytes) -> bool:
    """Return whether a row of the former version is the user's, which its checksum does not say."""
    if database == db.PROFILES:
        return _names(user, row)
    # A foreword names nobody; the profile beside it does, and has the same header but for the checksum.
    profile = get(db.PROFILES, user)
    return (
        profile is not None
        and profile[8:HEADER_BYTES] == row[8:HEADER_BYTES]
        and is_sound(get, db.PROFILES, user, profile)
    )


def _names(user: UserKey, row: bytes, revision: int | None = None) -> bool:
    try:
        profile = GetProfileResponse.FromString(row[HEADER_BYTES:]).profile
    except DecodeError:
        return False
    is_users = (profile.user_id, profile.namespace) == keys.split_user_key(user)
    return is_users and revision in (None, profile.revision)


def _has_revision(user: UserKey, state: bytes | None) -> bool:
    try:
        return state is not None and RefreshState.FromString(state).revision > 0
    except DecodeError as exc:
        raise _error(user, "is gone, and its refresh state cannot be parsed") from exc


def _error(user: UserKey, what: str) -> StoreRowError:
    user_id, namespace = keys.split_user_key(user)
    return StoreRowError(
        f"the stored row of user {quoted(user_id)} in namespace {quoted(namespace)} {what}",
        hint="run `foreword store check`, then `foreword refresh` the user or restore a backup",
        store=PROFILES,
    )
