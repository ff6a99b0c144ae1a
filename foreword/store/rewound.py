"""Telling an activity store that was put back to an earlier state, such as an older copy of its file.

The profiles above it have then read further than it goes, and its numbers begin anew where the copy ended.
"""

from __future__ import annotations

from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.refresh_pb2 import RefreshState


def is_rewound(state: RefreshState, seen: UserActivity) -> bool:
    """Return whether a user's refreshes have taken in more than the store has given out, so that times alone count.

    Not seen once as much came since as was lost: both numbers are then the store's own.
    """
    return (
        state.consumed_seq > seen.last_seq
        or state.deletion_seq > seen.deletion_seq
        or state.full_seq > seen.full_seq
    )


def still_taken(taken_trigger: int, newest_trigger: int) -> int:
    """Return the newest trigger taken of a store; 0 when it has given out fewer, of which none was taken."""
    return taken_trigger if taken_trigger <= newest_trigger else 0
