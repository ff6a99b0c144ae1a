"""Waiting for what the scheduler does; the two daemons meet in the store, so the sidecar looks there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from foreword.errors import StoreError
from foreword.keys import UserKey
from foreword.v1.refresh_pb2 import RefreshState
from sidecar.activity import Activity
from sidecar.profiles import Profiles
from sidecar.rpc import Context, remaining_seconds

T = TypeVar("T")

# How often a waiting call looks whether the refresh has ended; one lookup of a few microseconds.
_POLL_SECONDS = 0.02
# Kept from the caller's deadline, so that the answer arrives before it.
_ANSWER_SECONDS = 0.1


class RefreshWait:
    """Waits until a refresh has done what a request asked for.

    Args:
        profiles: Where the scheduler writes.
        activity: Tells when the sidecar is ending.
    """

    def __init__(self, profiles: Profiles, activity: Activity) -> None:
        self._profiles = profiles
        self._activity = activity

    def state(self, user: UserKey) -> RefreshState | None:
        """Return the state of a user's refreshes; None without one, and while it cannot be read."""
        try:
            return self._profiles.reader.refresh_state(user) if self._profiles.reader is not None else None
        except StoreError:
            # The request is on disk; that its end cannot be seen does not undo it.
            return None

    async def until(
        self, user: UserKey, is_met: Callable[[RefreshState], bool], wait_seconds: float
    ) -> RefreshState | None:
        """Return the state once it meets what was asked for; None when it does not within the time."""
        return await look_until(lambda: self._meeting(user, is_met), wait_seconds, self._activity)

    def _meeting(self, user: UserKey, is_met: Callable[[RefreshState], bool]) -> RefreshState | None:
        state = self.state(user)
        return state if state is not None and is_met(state) else None


async def look_until(look: Callable[[], T], wait_seconds: float, activity: Activity) -> T | None:
    """Look once and again until something is seen; return it, or None when it is not within the time.

    Args:
        look: Returns what it sees, true once that is what was waited for.
        wait_seconds: How long; with 0 it is looked for once.
        activity: Tells when the sidecar is ending, which nobody may hold up.
    """
    ends = time.monotonic() + wait_seconds
    while not (seen := look()):
        if time.monotonic() >= ends or activity.is_draining:
            return None
        await asyncio.sleep(_POLL_SECONDS)
    return seen


def bounded_seconds(wait_seconds: float, context: Context) -> float:
    """Return how long to wait so that the answer still reaches the caller."""
    remaining = remaining_seconds(context)
    return wait_seconds if remaining is None else max(0.0, min(wait_seconds, remaining - _ANSWER_SECONDS))
