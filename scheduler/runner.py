"""Running due users: urgent ones first, then the longest due, a bounded number at once, results in batches."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from foreword.clock import HOUR_MS, Clock
from foreword.errors import StoreError, StoreMissingError, StoreRowError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.store import ActivityReader, ProfileReader
from scheduler.attempt import Attempt, Refresher
from scheduler.attempt_writer import AttemptWriter
from scheduler.due import URGENCY, Due
from scheduler.health import Health
from scheduler.pauses import Pauses
from scheduler.turns import Turns

logger = logging.getLogger("scheduler")

# Classes of work: three that are urgent, as URGENCY has them, then what is due by cadence.
_SCHEDULED = 1 + max(URGENCY.values())
# Work that nobody waits for.
_SPARE = _SCHEDULED + 1
_CLASSES = _SPARE + 1
# Urgent users of a class kept in memory, a megabyte or so; further ones wait in the due index and go by their due time.
_URGENT_MAX = 10_000
_ARRIVALS_MAX = 1000
# Results wait no longer than this for a batch to fill, which matters when refreshes wait on a network; less when
# somebody waits for them.
_HOLD_SECONDS_MAX = 0.5
_HOLD_AWAITED_SECONDS_MAX = 0.1
# A refresh takes about six turns from its trigger to its commit; triggers without a pause must not hold up all else.
_TURNS_MAX = 30


class Spare(Protocol):
    """Gives work that nobody has made due: a backfill's."""

    @property
    def waits(self) -> bool:
        """Whether there is some, and it may begin."""
        ...

    def next(self) -> Attempt | None:
        """Return an attempt; None when there is none after all, and then nothing waits."""
        ...


