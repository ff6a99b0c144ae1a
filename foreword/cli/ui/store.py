"""What the pages read from the store itself: what no call gives, and what is known while no sidecar answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from foreword.cli.cadence_explain import find, rows
from foreword.cli.settings import Settings
from foreword.clock import Clock
from foreword.errors import ForewordError, StoreMissingError
from foreword.keys import UserKey
from foreword.local import LocalReader
from foreword.store import ActivityReader
from foreword.store.pauses import paused_users
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_service_pb2 import GetProfileResponse
from foreword.v1.ranking_pb2 import RankingDecision

# Newest attempts among which the user's own is looked for; further back its reason is left out.
_ATTEMPTS_LOOKED_AT = 2000


class Reason(NamedTuple):
    """A line of why a user is due when."""

    what: str
    text: str


class Store:
    """The store's files, where they are on this machine; everything is read, and nothing written.

    Args:
        settings: Says where they are. With --address nobody says that the sidecar there has this store.
        clock: Tells the time.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    @property
    def is_here(self) -> bool:
        """Whether the sidecar's own store can be read."""
        return not self._settings.address

    def why_due(self, user: UserKey) -> list[Reason]:
        """Return which segment a user is in and why, and when the next refresh is due.

        Raises:
            ForewordError: No event of the user is known, or the configuration cannot be used.
        """
        config = self._settings.config_source.read()
        found = find(config, user, looked_at_max=_ATTEMPTS_LOOKED_AT)
        return [Reason(what, text) for what, text in rows(found, config, self._clock.now_ms())]

    def paused_ms(self, user: UserKey) -> int:
        """Return since when a user is paused by name, in ms since 1970; 0 when they are not."""
        with self._activity() as activity:
            return 0 if activity is None else paused_users(activity.pauses()).get(user, 0)

    def newest_events(self, user: UserKey, count: int) -> list[Event]:
        """Return a user's newest events, the newest first; none where no store is here."""
        with self._activity() as activity:
            if activity is None:
                return []
            return [stored.event for stored in reversed(activity.events(user, limit=count))]

    def newest_decisions(self, user: UserKey, count: int) -> list[RankingDecision]:
        """Return the choices that a user was offered last, the newest first."""
        with self._activity() as activity:
            if activity is None:
                return []
            return list(islice(activity.newest_ranking_decisions(user), count))

    def profile(self, user_id: str, namespace: str) -> GetProfileResponse:
        """Return what the store itself has of a user, as `foreword get` does while no sidecar answers."""
        # Nobody is refreshed for being looked at: a sidecar that hangs would hear of it, and do so later.
        with LocalReader(self._directory(), clock=self._clock, tells_reads=False) as reader:
            return reader.profile(user_id, namespace=namespace)

    @contextmanager
    def _activity(self) -> Iterator[ActivityReader | None]:
        try:
            reader = ActivityReader(self._directory())
        except StoreMissingError:
            yield None
            return
        with closing(reader):
            yield reader

    def _directory(self) -> Path:
        if not self.is_here:
            raise ForewordError(
                "this is read from the store's files, and --address names a sidecar that may have another store",
                hint="run foreword ui where the store is, without --address",
            )
        return self._settings.directory
