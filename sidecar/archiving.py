"""The archive as the sidecar uses it: one writes or erases at a time, and what cannot be written waits."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence

from foreword.errors import ForewordError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.problems import Problems
from foreword.store import ActivityReader, ActivityTransaction
from foreword.store.archive import Archive
from foreword.store.failpoints import Failpoint, passing
from sidecar.activity import Activity

COMPONENT = "sidecar.archive"

# Events of one day written in one go: a quarter of a second of a thread, and 50 MB when all have the longest texts.
_EVENTS_MAX = 5_000
# Rows removed in one transaction, a few milliseconds.
_SLICE_ROWS = 500


class Archiving:
    """Writes what waits for the archive, and takes erased users out of it.

    Attributes:
        archived_count: Events written since the start.
    """

    def __init__(self, activity: Activity, live: FollowedConfig, problems: Problems) -> None:
        self.archived_count = 0
        self._activity = activity
        self._live = live
        self._problems = problems
        # An erasure must not look through files while one is written from what was read before it.
        self._turn = asyncio.Lock()

    def archive(self) -> Archive | None:
        """Return the archive of this store; None while there is no environment."""
        reader = self._activity.reader
        if reader is None:
            return None
        return Archive(
            self._live.current.archive_directory(),
            reader.environment_id,
            is_needed=reader.archived_count() > 0,
        )

    async def write(self) -> None:
        """Write all that waits, day by day; what fails is a problem until it succeeds."""
        try:
            while await self._write_some():
                pass
        except ForewordError as exc:
            self._problems.note(COMPONENT, "writes", f"events past retention wait in the store: {exc}")
        else:
            self._problems.end(COMPONENT, "writes")

    async def _write_some(self) -> bool:
        """Write up to so many events of the first day that waits; return whether there were any."""
        async with self._turn:
            archive, reader = self.archive(), self._activity.reader
            if archive is None or reader is None:
                return False
            keys = await asyncio.to_thread(_append, archive, reader)
            for start in range(0, len(keys), _SLICE_ROWS):
                part = keys[start : start + _SLICE_ROWS]
                self.archived_count += await self._activity.write(functools.partial(_taken, waiting=part))
            passing(Failpoint.ARCHIVE_TAKEN)
            return bool(keys)

    async def erase(self, user: UserKey) -> int:
        """Take a user out of all files; return how many events went.

        Raises:
            ForewordError: The user may still be in some.
        """
        async with self._turn:
            archive = self.archive()
            if archive is None:
                return 0
            return await asyncio.to_thread(archive.erase, user, lambda: not self._activity.is_draining)


def _append(archive: Archive, reader: ActivityReader) -> list[bytes]:
    waiting = reader.waiting_day(_EVENTS_MAX)
    if waiting is None:
        return []
    archive.append(waiting.day, waiting.events)
    return waiting.keys


def _taken(transaction: ActivityTransaction, *, waiting: Sequence[bytes]) -> int:
    return transaction.retention.archived(waiting)
