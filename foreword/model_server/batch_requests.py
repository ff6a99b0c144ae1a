"""The body of a batch, read piece by piece: it may be 256 MB, and none of it stays in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any

from foreword.model_server.errors import ApiError, invalid

# The provider's limits.
REQUESTS_MAX = 100_000
BODY_BYTES_MAX = 256 << 20
# One request by itself; the same as for a single message.
REQUEST_BYTES_MAX = 32 << 20

_CHUNK_CHARACTERS = 1 << 18
_HEAD = re.compile(r'\s*\{\s*"requests"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def read_requests(body: IO[str]) -> Iterator[tuple[str, Any]]:
    """Yield custom id and params of each request; params are looked at only when the batch is worked on.

    Raises:
        ApiError: It is none of a batch; `requests` must be its only field, or its first.
    """
    seen: set[str] = set()
    for place, request in enumerate(_elements(body)):
        if place >= REQUESTS_MAX:
            raise invalid(f"requests: at most {REQUESTS_MAX:,} are allowed in a batch")
        if not isinstance(request, dict) or not isinstance(request.get("params"), dict):
            raise invalid(f"requests.{place}.params: Field required")
        custom_id = request.get("custom_id")
        if not isinstance(custom_id, str) or not _CUSTOM_ID.fullmatch(custom_id):
            raise invalid(f"requests.{place}.custom_id: allowed: 1 to 64 letters, digits, '-' and '_'")
        if custom_id in seen:
            raise invalid(f"requests.{place}.custom_id: {custom_id} stands there twice")
        seen.add(custom_id)
        yield custom_id, request["params"]
    if not seen:
        raise invalid("requests: at least one is required")


def _elements(body: IO[str]) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    text = body.read(_CHUNK_CHARACTERS)
    head = _HEAD.match(text)
    if head is None:
        raise invalid("requests: Field required")
    place = head.end()
    while True:
        between = _BETWEEN.match(text, place)
        place = between.end() if between else place
        if text[place : place + 1] == "]":
            return
        try:
            value, place = decoder.raw_decode(text, place)
        except ValueError as exc:
            more = body.read(_CHUNK_CHARACTERS)
            if not more:
                raise invalid(f"The request body is not valid JSON: {exc}") from exc
            text, place = text[place:] + more, 0
            if len(text) > REQUEST_BYTES_MAX:
                raise ApiError(413, f"A request exceeds {REQUEST_BYTES_MAX:,} bytes") from exc
            continue
        yield value
