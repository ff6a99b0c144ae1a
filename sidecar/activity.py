"""activity.lmdb as the sidecar uses it: all writes through one committer, and reads that go on when writes fail."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from foreword.config import Config
from foreword.errors import (
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreMissingError,
    StoreNotWritableError,
)
from foreword.followed_config import FollowedConfig
from foreword.keys import EnvironmentId, UserKey
from foreword.problems import Problems
from foreword.store import ActivityReader, ActivityTransaction, ActivityWriter, GroupCommitter
from foreword.store.files import ACTIVITY
from foreword.store.rewound import still_taken
from foreword.v1.activity_pb2 import UserActivity
from sidecar.errors import DrainingError, QueueFullError
from sidecar.profiles import Profiles

T = TypeVar("T")
Job = Callable[[ActivityTransaction], T]

COMPONENT = "sidecar.activity"

# Failures that concern every write, not just the one that met them.
_LASTING = (StoreFullError, StoreNotWritableError, StoreCorruptError)


class Activity:
    """Writes and reads activity.lmdb.

    Args:
        config: Where and how large.
        live: The limits in force.
        problems: Where failing writes are stated.
        profiles: Where the scheduler's place in the trigger log is read.

    Attributes:
        reader: Reads the environment; None on a read-only store that has none.
        waiting_events: Events that are checked or wait for the disk.
        is_healthy: Whether the last write succeeded.
        is_draining: Set when no further writes are taken.
    """

    def __init__(
        self,
        config: Config,
        live: FollowedConfig,
        problems: Problems,
        profiles: Profiles,
    ) -> None:
        self.waiting_events = 0
        self.is_healthy = True
        self.is_draining = False
        self._live = live
        self._profiles = profiles
        self._problems = problems
        self._refusal: StoreError | None = None
        self._committer: GroupCommitter | None = None
        with contextlib.ExitStack() as stack:
            self._writer = self._open_writer(config)
            if self._writer is not None:
                stack.callback(self._writer.close)
            self.reader = self._open_reader(config)
            # Without a reader the writer's lock is let go of; from here on `close` does.
            stack.pop_all()
        if self._writer is not None:
            begin = functools.partial(self._begin, self._writer)
            self._committer = GroupCommitter(begin, wait_seconds=config.sidecar.group_commit_ms / 1000)

    def _open_writer(self, config: Config) -> ActivityWriter | None:
        store = config.store
        try:
            return ActivityWriter(
                store.directory,
                map_size_bytes=store.activity_map_size_bytes,
                readers_max=store.readers_max,
            )
        except (StoreNotWritableError, StoreFullError) as exc:
            self._refuse_writes(exc)
            return None

    def _open_reader(self, config: Config) -> ActivityReader | None:
        try:
            return ActivityReader(config.store.directory, readers_max=config.store.readers_max)
        except StoreMissingError:
            return None
        except StoreError:
            # The writer's failure already says what is wrong here.
            if self._refusal is None:
                raise
            return None

    def _refuse_writes(self, reason: StoreNotWritableError | StoreFullError) -> None:
        self._refusal = type(reason)(
            f"{ACTIVITY} is read-only: {reason.message}",
            hint="mend that and restart the sidecar",
            store=ACTIVITY,
        )
        self._note_failure(self._refusal)

    @staticmethod
    def _fresh_refusal(refusal: StoreError) -> StoreError:
        # One object raised again and again would grow by a traceback each time.
        return type(refusal)(refusal.message, hint=refusal.hint, store=refusal.store)

    @property
    def is_read_only(self) -> bool:
        """Whether writes are refused until a restart."""
        return self._refusal is not None

    # -- writing ----------------------------------------------------------------------------------------------

    def _begin(self, writer: ActivityWriter) -> AbstractContextManager[ActivityTransaction]:
        taken_through = self._profiles.taken_trigger(writer.environment_id)
        return writer.begin(taken_through=taken_through, noting=self._live.current.noting())

    async def write(self, job: Job[T], *, releasing: int = 0) -> T:
        """Run `job` in a write transaction and return its result once it is on disk.

        When the caller is cancelled before the transaction begins, it is left out; later it runs all the same.

        Args:
            job: What to do; called in the committer's thread.
            releasing: Events that no longer wait once this has ended.

        Raises:
            StoreError: The write failed; nothing of it was kept.
        """
        return await self.submit(job, releasing=releasing)

    def submit(self, job: Job[T], *, releasing: int = 0) -> asyncio.Future[T]:
        """Queue `job`; raises and arguments as for `write`."""
        if self._refusal is not None:
            self.waiting_events -= releasing
            raise self._fresh_refusal(self._refusal)
        if self._committer is None:
            self.waiting_events -= releasing
            raise DrainingError("the sidecar has shut down")
        future = asyncio.wrap_future(self._committer.submit(job))

        def ended(done: asyncio.Future[T]) -> None:
            self.waiting_events -= releasing
            self._judge(done)

        future.add_done_callback(ended)
        return future

    def refuse_draining(self) -> None:
        """Take no further request.

        Raises:
            DrainingError: The sidecar is shutting down.
        """
        if self.is_draining:
            raise DrainingError("the sidecar is shutting down")

    def reserve(self, events: int) -> None:
        """Take room for events in the queue; `releasing` of a write gives it back.

        Raises:
            DrainingError: The sidecar is shutting down.
            StoreNotWritableError: The store takes no writes at all.
            QueueFullError: Too many wait already.
        """
        self.refuse_draining()
        if self._refusal is not None:
            raise self._fresh_refusal(self._refusal)
        limit = self._live.current.sidecar.write_queue_events_max
        if self.waiting_events + events > limit:
            raise QueueFullError(
                f"{self.waiting_events:,} events wait for the disk; at most {limit:,} may",
                hint="try again with growing waits",
            )
        self.waiting_events += events

    async def probe(self) -> None:
        """After a failed write, find out whether writing works again."""
        if self.is_healthy or self._refusal is not None:
            return
        try:
            await self.write(ActivityTransaction.probe)
        except StoreError:
            # Already judged as it ended.
            return
        # Other writes that succeed prove nothing: a batch of repetitions puts no byte on the disk.
        self.is_healthy = True
        self._problems.end(COMPONENT, "writes")

    def _judge(self, done: asyncio.Future[T]) -> None:
        exc = None if done.cancelled() else done.exception()
        if isinstance(exc, _LASTING):
            self._note_failure(exc)

    def _note_failure(self, exc: StoreError) -> None:
        self.is_healthy = False
        self._problems.note(COMPONENT, "writes", f"events are refused, reads go on: {exc}")

    # -- reading ----------------------------------------------------------------------------------------------

    @property
    def environment_id(self) -> EnvironmentId:
        """The 16 bytes that tell this environment from one made in its place; empty while there is none."""
        return self.reader.environment_id if self.reader is not None else EnvironmentId(b"")

    def taken_trigger(self) -> int:
        """Return the newest trigger that the scheduler has taken of this environment; 0 when unknown."""
        taken = self._profiles.taken_trigger(self.environment_id)
        return still_taken(taken, self.reader.newest_trigger()) if self.reader is not None else taken

    def user(self, user: UserKey) -> UserActivity | None:
        """Return what is known of when a user came, or None."""
        return self.reader.user(user) if self.reader is not None else None

    def refuse_cut(self) -> None:
        """Take no more writes and reads when the data file was cut short: the next page that is missing kills."""
        if self.reader is None:
            return
        try:
            self.reader.refuse_cut()
        except StoreCorruptError as exc:
            self._refusal = exc
            # Not closed: the committer's thread may be in it.
            self.reader = None
            self._note_failure(exc)

    def free_reader_slots(self) -> None:
        """Free the slots of readers that died; they would pin pages and let the file grow."""
        if self.reader is not None:
            self.reader.upkeep()

    async def close(self) -> None:
        """Write what is queued, then release the environment."""
        committer, self._committer = self._committer, None
        if committer is not None:
            await asyncio.to_thread(committer.close)
        for part in (self.reader, self._writer):
            if part is not None:
                part.close()
