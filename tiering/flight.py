"""One writer for each core, within a process and among all that share the cache; the others wait for what it writes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, TypeAlias, TypeVar

from foreword.errors import ForewordError
from foreword.store.v1.answers_pb2 import Lease
from foreword.v1.core_pb2 import Core
from tiering.digest import CoreId
from tiering.errors import CacheError, NoAnswerError
from tiering.failures import Failures
from tiering.joint import Joint
from tiering.lease import Leases

FLIGHTS_MAX = 256
"""Cores that one process waits for at a time: more than a provider takes at once, and each renews a lease."""

_FLIGHT_SECONDS_MAX = 3600.0  # The longest `agent.timeout_seconds`: what writes ends before, or never.
_CLOSE_SECONDS = 5.0  # Two writes to the shelf, each of which another process may hold up for two.
# Looking once takes some 60 microseconds. With more flights each looks less often: all together take 5 % of a core.
_FLIGHTS_AT_FULL_PACE = 16

logger = logging.getLogger("tiering")
T = TypeVar("T")
Read: TypeAlias = Callable[[], Core | None]
Make: TypeAlias = Callable[[Lease], Awaitable[Core]]


class Flown(NamedTuple):
    """A core that was missing; shared with all who waited, so not to be changed. `joined`: another call wrote it."""

    core: Core
    joined: bool


class Flights:
    """Cores on their way, on one event loop; what it writes itself is written in threads.

    A lease of `lease_seconds` is renewed three times as often; each `poll_seconds` it is looked for what another
    process writes.
    """

    def __init__(
        self, leases: Leases, failures: Failures, *, lease_seconds: float, poll_seconds: float = 0.02
    ) -> None:
        self._leases = leases
        self._failures = failures
        self._renew_seconds = lease_seconds / 3
        self._poll_seconds = poll_seconds
        self._joint: Joint[Flown] = Joint()
        self._is_closed = False

    async def core(self, core_id: CoreId, read: Read, make: Make) -> Flown:
        """Return a core that is missing: written once, however many ask.

        Cancelled, a waiter goes alone; with the last one the writing is cancelled, and its lease given back. Where
        the cache fails, each process writes the core once, and it is not stored.

        Args:
            core_id: Which.
            read: Looks whether it is there as it is wanted; called often, so it must not block.
            make: Writes and stores it. A lease of fence 0 is none: nothing can be stored with it.

        Raises:
            NoAnswerError: It failed a moment ago in whatever process, takes too long, too many are under way, or this
                process ends.
            ForewordError: What `make` raises, to all who waited for it in this process.
        """
        is_joined = core_id in self._joint
        if not is_joined:
            self._check_room()
        flown = await self._joint.join(core_id, partial(self._fly, core_id, read, make))
        return flown._replace(joined=flown.joined or is_joined)

    def behind(self, core_id: CoreId, read: Read, make: Make) -> None:
        """Write a core while nobody waits, unless it is being written, or too many are: then a later call will."""
        if core_id not in self._joint:
            with suppress(NoAnswerError):
                self._check_room()
                self._joint.keep(core_id, partial(self._fly, core_id, read, make)).add_done_callback(_tell)

    async def close(self) -> None:
        """Give up what is under way, and take no more."""
        self._is_closed = True
        await self._joint.close(_CLOSE_SECONDS)

    def _check_room(self) -> None:
        if self._is_closed or len(self._joint) >= FLIGHTS_MAX:
            why = "this process ends" if self._is_closed else f"{FLIGHTS_MAX} cores are being written already"
            raise NoAnswerError(f"no core can be written now: {why}", tried=(), hint="ask again in a moment")

    async def _fly(self, core_id: CoreId, read: Read, make: Make) -> Flown:
        try:
            async with asyncio.timeout(_FLIGHT_SECONDS_MAX) as limit:
                while True:
                    is_held = False
                    with suppress(CacheError):
                        if (core := self._settled(core_id, read)) is not None:
                            return Flown(core, joined=True)
                        is_held = self._leases.is_held(core_id)
                    if not is_held and (flown := await self._lead(core_id, read, make)) is not None:
                        return flown
                    await asyncio.sleep(self._poll_seconds * (1 + len(self._joint) / _FLIGHTS_AT_FULL_PACE))
        except TimeoutError as exc:
            if not limit.expired():
                raise
            tried = (f"waited {_FLIGHT_SECONDS_MAX:g} s for the core",)
            raise NoAnswerError("the core took too long", tried=tried, hint="ask again") from exc

    def _settled(self, core_id: CoreId, read: Read) -> Core | None:
        core = read()
        failure = self._failures.noted(core_id) if core is None else None
        if failure is not None:
            raise NoAnswerError(
                f"the core could not be written a moment ago: {failure.message}",
                tried=(f"writing the core: {failure.message}",),
                private_reason=failure.private_reason,
                hint="ask again in a moment",
            )
        return core

    async def _lead(self, core_id: CoreId, read: Read, make: Make) -> Flown | None:
        """Return the core, written under a lease; None when somebody else has the lease."""
        lease: Lease | None = Lease()

        def take() -> None:
            nonlocal lease
            lease = self._leases.take(core_id)

        try:
            with suppress(CacheError):
                # Kept by the thread: cancelled meanwhile, this one still learns of the lease, and gives it back.
                await _in_thread(take)
                # Whoever had it before may have stored the core, or failed, since this one looked.
                if lease is not None and (core := self._settled(core_id, read)) is not None:
                    return Flown(core, joined=True)
            made = await self._made(core_id, lease, make) if lease is not None else None
            return Flown(made, joined=False) if made is not None else None
        finally:
            # Where it cannot be given back it lapses.
            if lease is not None and lease.fence:
                with suppress(CacheError):
                    await _in_thread(self._leases.give_back, core_id, lease)

    async def _made(self, core_id: CoreId, lease: Lease, make: Make) -> Core | None:
        making = asyncio.ensure_future(make(lease))
        try:
            while not making.done():
                await asyncio.wait({making}, timeout=self._renew_seconds)
                # Not renewed because the cache fails, it is nobody else's yet; and the core still answers those here.
                with suppress(CacheError):
                    is_on = lease.fence and not making.done()
                    if is_on and not await _in_thread(self._leases.renew, core_id, lease):
                        return None
        finally:
            making.cancel()
            await _until_done(making)
        try:
            return making.result()
        except ForewordError as exc:
            with suppress(CacheError):
                await _in_thread(self._failures.note, core_id, exc)
            raise


async def _in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function that blocks; who is cancelled meanwhile learns of it when it is done."""
    calling = asyncio.get_running_loop().run_in_executor(None, partial(function, *arguments))
    await _until_done(calling)
    return calling.result()


async def _until_done(running: asyncio.Future[T]) -> None:
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError as exc:
            cancelled = exc
    # Looked at, so that asyncio does not report what nobody waits for any more.
    _ = running.cancelled() or running.exception()
    if cancelled is not None:
        raise cancelled


def _tell(task: asyncio.Task[Flown]) -> None:
    exc = None if task.cancelled() else task.exception()
    if exc is not None:
        is_bug = not isinstance(exc, ForewordError)
        logger.warning("a core could not be written anew: %s", exc, exc_info=exc if is_bug else None)
