"""Message Batches over HTTP."""

from __future__ import annotations

import asyncio
import itertools
from typing import IO

from aiohttp import web

from foreword.model_server.batch import Batch
from foreword.model_server.batch_requests import BODY_BYTES_MAX
from foreword.model_server.batches import Batches
from foreword.model_server.core import Core
from foreword.model_server.delivery import ASKED, JSON_LINES, REQUEST_ID, body_of, drop, send
from foreword.model_server.errors import ApiError, invalid

_LIMIT_DEFAULT, _LIMIT_MAX = 20, 1000


class BatchRoutes:
    """Below `/v1/messages/batches`."""

    def __init__(self, core: Core, batches: Batches) -> None:
        self._core = core
        self._batches = batches

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Take a batch."""
        fault = self._core.fault("create", request[ASKED])
        with self._batches.body_file() as body:
            await _spool(request, body)
            body.seek(0)
            batch = await self._batches.create(body, request[ASKED])
        if fault is not None and fault.name == "batch-unknown-at-first":
            batch.known_from_ms = batch.created_ms + round((fault.wait_seconds or 0) * 1000)
        if fault is not None and fault.name == "batch-create-lost":
            raise ApiError(500, "Internal server error")
        return await self._send(request, batch)

    async def retrieve(self, request: web.Request) -> web.StreamResponse:
        """Say how far a batch is."""
        return await self._send(request, self._found(request))

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """Cancel what is not done of a batch."""
        batch = self._found(request)
        self._batches.cancel(batch)
        return await self._send(request, batch)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """List batches, newest first, a page at a time."""
        page, has_more = _page(self._batches.newest(), request)
        listed = {
            "data": [batch.as_json(_address(request)) for batch in page],
            "has_more": has_more,
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
        }
        return await send(request, [body_of(listed)])

    async def results(self, request: web.Request) -> web.StreamResponse:
        """Send the rows of a batch that has ended."""
        batch = self._found(request)
        if batch.ended_ms is None:
            raise ApiError(404, "Batch has not finished processing. Results are not available.")
        fault = self._core.fault("results", request[ASKED])
        response = web.StreamResponse(headers={"request-id": request[REQUEST_ID]})
        response.headers["content-type"] = JSON_LINES
        await response.prepare(request)
        left = batch.results_bytes // 2 if fault is not None else None
        for piece in batch.read_results():
            if left is not None and left < len(piece):
                await response.write(piece[:left])
                # Written, and then cut: what is on its way arrives.
                await asyncio.sleep(0)
                return drop(request, response)
            await response.write(piece)
            left = None if left is None else left - len(piece)
        await response.write_eof()
        return response

    def _found(self, request: web.Request) -> Batch:
        return self._batches.find(request.match_info["batch_id"])

    async def _send(self, request: web.Request, batch: Batch) -> web.StreamResponse:
        return await send(request, [body_of(batch.as_json(_address(request)))])


def _address(request: web.Request) -> str:
    return str(request.url.origin())


async def _spool(request: web.Request, body: IO[str]) -> None:
    taken = 0
    file = body.buffer  # type: ignore[attr-defined]
    async for piece in request.content.iter_chunked(1 << 18):
        taken += len(piece)
        if taken > BODY_BYTES_MAX:
            raise ApiError(413, f"Request exceeds the maximum size of {BODY_BYTES_MAX:,} bytes")
        file.write(piece)
    file.flush()


def _page(batches: list[Batch], request: web.Request) -> tuple[list[Batch], bool]:
    """Return one page, and whether there are more beyond it in the direction that was asked for."""
    try:
        limit = int(request.query.get("limit", _LIMIT_DEFAULT))
    except ValueError:
        limit = 0
    if not 1 <= limit <= _LIMIT_MAX:
        raise invalid(f"limit: allowed: 1 to {_LIMIT_MAX}")
    ids = [batch.id for batch in batches]
    if before := request.query.get("before_id"):
        start = max(0, _place(ids, before) - limit)
        return batches[start : _place(ids, before)], start > 0
    start = _place(ids, request.query["after_id"]) + 1 if "after_id" in request.query else 0
    return list(itertools.islice(batches, start, start + limit)), start + limit < len(batches)


def _place(ids: list[str], batch_id: str) -> int:
    try:
        return ids.index(batch_id)
    except ValueError as exc:
        raise invalid(f"no batch {batch_id:.80} to page from") from exc
