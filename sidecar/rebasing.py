"""Bringing users' parameters to the global model in force: made anew from what the users said, one after the other."""

from __future__ import annotations

import asyncio
import logging

from foreword.errors import ForewordError
from foreword.keys import UserKey
from foreword.store import ActivityTransaction
from ranking.block import UserBlock
from ranking.example import Example
from ranking.log import examples
from ranking.model import GlobalModel
from ranking.ranker import Ranker
from sidecar.activity import Activity
from sidecar.models import Models

logger = logging.getLogger("sidecar")

# Users who wait; beyond it one asks again with the next request. About 200 bytes each.
WAITING_MAX = 10_000
# After each example, of 0.1 ms: without a pause a request waits for the interpreter at each of its calls, 8 ms in all.
PAUSE_SECONDS = 0.0005


class Rebasing:
    """Makes blocks anew in a thread of its own pace, so that a swap of models is no storm.

    Attributes:
        rules: How blocks learn.
        replayed_max: How many of a user's newest events are looked through.
        done_count: Blocks made since the start.
    """

    def __init__(self, activity: Activity, models: Models, rules: Ranker, replayed_max: int) -> None:
        self.rules = rules
        self.replayed_max = replayed_max
        self.done_count = 0
        self._activity = activity
        self._models = models
        self._waiting: dict[UserKey, None] = {}
        self._task: asyncio.Task[None] | None = None

    def ask(self, user: UserKey) -> None:
        """Have a user's block made anew soon; does nothing when too many wait, or the store takes no writes."""
        if len(self._waiting) >= WAITING_MAX or not self._activity.is_healthy:
            return
        self._waiting[user] = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def replayed(
        self, user: UserKey, model: GlobalModel, now_ms: int, *, pause_seconds: float = 0.0
    ) -> UserBlock:
        """Return a user's block under a model, from the newest events that are kept."""
        return self.rules.replay(model, self._said(user), now_ms, pause_seconds=pause_seconds)

    async def close(self) -> None:
        """Give up what waits: who is read again is asked for again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._waiting:
            user = next(iter(self._waiting))
            try:
                await self._rebase(user)
            except ForewordError as exc:
                # A failing write is judged by the committer; with its next request the user is asked for again.
                logger.warning("a user's parameters for ranking were not made anew: %s", exc)
            finally:
                self._waiting.pop(user, None)

    async def _rebase(self, user: UserKey) -> None:
        reader, model = self._activity.reader, self._models.current
        seen = None if reader is None else reader.user(user)
        if reader is None or seen is None:
            return
        former = reader.ranking_block(user)
        block = await asyncio.to_thread(
            self.replayed, user, model, seen.last_seen_ms, pause_seconds=PAUSE_SECONDS
        )
        newest = seen.last_seq

        def job(transaction: ActivityTransaction) -> bool:
            # Feedback or an erasure came in between: what was read is no longer so.
            if transaction.newest_event(user) != newest or transaction.ranking.block(user) != former:
                return False
            transaction.ranking.put_block(user, block.to_bytes())
            return True

        self.done_count += await self._activity.write(job)

    def _said(self, user: UserKey) -> list[Example]:
        reader = self._activity.reader
        events = [] if reader is None else reader.events(user, limit=self.replayed_max)
        return list(examples(stored.event for stored in events))
