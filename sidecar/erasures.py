"""Erasures under way: asked for here, finished by the scheduler, seen by its receipt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, NamedTuple, TypeVar

from foreword.clock import Clock
from foreword.errors import ForewordError, StoreError
from foreword.keys import ErasureId, UserKey
from foreword.problems import Problems
from foreword.store import ActivityTransaction
from foreword.v1.erasure_pb2 import StoreCount
from sidecar.activity import Activity
from sidecar.archiving import COMPONENT, Archiving
from sidecar.open_triggers import OpenTriggers
from sidecar.profiles import Profiles

T = TypeVar("T")

# How often a waiting call looks for the receipt; one lookup of a few microseconds.
POLL_SECONDS = 0.02
# How often an archive that failed is tried again; each time all of its files are looked at.
ARCHIVE_RETRY_SECONDS = 30.0
# Erased users whose names watchers can still be told. They are in memory alone, and who reads along needs the newest.
NAMED_MAX = 1000


class Erased(NamedTuple):
    """What an erasure has removed so far."""

    complete: bool
    counts: list[StoreCount]
    is_archive_pending: bool = False
    """Whether files of the archive may still hold the user."""


class Erasures:
    """Removes users. While an erasure is pending its user is served as unknown; new events count as a new user's.

    Attributes:
        named: The users of those pending and of the newest others since the start; the store names none.
    """

    def __init__(
        self,
        activity: Activity,
        profiles: Profiles,
        triggers: OpenTriggers,
        *,
        archiving: Archiving,
        problems: Problems,
        clock: Clock,
    ) -> None:
        self._activity = activity
        self._profiles = profiles
        self._triggers = triggers
        self._archiving = archiving
        self._problems = problems
        self._clock = clock
        # One at a time: finishing an old erasure must not remove the rows of a newer one of the same user.
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pending: dict[UserKey, ErasureId] = {}
        self.named: dict[ErasureId, UserKey] = {}
        # Those of them that the archive may still hold, and those that are being taken out of it.
        self._archived: set[UserKey] = set()
        self._at_work: set[UserKey] = set()
        self._archive_tried = -ARCHIVE_RETRY_SECONDS
        self._load()
        profiles.hidden.update(self._pending)

    def _load(self) -> None:
        reader = self._activity.reader
        for user, erasure in reader.erasures() if reader is not None else ():
            self._pending[user] = ErasureId(erasure.erase_id)
            self.named[ErasureId(erasure.erase_id)] = user
            if erasure.is_archive_pending:
                self._archived.add(user)

    async def erase(self, user: UserKey, wait_seconds: float) -> Erased:
        """Remove a user, also from the archive, and wait for the scheduler's part.

        Raises:
            ForewordError: Nothing was removed.
        """
        archive = self._archiving.archive()
        if archive is not None:
            await asyncio.to_thread(archive.refuse_unreadable)
        erase_id, counts, archived = await self._to_the_end(self._begin(user))
        ends = time.monotonic() + wait_seconds
        while not (complete := await self._to_the_end(self._finish(user, erase_id))):
            if time.monotonic() >= ends or self._activity.is_draining:
                break
            await asyncio.sleep(POLL_SECONDS)
        reader = self._profiles.reader
        receipt = reader.receipt(erase_id) if complete and reader is not None else None
        removed = list(receipt.counts) if receipt is not None else []
        if archived.done():
            counts.append(StoreCount(store="archive", rows=archived.result()))
        return Erased(complete, counts + removed, user in self._archived)

    async def finish_all(self) -> None:
        """Finish the erasures whose receipts have come; does nothing while the store takes no writes."""
        if not self._activity.is_healthy:
            return
        if self._archived and time.monotonic() >= self._archive_tried + ARCHIVE_RETRY_SECONDS:
            self._archive_tried = time.monotonic()
            for user in self._archived - self._at_work:
                # Not waited for: it may take minutes, and the sidecar has more to look after.
                self._begin_archived(user)
        for user, erase_id in list(self._pending.items()):
            await self._finish(user, erase_id)

    async def _begin(self, user: UserKey) -> tuple[ErasureId, list[StoreCount], asyncio.Task[int]]:
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
            self._name(user, erase_id)
            reader = self._activity.reader
            control = reader.erasure(user) if reader is not None else None
            if control is not None and control.is_archive_pending:
                self._archived.add(user)
            # Beside the wait: of a user in the files of years it takes minutes, and goes on when the caller has gone.
            # Before anything else runs: whoever finishes erasures would begin it too, and the caller count nothing.
            return erase_id, counts, self._begin_archived(user)

    def _name(self, user: UserKey, erase_id: ErasureId) -> None:
        self.named[erase_id] = user
        if len(self.named) > NAMED_MAX + len(self._pending):
            over = [each for each, name in self.named.items() if self._pending.get(name) != each]
            for former in over[:-NAMED_MAX]:
                del self.named[former]

    def _begin_archived(self, user: UserKey) -> asyncio.Task[int]:
        self._at_work.add(user)
        return self._begun(self._erase_archived(user))

    async def _erase_archived(self, user: UserKey) -> int:
        """Take a user out of the archive if any file may hold them; what fails is a problem, and tried again."""
        try:
            erase_id = self._pending.get(user)
            if erase_id is None or user not in self._archived:
                return 0
            rows = await self._archiving.erase(user)
            await self._activity.write(lambda transaction: transaction.archive_erased(user, erase_id))
        except ForewordError as exc:
            self._archive_tried = time.monotonic()
            self._problems.note(
                COMPONENT, "erasures", f"the archive may still hold {len(self._archived)} erased users: {exc}"
            )
            return 0
        finally:
            self._at_work.discard(user)
        if self._pending.get(user) == erase_id:
            self._archived.discard(user)
        if not self._archived:
            self._problems.end(COMPONENT, "erasures")
        return rows

    async def _finish(self, user: UserKey, erase_id: ErasureId) -> bool:
        """Finish an erasure if its receipt is there; return whether it is over."""
        async with self._turn:
            if self._pending.get(user) != erase_id:
                return user not in self._pending
            reader = self._profiles.reader
            if user in self._archived or reader is None or reader.receipt(erase_id) is None:
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
        return await asyncio.shield(self._begun(work))

    def _begun(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Return a task that lives as long as its work, whoever waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
