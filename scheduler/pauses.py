"""Whose refreshes are paused: noted by the sidecar in the activity store, followed here."""

from __future__ import annotations

import logging
from typing import NamedTuple, Protocol

from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.store import ActivityReader
from foreword.store.pauses import paused_users
from foreword.store.v1.store_pb2 import RefreshPauses
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshReason

logger = logging.getLogger("scheduler")

# What an operator asks for by name is meant, pause or no pause; what was deleted must go.
_CARRIED_OUT = {RefreshReason.REFRESH_REASON_MANUAL, RefreshReason.REFRESH_REASON_EVENTS_DELETED}


class Holding(Protocol):
    """Says whether a refresh is to wait."""

    def holds(self, user: UserKey, segment: Segment, reason: RefreshReason) -> bool:
        """Return whether a refresh of a user, who is in a segment, is to wait."""
        ...


class _NothingPaused:
    def holds(self, _user: UserKey, _segment: Segment, _reason: RefreshReason) -> bool:
        return False


NOTHING_PAUSED: Holding = _NothingPaused()
"""For those who ask before anything was read."""


class Ended(NamedTuple):
    """What pauses have ended."""

    has_segments: bool = False
    """Whether one of a segment, or of all, has."""
    users: frozenset[UserKey] = frozenset()
    """The single users whose own has."""


class Pauses:
    """Holds the pauses in force.

    Attributes:
        users: Single users who are paused. In memory, for each who comes due is looked up here.
    """

    def __init__(self, live: FollowedConfig) -> None:
        self._live = live
        self._row = b""
        self._names: frozenset[str] = frozenset()
        self.users: frozenset[UserKey] = frozenset()

    def follow(self, activity: ActivityReader) -> Ended:
        """Take over what the store says; return what has ended. A row that is as it was is not parsed.

        Raises:
            StoreError: The store cannot be read.
        """
        row = activity.pauses_row()
        if row == self._row:
            return Ended()
        pauses = RefreshPauses.FromString(row)
        self._row = row
        names, self._names = self._names, frozenset(pauses.since_ms)
        users, self.users = self.users, frozenset(paused_users(pauses))
        said = [*map(_said, sorted(self._names)), *([f"{len(self.users):,} by name"] if self.users else [])]
        logger.info("refreshes are paused for: %s", ", ".join(said) or "nobody")
        return Ended(bool(names - self._names), users - self.users)

    @property
    def any(self) -> bool:
        """Whether anything is paused."""
        return bool(self._names or self.users)

    @property
    def are_all_paused(self) -> bool:
        """Whether the refreshes of all users are."""
        return "" in self._names

    def holds(self, user: UserKey, segment: Segment, reason: RefreshReason) -> bool:
        """Return whether a refresh of a user, who is in a segment, is to wait."""
        if not self._names or reason in _CARRIED_OUT:
            return self.holds_by_name(user, reason)
        # The empty name stands for all users, and is that of a user in no segment, too.
        names = ("", self._live.current.segments.name_of(segment))
        return user in self.users or not self._names.isdisjoint(names)

    def holds_by_name(self, user: UserKey, reason: RefreshReason) -> bool:
        """Return whether what is to be done for a user is to wait for the end of the user's own pause."""
        return user in self.users and reason not in _CARRIED_OUT


def _said(name: str) -> str:
    return name or "all users"
