"""Whose refreshes are paused: noted by the sidecar in the activity store, followed here."""

from __future__ import annotations

import logging
from typing import Protocol

from foreword.followed_config import FollowedConfig
from foreword.store import ActivityReader
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshReason

logger = logging.getLogger("scheduler")

# What an operator asks for by name is meant, pause or no pause; what was deleted must go.
_CARRIED_OUT = {RefreshReason.REFRESH_REASON_MANUAL, RefreshReason.REFRESH_REASON_EVENTS_DELETED}


class Holding(Protocol):
    """Says whether a refresh is to wait."""

    def holds(self, segment: Segment, reason: RefreshReason) -> bool:
        """Return whether a refresh of a user in a segment is to wait."""
        ...


class _NothingPaused:
    def holds(self, _segment: Segment, _reason: RefreshReason) -> bool:
        return False


NOTHING_PAUSED: Holding = _NothingPaused()
"""For those who ask before anything was read."""


class Pauses:
    """Holds the pauses in force."""

    def __init__(self, live: FollowedConfig) -> None:
        self._live = live
        self._names: frozenset[str] = frozenset()

    def follow(self, activity: ActivityReader) -> bool:
        """Take over what the store says; return whether some pause has ended.

        Raises:
            StoreError: The store cannot be read.
        """
        names = frozenset(activity.pauses().since_ms)
        former, self._names = self._names, names
        if names != former:
            logger.info("refreshes are paused for: %s", ", ".join(map(_said, sorted(names))) or "nobody")
        return bool(former - names)

    @property
    def any(self) -> bool:
        """Whether anything is paused."""
        return bool(self._names)

    def holds(self, segment: Segment, reason: RefreshReason) -> bool:
        """Return whether a refresh of a user in a segment is to wait."""
        if not self._names or reason in _CARRIED_OUT:
            return False
        # The empty name stands for all users, and is that of a user in no segment, too.
        return not self._names.isdisjoint(("", self._live.current.segments.name_of(segment)))


def _said(name: str) -> str:
    return name or "all users"
