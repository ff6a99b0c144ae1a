"""Group commit: many writers' work, one synced transaction."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from foreword.errors import ForewordError, StoreError

T = TypeVar("T")
# Bounds one commit, so that the first job in it does not wait for an endless stream of later ones.
JOBS_MAX = 256

Job = Callable[[Any], Any]
_Item = tuple[Job, "Future[Any]"]


class GroupCommitter:
    """Runs jobs in a thread of its own, as many as are waiting in each transaction.

    A job's future is done only after the transaction that holds it is synced to disk. LMDB binds a write
    transaction to its thread, hence one thread and not a pool. A job may run twice, the second time in a
    transaction of its own, when one beside it failed: it must keep nothing of a run that was undone.

    Args:
        begin: Begins a transaction for a `with` block: synced to disk on success, undone on an exception.
        wait_seconds: How long the first job of a transaction waits for others.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[Any]], *, wait_seconds: float) -> None:
        self._begin = begin
        self._wait_seconds = wait_seconds
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[Any], T]) -> Future[T]:
        """Queue `job(transaction)`; the future carries its result once it is on disk, or the StoreError.

        A future cancelled before its transaction begins is left out; later, cancelling has no effect.
        """
        future: Future[T] = Future()
        with self._closing:
            if self._closed:
                future.set_exception(StoreError("the store's writer is closed"))
            else:
                self._queue.put((job, future))
        return future

    def close(self) -> None:
        """Finish what is queued, then stop."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        running = True
        while running:
            items, running = self._next_group()
            # From here on a future cannot be cancelled: setting a cancelled one's result would end this thread.
            items = [(job, future) for job, future in items if future.set_running_or_notify_cancel()]
            if items:
                self._commit(items)

    def _next_group(self) -> tuple[list[_Item], bool]:
        first = self._queue.get()
        if first is None:
            return [], False
        items = [first]
        deadline = time.monotonic() + self._wait_seconds
        while len(items) < JOBS_MAX:
            try:
                item = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if item is None:
                return items, False
            items.append(item)
        return items, True

    def _commit(self, items: list[_Item]) -> None:
        try:
            with self._begin() as transaction:
                results = [job(transaction) for job, _ in items]
        except Exception as exc:
            # Whatever a job raises belongs to its future, not to this thread.
            if len(items) == 1:
                items[0][1].set_exception(exc if isinstance(exc, ForewordError) else _unexpected(exc))
            else:
                # One bad job must not fail its neighbours: each is tried in a transaction of its own.
                for item in items:
                    self._commit([item])
            return
        for (_, future), result in zip(items, results, strict=True):
            future.set_result(result)


def _unexpected(exc: Exception) -> StoreError:
    error = StoreError(f"a write failed: {exc!r}")
    error.__cause__ = exc
    return error
