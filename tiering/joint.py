"""Work that several callers of one process wait for: done once, and given up when the last of them goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Work(Generic[T]):
    task: asyncio.Task[T]
    waiters: int = 0


class Joint(Generic[T]):
    """Work under way on one event loop, by key."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, _Work[T]] = {}

    async def join(self, key: Hashable, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what comes of the work of a key, begun unless it is under way.

        Cancelled, a caller goes alone; with the last one the work is cancelled.

        Raises:
            Exception: What the work raises, to all who waited.
            asyncio.CancelledError: The work was cancelled, or the caller.
        """
        work = self._under_way.get(key)
        if work is None:
            work = self._under_way[key] = _Work(asyncio.create_task(begin()))
        work.waiters += 1
        try:
            # Not shielded: that would not tell the end of the work from the end of its caller.
            await asyncio.wait({work.task})
        finally:
            work.waiters -= 1
            if not work.waiters:
                work.task.cancel()
                # Who comes from now on begins anew, and does not join what is ending.
                if self._under_way.get(key) is work:
                    del self._under_way[key]
        return work.task.result()
