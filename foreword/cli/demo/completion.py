"""Waiting until every user's profile is computed from all of the user's events."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from foreword.errors import ForewordError
from foreword.keys import UserKey
from foreword.store import ActivityReader, ProfileReader
from foreword.store.profile_reader import open_when_present

_POLL_SECONDS = 0.1
# With no profile computed for so long, something is wrong.
_STANDSTILL_SECONDS = 60.0


class Completion:
    """Watches the store itself, which both daemons share with anyone on the machine.

    Args:
        directory: The store's folder.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._activity = ActivityReader(directory)
        self._profiles: ProfileReader | None = None
        self._behind: set[UserKey] = {key for key, _ in self._activity.users(limit=1_000_000)}
        self.user_count = len(self._behind)

    def wait(self, progress: Callable[[int], object]) -> None:
        """Return when nobody is behind.

        Args:
            progress: Told how many are done.

        Raises:
            ForewordError: Nothing has moved for a minute.
        """
        moved = time.monotonic()
        while self._behind:
            before = len(self._behind)
            self._look()
            progress(self.user_count - len(self._behind))
            if len(self._behind) < before:
                moved = time.monotonic()
            elif time.monotonic() - moved > _STANDSTILL_SECONDS:
                raise ForewordError(
                    f"{before} profiles are not computed and nothing moves", hint="see the log above"
                )
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """Release the store."""
        self._activity.close()
        if self._profiles is not None:
            self._profiles.close()

    def _look(self) -> None:
        if self._profiles is None:
            self._profiles = open_when_present(self._directory)
        if self._profiles is not None:
            self._behind = {user for user in self._behind if self._is_behind(user, self._profiles)}

    def _is_behind(self, user: UserKey, profiles: ProfileReader) -> bool:
        state, activity = profiles.refresh_state(user), self._activity.user(user)
        if state is None or activity is None:
            return True
        return not state.attempted_ms or state.consumed_seq < activity.last_seq
