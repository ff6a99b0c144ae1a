"""All batches of a server, and the work on them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from foreword.model_server.batch import Batch, RowResult
from foreword.model_server.batch_requests import read_requests
from foreword.model_server.core import Asked, Core
from foreword.model_server.errors import ApiError, envelope
from foreword.model_server.messages_request import read_messages_request

# The oldest that has ended goes when there are more: each has a file, which a month of tests would pile up.
_BATCHES_MAX = 1000
# Between rows others get their turn as often as this.
_TURN_SECONDS = 0.005

_FAULT_RESULTS: dict[str, RowResult] = {
    "row-expired": "expired",
    "row-canceled": "canceled",
    "row-errored": "errored",
}


class Batches:
    """Takes batches and works on them one after the other, row by row, beside everything else."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._held: dict[str, Batch] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="foreword-model-server-")
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Give up what is under way, and remove the files."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._folder.cleanup()

    def body_file(self) -> IO[str]:
        """Return a file for the body of a batch; it is gone when it is closed."""
        return tempfile.TemporaryFile("w+", encoding="utf-8", dir=self._folder.name)

    async def create(self, body: IO[str], asked: Asked) -> Batch:
        """Take a batch and begin to work on it.

        Raises:
            ApiError: The body is none of a batch.
        """
        batch_id = self._core.names.make("msgbatch")
        place = Path(self._folder.name) / batch_id
        batch = Batch(
            batch_id, asked, self._core.clock.now_ms(), place.with_suffix(".in"), place.with_suffix(".out")
        )
        try:
            await self._take(batch, body)
        except ApiError:
            batch.requests.unlink(missing_ok=True)
            raise
        self._held[batch.id] = batch
        self._core.tally.batches_created += 1
        self._forget_old()
        task = asyncio.create_task(self._work(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return batch

    def find(self, batch_id: str) -> Batch:
        """Return a batch.

        Raises:
            ApiError: 404; there is none of this id, or it cannot be seen yet.
        """
        batch = self._held.get(batch_id)
        if batch is None or self._core.clock.now_ms() < batch.known_from_ms:
            raise ApiError(404, f"Batch with id {batch_id} not found")
        return batch

    def newest(self) -> list[Batch]:
        """Return the batches that can be seen, newest first."""
        now_ms = self._core.clock.now_ms()
        return [batch for batch in reversed(self._held.values()) if batch.known_from_ms <= now_ms]

    def cancel(self, batch: Batch) -> None:
        """Cancel the rows that are not done yet; a batch that has ended stays as it is."""
        if batch.ended_ms is None and batch.cancel_ms is None:
            batch.cancel_ms = self._core.clock.now_ms()
            batch.cancel.set()

    async def _take(self, batch: Batch, body: IO[str]) -> None:
        with batch.requests.open("w", encoding="utf-8") as file:
            pause = _Pause()
            for request in read_requests(body):
                file.write(f"{json.dumps(request)}\n")
                batch.size += 1
                await pause()

    async def _work(self, batch: Batch) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(batch.cancel.wait(), self._core.options.batch_seconds)
        # One at a time: it is one processor, and the first to come ends first.
        async with self._turn:
            pause = _Pause()
            with batch.results.open("wb") as results:
                for custom_id, params in _lines(batch.requests):
                    self._work_on_row(batch, results, custom_id, params)
                    await pause()
        batch.requests.unlink()
        batch.end(self._core.clock.now_ms(), self._core.options.seed)

    def _work_on_row(self, batch: Batch, results: IO[bytes], custom_id: str, params: Any) -> None:
        fault = None if batch.cancel.is_set() else self._core.fault("row", batch.asked)
        name = "" if fault is None else fault.name
        ready = "canceled" if batch.cancel.is_set() else _FAULT_RESULTS.get(name)
        result = self._answered(params, batch.asked) if ready is None else _unanswered(ready)
        batch.counts[result["type"]] += 1
        self._core.tally.batch_rows[result["type"]] += 1
        start = results.tell()
        results.write(json.dumps({"custom_id": custom_id, "result": result}).encode() + b"\n")
        for _ in range({"row-missing": 0, "row-duplicated": 2}.get(name, 1)):
            batch.add_line(start, results.tell())

    def _answered(self, params: Any, asked: Asked) -> dict[str, Any]:
        try:
            question = read_messages_request(params)
        except ApiError as exc:
            return {"type": "errored", "error": envelope(exc, "")}
        answer = self._core.answer(question, asked, "batch")
        return {"type": "succeeded", "message": answer.as_message()}

    def _forget_old(self) -> None:
        if len(self._held) > _BATCHES_MAX:
            oldest = next((batch for batch in self._held.values() if batch.ended_ms is not None), None)
            if oldest is not None:
                del self._held[oldest.id]
                oldest.results.unlink()


def _unanswered(result: RowResult) -> dict[str, Any]:
    if result == "errored":
        return {"type": result, "error": envelope(ApiError(500, "Internal server error"), "")}
    return {"type": result}


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            custom_id, params = json.loads(line)
            yield custom_id, params


class _Pause:
    """Gives way to others when a while has passed."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def __call__(self) -> None:
        if time.perf_counter() - self._since > _TURN_SECONDS:
            await asyncio.sleep(0)
            self._since = time.perf_counter()
