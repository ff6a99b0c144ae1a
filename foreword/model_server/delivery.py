"""Sending an answer: whole, late, or broken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiohttp import web

from foreword.model_server.core import Asked
from foreword.model_server.faults import Fault
from foreword.model_server.tally import Outcome

ASKED = web.RequestKey("asked", Asked)
FAULT = web.RequestKey("fault", Fault)
REQUEST_ID = web.RequestKey("request_id", str)
OUTCOME = web.RequestKey("outcome", str)
"""What the middleware finds out of a request, and what becomes of it."""

JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"
JSON_LINES = "application/x-jsonl"


def body_of(value: Any) -> bytes:
    """Return a value as the body of an answer."""
    return json.dumps(value, ensure_ascii=False).encode()


async def send(
    request: web.Request,
    pieces: Sequence[bytes],
    *,
    content_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Send an answer in one or more pieces, with the fault in it that the request is to have."""
    fault = request.get(FAULT)
    name = "" if fault is None else fault.name
    if fault is not None and name == "slow":
        await asyncio.sleep(fault.wait_seconds or 0)
    if name == "truncated-body":
        request[OUTCOME] = "unheard"
        whole = b"".join(pieces)
        pieces = [whole[: len(whole) * 2 // 3]]
    if name == "dropped-before-headers":
        return drop(request)
    response = web.StreamResponse(headers={"request-id": request[REQUEST_ID], **(headers or {})})
    response.headers["content-type"] = content_type
    if content_type == JSON:
        response.content_length = sum(map(len, pieces))
    await response.prepare(request)
    if name == "dropped-mid-body":
        await _write(response, _first_half(pieces))
        return drop(request, response)
    await _write(response, pieces)
    await response.write_eof()
    return response


def drop(request: web.Request, begun: web.StreamResponse | None = None) -> web.StreamResponse:
    """Break the connection: what was written may arrive, and nothing comes after it."""
    request[OUTCOME] = "unheard"
    if request.transport is not None:
        request.transport.abort()
    return begun or web.Response()


async def _write(response: web.StreamResponse, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        await response.write(piece)


def _first_half(pieces: Sequence[bytes]) -> list[bytes]:
    if len(pieces) > 1:
        return list(pieces[: len(pieces) // 2])
    return [pieces[0][: len(pieces[0]) // 2]]


def outcome_of(request: web.Request, status: int) -> Outcome:
    """Return what became of a request that was answered with a status."""
    if status >= 500:
        return "failed"
    if status >= 400:
        return "refused"
    if request.get(OUTCOME) == "unheard":
        return "unheard"
    return "answered"
