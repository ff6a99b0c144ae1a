"""Work that several callers of one process wait for: done once, and given up when the last of them goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from tiering.errors import NoAnswerError

T = TypeVar("T")
Begin: TypeAlias = Callable[[], Coroutine[Any, Any, T]]


@dataclass(eq=False, slots=True)
class _Work(Generic[T]):
    task: asyncio.Task[T]
    waiters: int = 1


class Joint(Generic[T]):
    """Work under way on one event loop, by key."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, _Work[T]] = {}
        # What everybody has left, too, until it has ended.
        self._tasks: set[asyncio.Task[T]] = set()

    def __contains__(self, key: Hashable) -> bool:
        """Return whether a caller would join."""
        return key in self._under_way

    def __len__(self) -> int:
        """Return how much is under way, or ending."""
        return len(self._tasks)

    async def join(self, key: Hashable, begin: Begin[T]) -> T:
        """Return what comes of the work of a key, begun unless it is under way.

        Cancelled, a caller goes alone; with the last one the work is cancelled.

        Raises:
            NoAnswerError: This process ends, and the work with it.
            Exception: What the work raises, to all who waited.
        """
        work = self._under_way.get(key)
        if work is None:
            work = self._begin(key, begin)
        else:
            work.waiters += 1
        try:
            # Not shielded: that would not tell the end of the work from the end of its caller.
            await asyncio.wait({work.task})
        finally:
            self._leave(key, work)
        if work.task.cancelled():
            raise NoAnswerError("the answer was given up: this process ends", tried=(), hint="ask again")
        return work.task.result()

    def keep(self, key: Hashable, begin: Begin[T]) -> asyncio.Task[T]:
        """Begin work that nobody waits for, of a key that is not under way; who joins it may leave it."""
        work = self._begin(key, begin)
        # Itself the one who waits.
        work.task.add_done_callback(lambda _: self._leave(key, work))
        return work.task

    async def close(self, seconds: float) -> None:
        """Give up what is under way, and wait so long for its end."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _begin(self, key: Hashable, begin: Begin[T]) -> _Work[T]:
        work = self._under_way[key] = _Work(asyncio.create_task(begin()))
        self._tasks.add(work.task)
        work.task.add_done_callback(self._tasks.discard)
        return work

    def _leave(self, key: Hashable, work: _Work[T]) -> None:
        work.waiters -= 1
        if not work.waiters:
            work.task.cancel()
            # Who comes from now on begins anew, and does not join what is ending.
            if self._under_way.get(key) is work:
                del self._under_way[key]
