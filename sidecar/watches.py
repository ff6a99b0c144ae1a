"""WatchProfiles: each watcher at its own pace, all woken by one look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from foreword.followed_config import FollowedConfig
from foreword.keys import ErasureId, UserKey
from foreword.v1.profile_service_pb2 import WatchProfilesRequest
from sidecar.change_feed import ChangeFeed
from sidecar.profiles import Profiles
from sidecar.rpc import Context, send
from sidecar.streams import Streams
from sidecar.watch import Watch
from sidecar.watched import watched


class Watches:
    """Serves watchers.

    Args:
        profiles: Whose changes are told.
        named: Erased users by the ids of their erasures.
        feed: Wakes those who wait.
        streams: Counts them.
        live: The limits in force.
    """

    def __init__(
        self,
        profiles: Profiles,
        named: Mapping[ErasureId, UserKey],
        feed: ChangeFeed,
        streams: Streams,
        live: FollowedConfig,
    ) -> None:
        self._profiles = profiles
        self._named = named
        self._feed = feed
        self._streams = streams
        self._live = live

    async def watch_profiles(self, request: WatchProfilesRequest, context: Context) -> None:
        """Send what is there and what changes, until the watcher leaves."""
        with self._streams.entered(watches=True):
            watch = Watch(
                request,
                watched(request),
                self._profiles,
                self._named,
                message_bytes_max=lambda: self._live.current.sidecar.watch_message_bytes_max,
            )
            self._feed.watchers += 1
            try:
                await self._serve(watch, context)
            finally:
                self._feed.watchers -= 1

    async def _serve(self, watch: Watch, context: Context) -> None:
        await send(context, watch.sign_of_life())
        sent = time.monotonic()
        while True:
            changed = self._feed.changed
            message = watch.step()
            quiet_seconds = time.monotonic() - sent
            if message is None and quiet_seconds >= self._live.current.sidecar.watch_heartbeat_seconds:
                message = watch.sign_of_life()
            if message is not None:
                # Waits while the watcher reads nothing; the position waits with it.
                await send(context, message)
                sent = time.monotonic()
            elif watch.is_behind:
                await asyncio.sleep(0)
            else:
                await self._wait(changed, sent)

    async def _wait(self, changed: asyncio.Event, sent: float) -> None:
        """Wait for a change, or until a sign of life is due."""
        due = sent + self._live.current.sidecar.watch_heartbeat_seconds
        try:
            async with asyncio.timeout(max(0.0, due - time.monotonic())):
                await changed.wait()
        except TimeoutError:
            return
