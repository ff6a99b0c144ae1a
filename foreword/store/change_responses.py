"""Messages of a watch, made from stored rows without parsing the profiles in them."""

from __future__ import annotations

from collections.abc import Iterable

from foreword import keys
from foreword.keys import UserKey
from foreword.store.codec import HEADER_BYTES, Header, decode_header
from foreword.store.responses import varint
from foreword.v1.profile_change_pb2 import ChangeKind, ProfileChange
from foreword.v1.profile_service_pb2 import WatchPhase, WatchProfilesResponse

# Field 5 of ProfileChange, in place of field 1 of GetProfileResponse, which is all that is stored of one.
_PROFILE_TAG = b"\x2a"
# Field 3 of WatchProfilesResponse, length-delimited.
_CHANGE_TAG = b"\x1a"


def change_response(
    kind: ChangeKind, user: UserKey, revision: int, *, row: bytes | None = None, header: Header | None = None
) -> bytes:
    """Return a serialized ProfileChange.

    Args:
        kind: What happened.
        user: To whom.
        revision: In force after it.
        row: Of `profiles` or `revisions`: the profile, with its times.
        header: The times alone.
    """
    user_id, namespace = keys.split_user_key(user)
    change = ProfileChange(kind=kind, user_id=user_id, namespace=namespace, revision=revision)
    if row is not None:
        header = decode_header(row)
    if header is not None:
        change.stale_after.FromMilliseconds(header.stale_after_ms)
        change.expired_after.FromMilliseconds(header.expired_after_ms)
        change.segment = header.segment  # type: ignore[assignment]  # One that a newer version knows is passed on.
        change.refresh_on_open = header.refresh_on_open
    profile = b"" if row is None else _PROFILE_TAG + row[HEADER_BYTES + 1 :]
    return change.SerializeToString() + profile


def watch_response(phase: WatchPhase, resume_token: bytes, changes: Iterable[bytes] = ()) -> bytes:
    """Return a serialized WatchProfilesResponse of serialized ProfileChanges."""
    head = WatchProfilesResponse(phase=phase, resume_token=resume_token).SerializeToString()
    parts = [part for change in changes for part in (_CHANGE_TAG, varint(len(change)), change)]
    return b"".join([head, *parts])
