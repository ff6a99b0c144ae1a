"""Erasures under way: asked for here, finished by the scheduler, seen by its receipt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, NamedTuple, TypeVar

from foreword.clock import Clock
from foreword.errors import ForewordError, StoreError
from foreword.keys import ErasureId, UserKey
from foreword.store import ActivityTransaction
from foreword.v1.erasure_pb2 import StoreCount
from sidecar.activity import Activity
from sidecar.open_triggers import OpenTriggers
from sidecar.profiles import Profiles

T = TypeVar("T")

# How often a waiting call looks for the receipt; one lookup of a few microseconds.
POLL_SECONDS = 0.02


class Erased(NamedTuple):
    """What an erasure has removed so far."""

    complete: bool
    counts: list[StoreCount]


class Erasures:
    """Removes users. While an erasure is pending its user is served as unknown; new events count as a new user's."""

    def __init__(self, activity: Activity, profiles: Profiles, triggers: OpenTriggers, clock: Clock) -> None:
        self._activity = activity
        self._profiles = profiles
        self._triggers = triggers
        self._clock = clock
        # One at a time: finishing an old erasure must not remove the rows of a newer one of the same user.
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pending = self._load()
        profiles.hidden.update(self._pending)

    def _load(self) -> dict[UserKey, ErasureId]:
        reader = self._activity.reader
        return (
            {}
            if reader is None
            else {user: ErasureId(erasure.erase_id) for user, erasure in reader.erasures()}
        )

    async def erase(self, user: UserKey, wait_seconds: float) -> Erased:
        """Remove a user and wait for the scheduler's part.

        Raises:
            StoreError: Nothing was removed.
        """
        erase_id, counts = await self._to_the_end(self._begin(user))
        ends = time.monotonic() + wait_seconds
        while not (complete := await self._to_the_end(self._finish(user, erase_id))):
            if time.monotonic() >= ends or self._activity.is_draining:
                break
            await asyncio.sleep(POLL_SECONDS)
        reader = self._profiles.reader
        receipt = reader.receipt(erase_id) if complete and reader is not None else None
        return Erased(complete, counts + (list(receipt.counts) if receipt is not None else []))

    async def finish_all(self) -> None:
        """Finish the erasures whose receipts have come; does nothing while the store takes no writes."""
        if not self._activity.is_healthy:
            return
        for user, erase_id in list(self._pending.items()):
            await self._finish(user, erase_id)

    async def _begin(self, user: UserKey) -> tuple[ErasureId, list[StoreCount]]:
        now_ms = self._clock.now_ms()

        def job(transaction: ActivityTransaction) -> tuple[ErasureId, list[StoreCount]]:
            return transaction.erase(user, now_ms)

        async with self._turn:
            was_hidden = user in self._profiles.hidden
            self._profiles.hidden.add(user)
            self._triggers.forget(user)
            try:
                erase_id, counts = await self._activity.write(job)
            except ForewordError:
                if not was_hidden:
                    self._profiles.hidden.discard(user)
                raise
            self._pending[user] = erase_id
            return erase_id, counts

    async def _finish(self, user: UserKey, erase_id: ErasureId) -> bool:
        """Finish an erasure if its receipt is there; return whether it is over."""
        async with self._turn:
            if self._pending.get(user) != erase_id:
                return user not in self._pending
            reader = self._profiles.reader
            if reader is None or reader.receipt(erase_id) is None:
                return False
            try:
                await self._activity.write(lambda transaction: transaction.finish_erasure(user))
            except StoreError:
                # The user's rows are gone; only the note that they were to go remains, and is tried again.
                return False
            del self._pending[user]
            self._profiles.hidden.discard(user)
            return True

    async def _to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work` so that a cancelled call does not leave it half done."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)
