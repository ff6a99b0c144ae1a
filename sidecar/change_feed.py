"""Telling those who watch that profiles.lmdb has changed: one look for all of them."""

from __future__ import annotations

import asyncio

from foreword.errors import StoreError
from foreword.followed_config import FollowedConfig
from sidecar.profiles import Profiles


class ChangeFeed:
    """Looks at the number of the newest transaction, while anybody watches.

    Attributes:
        changed: Set when something was written. Whoever waits takes it before reading: a new one stands here then.
    """

    def __init__(self, profiles: Profiles, live: FollowedConfig) -> None:
        self.changed = asyncio.Event()
        self.watchers = 0
        self._profiles = profiles
        self._live = live
        self._seen: tuple[tuple[int, int], int] | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(self._live.current.sidecar.watch_poll_ms / 1000)
            if self.watchers:
                self.look()

    def look(self) -> None:
        """Wake those who wait, if something was written since the last look."""
        reader = self._profiles.reader
        if reader is None or self._seen == (reader.file_number, reader.last_transaction):
            return
        try:
            # A commit shows its number a moment before its rows.
            visible = reader.file_number, reader.visible_transaction()
        except StoreError:
            # Whoever watches meets it too, and says so.
            visible = None
        if visible is None or visible != self._seen:
            self._seen = visible
            self.changed.set()
            self.changed = asyncio.Event()
