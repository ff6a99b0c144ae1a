"""Answers in pages: how long one is, and where the next begins."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

from foreword.errors import FieldError

PAGE_SIZE = 100
PAGE_SIZE_MAX = 1000
_FINGERPRINT_BYTES = 4


def page_size(asked: int) -> int:
    """Return how much a page may hold.

    Raises:
        FieldError: It is negative.
    """
    if asked < 0:
        raise FieldError("page_size", str(asked), f"1 to {PAGE_SIZE_MAX:,}, or 0 for {PAGE_SIZE}")
    return min(asked or PAGE_SIZE, PAGE_SIZE_MAX)


def page_token(request: Any, place: bytes) -> str:
    """Return what asks for the page behind a place."""
    return base64.urlsafe_b64encode(_fingerprint(request) + place).decode()


def read_place(request: Any) -> bytes:
    """Return the place behind which a page begins; empty for the first page.

    Raises:
        FieldError: The token is none of a request with the same filters.
    """
    if not request.page_token:
        return b""
    try:
        found = base64.b64decode(request.page_token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise no_token() from exc
    if found[:_FINGERPRINT_BYTES] != _fingerprint(request):
        raise FieldError(
            "page_token", "the token of a request with other filters", "the filters it was given for"
        )
    return found[_FINGERPRINT_BYTES:]


def no_token() -> FieldError:
    """Return the error of a token that was never given out."""
    return FieldError("page_token", "what is no token", "a next_page_token, or nothing")


def _fingerprint(request: Any) -> bytes:
    """Return what tells one set of filters from another: a page of others would leave some out in silence."""
    filters = type(request)()
    filters.CopyFrom(request)
    filters.ClearField("page_size")
    filters.ClearField("page_token")
    return zlib.crc32(filters.SerializeToString(deterministic=True)).to_bytes(_FINGERPRINT_BYTES)