class Runner:
    """Runs the refreshes that are due. The due index is the truth: what is held here is lost without loss.

    Attributes:
        activity: Where events are read; None while there is no activity store.
        spare: Gives work that nobody waits for, which comes last; None without any.
        written: Called with each attempt once it is on disk.
    """

    def __init__(
        self,
        profiles: ProfileReader,
        refresher: Refresher,
        writer: AttemptWriter,
        *,
        clock: Clock,
        live: FollowedConfig,
        health: Health,
        pauses: Pauses,
    ) -> None:
        self.activity: ActivityReader | None = None
        self.spare: Spare | None = None
        self.written: Callable[[Attempt], None] = lambda _attempt: None
        self._profiles = profiles
        self._refresher = refresher
        self._writer = writer
        self._clock = clock
        self._live = live
        self._health = health
        self._pauses = pauses
        self._held: list[UserKey] = []
        self._turns = Turns(_CLASSES)
        self._in_flight: dict[UserKey, Attempt] = {}
        self._done: list[Attempt] = []
        self._done_since = 0.0
        self._running = 0
        self._answering = 0
        self._urgent: tuple[deque[UserKey], ...] = tuple(deque() for _ in range(_SCHEDULED))
        self._backlog: deque[UserKey] = deque()
        self._is_sweeping = True
        self._is_fruitless = False
        # Looks back an hour, so that whoever waited when the last scheduler died still goes first.
        self._arrived_ms = clock.now_ms() - HOUR_MS
        self._failure: StoreError | None = None
        self._refused_count = 0
        self._wake = asyncio.Event()
        self._stopped = asyncio.Event()

    def in_flight(self, user: UserKey) -> Attempt | None:
        """Return the attempt at a user that is not yet committed, or None."""
        return self._in_flight.get(user)

    @property
    def in_flight_count(self) -> int:
        """How many attempts are begun and not yet committed."""
        return len(self._in_flight)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way and nothing is known to be due."""
        return not (self._in_flight or any(self._urgent) or self._backlog or self._is_sweeping)

    def urge(self, user: UserKey, urgency: int) -> None:
        """Run a due user before less urgent work, as far as that is not passed over for too long."""
        if len(self._urgent[urgency]) >= _URGENT_MAX:
            self.sweep()
            return
        self._urgent[urgency].append(user)
        self._wake.set()

    def wake(self) -> None:
        """Ask for spare work again."""
        self._wake.set()

    def sweep(self) -> None:
        """Work through the due index until nothing in it is due."""
        self._is_sweeping = True
        self._is_fruitless = False
        self._wake.set()

    def note_arrivals(self) -> None:
        """Find the users who have come due since the last look, and let the urgent ones go first.

        Raises:
            StoreError: profiles.lmdb cannot be read.
        """
        now_ms = self._clock.now_ms()
        rows = self._profiles.due(now_ms + 1, _ARRIVALS_MAX, self._arrived_ms)
        # Follows a clock that was set back: whoever comes due would else wait until it has caught up.
        self._arrived_ms = rows[-1][0] + 1 if len(rows) == _ARRIVALS_MAX else now_ms + 1
        for _, user in rows:
            try:
                state = self._profiles.refresh_state(user)
            except StoreRowError:
                # Of the others' turns nothing is known to be wrong.
                self.sweep()
                continue
            if state is None:
                continue
            due = Due.of(state)
            if due.is_urgent(now_ms):
                self.urge(user, URGENCY[due.reason])
            elif due.settling_since_ms:
                # Somebody may wait for an import; users due by cadence wait for the sweep, and share a commit.
                self.sweep()

    async def run(self) -> None:
        """Run due users until `stop`."""
        while not self._stopped.is_set():
            try:
                has_started = self._step()
            except StoreError as exc:
                await self._pause(self._health.store_failed(exc))
                continue
            if has_started:
                # One turn of the event loop per refresh: triggers are looked at in between.
                await asyncio.sleep(0)
            else:
                await self._wake.wait()
            self._wake.clear()

    def stop(self) -> None:
        """Start nothing more."""
        self._stopped.set()
        self._wake.set()

    async def drain(self, seconds: float) -> None:
        """Finish what is under way within a time, write it, and leave the rest due."""
        tasks = [attempt.task for attempt in self._in_flight.values() if attempt.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            self._flush()
        except StoreError as exc:
            logger.warning("finished refreshes could not be written and stay due: %s", exc)

    async def abandon(self, user: UserKey) -> None:
        """End an attempt at a user without writing it; on return none is in flight."""
        while (attempt := self._in_flight.get(user)) is not None:
            if attempt in self._done:
                self._done.remove(attempt)
                del self._in_flight[user]
                _tell(attempt, asyncio.CancelledError())
            elif attempt.task is not None:
                attempt.task.cancel()
                # Also for a task that is done: `_ended` runs a turn of the event loop later, and only if it turns.
                await asyncio.wait([attempt.task])

    async def run_beside(
        self,
        user: UserKey,
        begin: Callable[[], Attempt],
        work: Callable[[Attempt, ActivityReader], Coroutine[Any, Any, None]],
    ) -> Attempt | None:
        """Carry out an attempt that no due time asked for; return it once it is written.

        It waits until no other attempt at the user is under way, and while it is, none begins: a user has one writer.

        Args:
            user: User key.
            begin: Makes the attempt, when it is the user's turn.
            work: Carries it out.

        Returns:
            The attempt; None when it was given up because the user was erased meanwhile.

        Raises:
            StoreError: It could not be written, or there is no activity to read. Nothing was changed.
        """
        await self.vacated(user)
        if self.activity is None:
            raise StoreMissingError("there is no activity store to read from")
        attempt = begin()
        written = attempt.written = asyncio.get_running_loop().create_future()
        self._in_flight[user] = attempt
        self._answering += 1
        attempt.task = asyncio.create_task(work(attempt, self.activity))
        attempt.task.add_done_callback(partial(self._ended, attempt))
        try:
            await asyncio.wait([written])
        except asyncio.CancelledError:
            # The end of the scheduler: what is under way is written by `drain`, whoever waits for it.
            written.add_done_callback(_read)
            raise
        if written.cancelled():
            return None
        written.result()
        return attempt

    async def let_urgent_pass(self) -> None:
        """Wait while somebody waits for a refresh by code, for so many turns of the event loop at most.

        Called before each step of work that nobody waits for: a model's questions and answers take milliseconds each,
        and a trigger is several turns from its refresh being written.
        """
        for _ in range(_TURNS_MAX):
            if not any(self._urgent) and not any(
                attempt.is_awaited and attempt.ending is None for attempt in self._in_flight.values()
            ):
                return
            await asyncio.sleep(0)

    async def vacated(self, user: UserKey) -> None:
        """Wait until no attempt at a user is under way."""
        while (attempt := self._in_flight.get(user)) is not None:
            if attempt in self._done:
                self._flush()
            elif attempt.task is not None:
                await asyncio.wait([attempt.task])
                # `_ended` runs a turn of the event loop later.
                await asyncio.sleep(0)

    # -- one step -----------------------------------------------------------------------------------------

    def _step(self) -> bool:
        """Write what should not wait, and start one attempt; return whether one was started."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if self._should_flush():
            self._flush()
        has_room = self._running < self._live.current.scheduler.concurrency
        attempt = self._next() if has_room and self.activity is not None else None
        if len(self._held) >= self._live.current.scheduler.batch_users:
            self._flush()
            return True
        if attempt is None or self.activity is None:
            # Answers that are being read end within a few turns of the event loop, and then share a commit.
            if not self._answering:
                self._flush()
            return False
        self._in_flight[attempt.user] = attempt
        self._running += 1
        attempt.task = asyncio.create_task(self._refresher.run(attempt, self.activity))
        attempt.task.add_done_callback(partial(self._ended, attempt))
        return True

    def _ended(self, attempt: Attempt, task: asyncio.Task[None]) -> None:
        # A callback rather than the end of the task itself, which does not run when cancelled before its start.
        if attempt.ending is None:
            self._running -= 1
        else:
            self._answering -= 1
        self._wake.set()
        if not task.cancelled() and task.exception() is None:
            if not self._done:
                self._done_since = asyncio.get_running_loop().time()
            self._done.append(attempt)
            if self._stopped.is_set() and attempt.written is not None:
                # No step comes any more, and somebody waits.
                with suppress(StoreError):
                    self._flush()
            return
        del self._in_flight[attempt.user]
        if task.cancelled():
            _tell(attempt, asyncio.CancelledError())
        else:
            self._failure = _store_error(task.exception())
            _tell(attempt, self._failure)
            self._give_back([attempt])

    def _should_flush(self) -> bool:
        if not self._done:
            return False
        held_seconds = asyncio.get_running_loop().time() - self._done_since
        is_awaited = any(attempt.is_awaited for attempt in self._done)
        return (
            len(self._done) >= self._live.current.scheduler.batch_users
            or held_seconds > (_HOLD_AWAITED_SECONDS_MAX if is_awaited else _HOLD_SECONDS_MAX)
            or (is_awaited and not any(self._urgent))
        )

    def write_held(self) -> None:
        """Write who was met whom a pause holds back; who looks for these afterwards finds all.

        Raises:
            StoreError: profiles.lmdb cannot be written. They are still due, and met again.
        """
        held, self._held = self._held, []
        if held:
            self._writer.hold(held)

    def _flush(self) -> None:
        self.write_held()
        if not self._done:
            return
        done, self._done = self._done, []
        for attempt in done:
            del self._in_flight[attempt.user]
        try:
            self._writer.write(done)
        except StoreError as exc:
            self._refused_count = max(self._refused_count, len(done))
            for attempt in done:
                _tell(attempt, exc)
            self._give_back(done)
            raise
        # A full disk has room for a few where it has none for more: only as many as were refused show that it is over.
        if len(done) >= self._refused_count:
            self._refused_count = 0
            self._health.store_works()
        for attempt in done:
            _tell(attempt)
            self.written(attempt)
            if attempt.has_computed:
                self._health.refresh_ended(attempt.user, attempt.error)
        self._give_back([attempt for attempt in done if attempt.asked.at_ms])

    def _give_back(self, attempts: Sequence[Attempt]) -> None:
        """See to users who are still due after their attempt."""
        for attempt in attempts:
            if attempt.is_awaited or attempt.asked.at_ms:
                self.urge(attempt.user, URGENCY.get(attempt.state.reason, 1))
            else:
                self.sweep()

    # -- who is next --------------------------------------------------------------------------------------

    def _next(self) -> Attempt | None:
        """Return an attempt at the next user; None when there is none, or a batch of users is to be held back."""
        while len(self._held) < self._live.current.scheduler.batch_users:
            user = self._next_user()
            if user is None:
                attempt = self.spare.next() if self.spare is not None else None
                if attempt is not None or not (any(self._urgent) or self._backlog or self._is_sweeping):
                    return attempt
                continue
            attempt = self._refresher.claim(user) if user not in self._in_flight else None
            if attempt is None:
                continue
            self._is_fruitless = False
            if not self._is_paused(attempt):
                return attempt
            self._held.append(user)
        return None

    def _is_paused(self, attempt: Attempt) -> bool:
        # By the segment that the user is in now, which costs a lookup and is seldom asked for.
        return self._pauses.any and self._pauses.holds(
            attempt.user, self._refresher.segment_of(attempt, self.activity), attempt.state.reason
        )

    def _next_user(self) -> UserKey | None:
        """Return the next user who is due; None when nobody is, or spare work has been passed over for too long."""
        spare = self.spare is not None and self.spare.waits
        scheduled = bool(self._backlog) or self._is_sweeping
        urgency = self._turns.choose([*map(bool, self._urgent), scheduled, spare])
        if urgency == _SCHEDULED and not self._backlog:
            self._refill()
            if not self._backlog:
                urgency = self._turns.choose([*map(bool, self._urgent), False, spare])
        if urgency is None or urgency == _SPARE:
            return None
        return (self._backlog if urgency == _SCHEDULED else self._urgent[urgency]).popleft()

    def _refill(self) -> None:
        """Read the longest due users; what is done is written before, so that it is not due any more."""
        self._flush()
        limit = self._live.current.scheduler.batch_users + len(self._in_flight)
        rows = self._profiles.due(self._clock.now_ms() + 1, limit)
        self._backlog.extend(user for _, user in rows if user not in self._in_flight)
        # Rows that nobody can be claimed from (a damaged index) must not be read again and again without a pause.
        if self._is_fruitless or not rows:
            self._is_sweeping = False
        self._is_fruitless = True

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)


def _tell(attempt: Attempt, exc: BaseException | None = None) -> None:
    """Tell whoever waits for an attempt that it is written, or why it is not."""
    if attempt.written is None or attempt.written.done():
        return
    if exc is None:
        attempt.written.set_result(None)
    elif isinstance(exc, asyncio.CancelledError):
        attempt.written.cancel()
    else:
        attempt.written.set_exception(exc)


def _read(written: asyncio.Future[None]) -> None:
    if not written.cancelled():
        written.exception()


def _store_error(exc: BaseException | None) -> StoreError:
    return exc if isinstance(exc, StoreError) else StoreError(f"a refresh broke off: {exc!r}")
