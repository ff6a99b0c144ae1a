"""One batch: what is known of it, and where its rows are."""

from __future__ import annotations

import asyncio
import random
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from foreword.model_server.core import Asked
from foreword.model_server.times import rfc3339

RowResult: TypeAlias = Literal["succeeded", "errored", "canceled", "expired"]

_DAY_MS = 86_400_000
# So much of the results is read at once.
_CHUNK_BYTES = 1 << 16


@dataclass(slots=True)
class Batch:
    """A batch. In memory it takes 24 bytes a row; requests and results are in files.

    Attributes:
        id: Its name.
        asked: Where it came from; faults of rows follow from it.
        created_ms: When it was taken.
        requests: File with a line `[custom_id, params]` a request; gone when the batch has ended.
        results: File with a line a row.
        size: How many requests it has.
        known_from_ms: Until then it is not found.
        cancel: Set when it is to be canceled.
        cancel_ms: When it was.
        ended_ms: When its last row was done; None before.
        counts: Rows by result.
        lines: Start and end of each line of the results.
        order: The lines in the order in which they are given out.
    """

    id: str
    asked: Asked
    created_ms: int
    requests: Path
    results: Path
    size: int = 0
    known_from_ms: int = 0
    cancel: asyncio.Event = field(default_factory=asyncio.Event)
    cancel_ms: int | None = None
    ended_ms: int | None = None
    counts: Counter[RowResult] = field(default_factory=Counter)
    lines: array[int] = field(default_factory=lambda: array("Q"))
    order: array[int] = field(default_factory=lambda: array("L"))

    def add_line(self, start: int, end: int) -> None:
        """Note where a row stands in the results."""
        self.lines.extend((start, end))

    def end(self, now_ms: int, seed: int) -> None:
        """Note that all rows are done; shuffle them, as the provider promises no order."""
        self.order = array("L", range(len(self.lines) // 2))
        random.Random(f"{seed} {self.id}").shuffle(self.order)
        self.ended_ms = now_ms

    @property
    def results_bytes(self) -> int:
        """How many bytes its results have."""
        return sum(self.lines[1::2]) - sum(self.lines[::2])

    def read_results(self) -> Iterator[bytes]:
        """Yield the results in pieces of whole lines."""
        piece = bytearray()
        with self.results.open("rb") as file:
            for line in self.order:
                start, end = self.lines[2 * line], self.lines[2 * line + 1]
                file.seek(start)
                piece += file.read(end - start)
                if len(piece) >= _CHUNK_BYTES:
                    yield bytes(piece)
                    piece.clear()
        yield bytes(piece)

    def as_json(self, address: str) -> dict[str, Any]:
        """Return it as the API has it; `address` is where the server is found."""
        has_ended = self.ended_ms is not None
        kinds: tuple[RowResult, ...] = ("succeeded", "errored", "canceled", "expired")
        counts = {kind: self.counts[kind] if has_ended else 0 for kind in kinds}
        status = "ended" if has_ended else "canceling" if self.cancel_ms is not None else "in_progress"
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": status,
            "request_counts": {"processing": 0 if has_ended else self.size, **counts},
            "created_at": rfc3339(self.created_ms),
            "expires_at": rfc3339(self.created_ms + _DAY_MS),
            "ended_at": None if self.ended_ms is None else rfc3339(self.ended_ms),
            "cancel_initiated_at": None if self.cancel_ms is None else rfc3339(self.cancel_ms),
            "archived_at": None,
            "results_url": f"{address}/v1/messages/batches/{self.id}/results" if has_ended else None,
        }
