"""Answers of ProfileService, made from stored rows without parsing them."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from foreword.budget import cut
from foreword.defaults import default_foreword, default_profile
from foreword.store import databases as db
from foreword.store.codec import (
    FLAG_DEFAULT,
    FLAG_REFRESH_ON_OPEN,
    FOREWORD_FRESHNESS,
    HEADER_BYTES,
    PROFILE_FRESHNESS,
    ROW_VERSIONS,
    decode_header,
    freshness_of,
    is_intact,
)
from foreword.store.profile_writer import foreword_body, text_etag
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse

# What freshness follows from; the rest of the header is skipped: flags u8, stale_after_ms i64, expired_after_ms i64.
_TIMES = struct.Struct("<xB22xqq")
_ASKS_FOR_REFRESH = FLAG_DEFAULT | FLAG_REFRESH_ON_OPEN
# Field 1 of BatchGetProfilesResponse, length-delimited.
_RESULT_TAG = b"\x0a"


def profile_response(row: bytes, now_ms: int) -> bytes:
    """Return a serialized GetProfileResponse from a row of `profiles`.

    Raises:
        StoreCorruptError: The row is shorter than a header.
        StoreVersionError: The row is of a newer format.
    """
    return row[HEADER_BYTES:] + PROFILE_FRESHNESS[row_freshness(row, now_ms)]


def foreword_response(row: bytes, now_ms: int) -> bytes:
    """Return a serialized GetForewordResponse, the whole text, from a row of `forewords`.

    Raises:
        StoreCorruptError: The row is shorter than a header.
        StoreVersionError: The row is of a newer format.
    """
    return row[HEADER_BYTES:] + FOREWORD_FRESHNESS[row_freshness(row, now_ms)]


def row_freshness(row: bytes, now_ms: int) -> Freshness:
    """Return how current a row is at a time."""
    if len(row) < HEADER_BYTES or row[0] not in ROW_VERSIONS:
        decode_header(row)
    flags, stale_after_ms, expired_after_ms = _TIMES.unpack_from(row)
    return freshness_of(flags, stale_after_ms, expired_after_ms, now_ms)


def asks_for_refresh(row: bytes | None) -> bool:
    """Return whether reading this row, or its absence, asks for a refresh of the user."""
    return row is None or bool(row[1] & _ASKS_FOR_REFRESH)


def batch_response(responses: Iterable[bytes]) -> bytes:
    """Return a serialized BatchGetProfilesResponse of serialized GetProfileResponses."""
    return b"".join(
        part for response in responses for part in (_RESULT_TAG, _varint(len(response)), response)
    )


def cut_to_budget(response: GetForewordResponse, tokens_max: int) -> None:
    """Cut the text as `foreword.budget.cut` does, and give what is left its own etag."""
    if response.token_count > tokens_max:
        cut(response, tokens_max)
        response.etag = text_etag(response.text)


class DefaultResponses:
    """What users without a profile are answered with: the default the scheduler stored, else the built-in one."""

    def __init__(self) -> None:
        self._profile_row: bytes | None = None
        self._foreword_row: bytes | None = None
        self._profile = GetProfileResponse(profile=default_profile())
        self._foreword = foreword_body(default_foreword(), default_profile(), 0)

    def follow(self, profile_row: bytes | None, foreword_row: bytes | None) -> None:
        """Take over stored defaults that changed; a damaged one is left alone."""
        if (
            profile_row is not None
            and profile_row != self._profile_row
            and is_intact(db.META, db.META_DEFAULT_PROFILE, profile_row)
        ):
            self._profile_row = profile_row
            self._profile = GetProfileResponse.FromString(profile_row[HEADER_BYTES:])
        if (
            foreword_row is not None
            and foreword_row != self._foreword_row
            and is_intact(db.META, db.META_DEFAULT_FOREWORD, foreword_row)
        ):
            self._foreword_row = foreword_row
            self._foreword = foreword_row[HEADER_BYTES:]

    def profile_response(self, user_id: str, namespace: str) -> bytes:
        """Return the serialized default GetProfileResponse, with the user's names filled in."""
        response = GetProfileResponse()
        response.CopyFrom(self._profile)
        response.profile.user_id = user_id
        response.profile.namespace = namespace
        response.freshness = Freshness.FRESHNESS_DEFAULT
        return response.SerializeToString()

    def foreword_response(self) -> bytes:
        """Return the serialized default GetForewordResponse."""
        return self._foreword + FOREWORD_FRESHNESS[Freshness.FRESHNESS_DEFAULT]


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
