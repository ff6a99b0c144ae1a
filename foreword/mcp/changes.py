"""Tells clients that listen when the foreword has changed, by one watch of the user for all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated, ServerEvent

from foreword.errors import ForewordError
from foreword.mcp.sidecar import Sidecar
from foreword.mcp.whose import Whose
from foreword.v1.profile_change_pb2 import ChangeKind
from foreword.v1.profile_service_pb2 import WatchPhase, WatchProfilesResponse

logger = logging.getLogger("foreword.mcp")

# After which a sidecar that refused to tell is asked again: a token may have been changed, or another watch have ended.
AGAIN_SECONDS = 60.0


class Changes(InMemorySubscriptionBus):
    """A bus that watches the user while somebody listens.

    Args:
        sidecar: Where the user is watched.
        whose: Who.
        uris: The resources that change with the profile.

    Attributes:
        uris: As given.
    """

    def __init__(self, sidecar: Sidecar, whose: Whose, uris: Sequence[str]) -> None:
        super().__init__()
        self._sidecar = sidecar
        self._whose = whose
        self.uris = uris
        self._listening_count = 0
        self._watch: asyncio.Task[None] | None = None

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Register a listener; the first one begins the watch, the last one ends it."""
        leave = super().subscribe(listener)
        self._listening_count += 1
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._follow())
        is_left = False

        def unsubscribe() -> None:
            nonlocal is_left
            if is_left:
                return
            is_left = True
            leave()
            self._listening_count -= 1
            if not self._listening_count and self._watch is not None:
                self._watch.cancel()
                self._watch = None

        return unsubscribe

    async def _follow(self) -> None:
        while True:
            try:
                await self._tell()
            except ForewordError as exc:
                # A sidecar that is away is waited for; this one will not tell now, and resources are read all the same.
                logger.warning("changes of the foreword are not told for now: %s", exc)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _tell(self) -> None:
        mine, is_new = self._whose, True
        async for message in self._sidecar.calls.watch(
            [mine.user_id], namespace=mine.namespace, from_now=True
        ):
            # The first one, too: a client may hold what changed just before the watch began.
            if is_new or _tells(message):
                for uri in self.uris:
                    await self.publish(ResourceUpdated(uri=uri))
            is_new = False


def _tells(message: WatchProfilesResponse) -> bool:
    """Return whether a client may hold a foreword that is no longer so; a refresh may have moved times alone."""
    is_anew = message.phase == WatchPhase.WATCH_PHASE_BEGINNING
    return is_anew or any(change.kind != ChangeKind.CHANGE_KIND_REVALIDATED for change in message.changes)
