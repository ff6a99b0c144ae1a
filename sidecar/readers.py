"""Who reads the environments, and who has held a view of one for so long that its file grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store.files import ACTIVITY, PROFILES
from foreword.store.reader import Reader
from foreword.store.views import View
from sidecar.activity import Activity
from sidecar.profiles import Profiles

COMPONENT = "sidecar.readers"


class Readers(NamedTuple):
    """What was seen of an environment's readers."""

    name: str
    file_bytes: int
    reader_count: int
    oldest: View | None
    age_seconds: float
    """For how long the oldest view has been seen."""
    map_bytes: int
    """What the file may grow to."""


class ReaderWatch:
    """Frees the slots of dead readers, and names the living one whose view is old.

    LMDB does not say when a view was taken, so its age is counted from the first look that saw it.
    """

    def __init__(
        self,
        profiles: Profiles,
        activity: Activity,
        live: FollowedConfig,
        problems: Problems,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seen: list[Readers] = []
        self._profiles = profiles
        self._activity = activity
        self._live = live
        self._problems = problems
        self._monotonic = monotonic
        self._first_seen: dict[str, tuple[tuple[int, str, int], float]] = {}

    async def look(self) -> None:
        """Free the slots of readers that died, then look at who is left."""
        self._profiles.free_reader_slots()
        self._activity.free_reader_slots()
        readers = {PROFILES: self._profiles.reader, ACTIVITY: self._activity.reader}
        self.seen = [
            await self._look_at(name, reader) for name, reader in readers.items() if reader is not None
        ]

    async def _look_at(self, name: str, reader: Reader) -> Readers:
        # In a thread: the lists of what waits for a view may be megabytes long.
        oldest = await asyncio.to_thread(reader.oldest_view)
        seen = Readers(
            name,
            reader.file_bytes(),
            reader.readers_count(),
            oldest,
            self._age(name, oldest),
            reader.map_bytes(),
        )
        if self._is_old(seen):
            self._problems.note(COMPONENT, name, _message(seen))
        else:
            self._problems.end(COMPONENT, name)
        return seen

    def _age(self, name: str, oldest: View | None) -> float:
        if oldest is None:
            self._first_seen.pop(name, None)
            return 0.0
        held = (oldest.pid, oldest.thread, oldest.transaction)
        former, since = self._first_seen.get(name, (held, self._monotonic()))
        if former != held:
            since = self._monotonic()
        self._first_seen[name] = held, since
        return self._monotonic() - since

    def _is_old(self, seen: Readers) -> bool:
        limit_seconds = self._live.current.store.view_age_seconds_max
        return bool(seen.oldest and seen.oldest.pages_kept and seen.age_seconds >= limit_seconds)


def _message(seen: Readers) -> str:
    assert seen.oldest is not None
    kept_mb = seen.oldest.pages_kept * seen.oldest.page_bytes / 1e6
    return (
        f"process {seen.oldest.pid} has held a view of {seen.name} for {seen.age_seconds:.0f} s: "
        f"{seen.oldest.pages_kept:,} pages ({kept_mb:,.1f} MB) freed since wait for it, and the file grows "
        "(let that process go on, or end it; a backup or check of a large store ends by itself)"
    )
