"""Waiting for what the scheduler does; the two daemons meet in the store, so the sidecar looks there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from foreword.errors import StoreError
from foreword.keys import UserKey
from foreword.v1.refresh_pb2 import RefreshState
from sidecar.activity import Activity
from sidecar.profiles import Profiles
from sidecar.rpc import Context, remaining_seconds

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
        ends = time.monotonic() + wait_seconds
        while wait_seconds:
            state = self.state(user)
            if state is not None and is_met(state):
                return state
            if time.monotonic() >= ends or self._activity.is_draining:
                break
            await asyncio.sleep(_POLL_SECONDS)
        return None


def bounded_seconds(wait_seconds: float, context: Context) -> float:
    """Return how long to wait so that the answer still reaches the caller."""
    remaining = remaining_seconds(context)
    return wait_seconds if remaining is None else max(0.0, min(wait_seconds, remaining - _ANSWER_SECONDS))
