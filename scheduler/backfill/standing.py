"""What a backfill has to do about a user. Pure."""

from __future__ import annotations

from enum import Enum, auto

from foreword.store.rewound import is_rewound
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.refresh_pb2 import RefreshReason, RefreshState

# Who is due by cadence is refreshed now all the same; the cadence then counts from now.
_NO_REASON = (RefreshReason.REFRESH_REASON_UNSPECIFIED, RefreshReason.REFRESH_REASON_CADENCE)


class Standing(Enum):
    """How a user stands."""

    WITHOUT = auto()
    """No profile was ever written, not even the default one."""
    OUTDATED = auto()
    """The profile has not read all events."""
    CURRENT = auto()
    """There is nothing to do; so it is with a user who is gone."""
    LEFT = auto()
    """The user is due for a reason of their own (a session, a read, a retry), which will see to it; or refreshes of the
    user, or of the user's segment, are paused."""
    NOT_ALLOWED = auto()
    """The rule of the user's segment allows no backfill."""


TO_REFRESH = (Standing.WITHOUT, Standing.OUTDATED)


def standing(state: RefreshState | None, seen: UserActivity | None) -> Standing:
    """Return how a user stands.

    It follows from what is stored alone, so that nobody is refreshed a second time, whatever was lost between.

    Args:
        state: Of the user's refreshes; None before the first is due.
        seen: When the user came; None for one who is gone.
    """
    if seen is None or seen.event_count <= seen.deleted_count:
        return Standing.CURRENT
    if state is None:
        return Standing.WITHOUT
    if state.due_ms and state.reason not in _NO_REASON:
        return Standing.LEFT
    if not state.revision:
        return Standing.WITHOUT
    is_current = (
        state.consumed_seq >= seen.last_seq
        and state.deletion_seq >= seen.deletion_seq
        and not is_rewound(state, seen)
    )
    return Standing.CURRENT if is_current else Standing.OUTDATED
