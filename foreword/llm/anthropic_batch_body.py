"""The body of a batch's creation, made and sent row by row."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

from foreword.llm.anthropic_message import params
from foreword.llm.request import ModelRequest

# The API's most.
BODY_BYTES_MAX = 256 << 20
# Rows made before other work has its turn: about 5 ms.
_ROWS_A_TURN = 20


class BodyTooLargeError(Exception):
    """A batch has more bytes than the API takes."""


class BatchBody:
    """Rows as JSON, in parts.

    Through the SDK's own encoder 2,000 prompts hold up the event loop for a second, and stand in memory four times.

    Attributes:
        size_bytes: Of all rows together, for the header `content-length`.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size_bytes = 0

    @classmethod
    async def of(cls, requests: Sequence[tuple[str, ModelRequest]], effort: str | None) -> BatchBody:
        """Return the body for questions with their custom ids.

        Raises:
            BodyTooLargeError: They are too many, or too long.
        """
        body = cls()
        body._add(b'{"requests":[')
        for number, (custom_id, request) in enumerate(requests):
            row = {"custom_id": custom_id, "params": params(request, effort)}
            body._add(
                (b"," if number else b"") + json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")
            )
            if number % _ROWS_A_TURN == 0:
                await asyncio.sleep(0)
        body._add(b"]}")
        return body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part

    def _add(self, part: bytes) -> None:
        self._parts.append(part)
        self.size_bytes += len(part)
        if self.size_bytes > BODY_BYTES_MAX:
            raise BodyTooLargeError
