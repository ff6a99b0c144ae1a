"""Whose refreshes are paused, as activity.lmdb has it."""

from __future__ import annotations

from foreword.keys import UserKey
from foreword.store.v1.store_pb2 import RefreshPauses


def paused_users(pauses: RefreshPauses) -> dict[UserKey, int]:
    """Return when the pauses of single users began, in ms since 1970, by user key."""
    return {UserKey(one.user_key): one.since_ms for one in pauses.users}


def end_pause(pauses: RefreshPauses, user: UserKey) -> int:
    """Remove the pause of a user; return when it began, in ms since 1970, and 0 when there is none."""
    for place, one in enumerate(pauses.users):
        if one.user_key == user:
            since_ms = one.since_ms
            del pauses.users[place]
            return since_ms
    return 0
