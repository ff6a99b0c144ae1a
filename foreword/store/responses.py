"""Answers of ProfileService, made from stored rows without parsing them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple, Protocol

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
ASKS_FOR_REFRESH = FLAG_DEFAULT | FLAG_REFRESH_ON_OPEN
# Field 1 of BatchGetProfilesResponse, length-delimited.
_RESULT_TAG = b"\x0a"
# Field 3 of LookupProfilesResponse, a number; the fields before it are those of GetProfileResponse.
_LOOKUP_TAG = b"\x18"
# Field 1 of GetProfileResponse, and fields 1 and 2 of Profile, length-delimited.
_PROFILE_TAG = b"\x0a"
_USER_ID_TAG = b"\x0a"
_NAMESPACE_TAG = b"\x12"
# Namespaces whose default is held, some 3 KB each; beyond them each answer takes a lookup of microseconds. Whoever asks
# for made-up namespaces fills it with references to one default, until the next `follow`.
_SPACES_MAX = 1024


class DefaultRows(Protocol):
    """Finds the rows of stored defaults, as `ProfileReader` does."""

    def default_profile_row(self) -> bytes | None:
        """Return the row of the stored default profile, or None."""
        ...

    def default_foreword_row(self) -> bytes | None:
        """Return the row of the stored default foreword, or None."""
        ...

    def namespace_default_rows(self, namespace: str) -> tuple[bytes, bytes] | None:
        """Return both rows of a namespace's own default; None where it has none."""
        ...


class _Default(NamedTuple):
    """A serialized Profile, and a GetForewordResponse without freshness."""

    profile: bytes
    foreword: bytes


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


def freshness_in(response: bytes) -> int:
    """Return the number of the freshness that a response of this module tells, whole and as it is serialized here."""
    # Both messages end with the field, and a number below 128 is its last byte.
    return response[-1]


def row_freshness(row: bytes, now_ms: int) -> Freshness:
    """Return how current a row is at a time."""
    if len(row) < HEADER_BYTES or row[0] not in ROW_VERSIONS:
        decode_header(row)
    flags, stale_after_ms, expired_after_ms = _TIMES.unpack_from(row)
    return freshness_of(flags, stale_after_ms, expired_after_ms, now_ms)


def asks_for_refresh(row: bytes | None) -> bool:
    """Return whether reading this row, or its absence, asks for a refresh of the user."""
    return row is None or bool(row[1] & ASKS_FOR_REFRESH)


def batch_response(responses: Iterable[bytes]) -> bytes:
    """Return a serialized BatchGetProfilesResponse of serialized GetProfileResponses."""
    return b"".join(part for response in responses for part in (_RESULT_TAG, varint(len(response)), response))


def lookup_response(response: bytes, lookup_id: int) -> bytes:
    """Return a serialized LookupProfilesResponse of a serialized GetProfileResponse."""
    return response + _LOOKUP_TAG + varint(lookup_id) if lookup_id else response


def cut_to_budget(response: GetForewordResponse, tokens_max: int) -> None:
    """Cut the text as `foreword.budget.cut` does, and give what is left its own etag."""
    if response.token_count > tokens_max:
        cut(response, tokens_max)
        response.etag = text_etag(response.text)


class DefaultResponses:
    """What users without a profile are answered with: the default of their namespace that the scheduler stored, else
    that of all namespaces, else the built-in one.

    A namespace's rows are held from one `follow` to the next, so that an answer takes no lookup more.
    """

    def __init__(self) -> None:
        self._profile_row: bytes | None = None
        self._foreword_row: bytes | None = None
        self._common = _Default(
            default_profile().SerializeToString(), foreword_body(default_foreword(), default_profile(), 0)
        )
        self._spaces: dict[str, _Default] = {}

    def follow(self, reader: DefaultRows | None) -> None:
        """Take over stored defaults that changed; a damaged one is left alone.

        Raises:
            StoreError: They cannot be read.
        """
        self._spaces = {}
        if reader is None:
            return
        profile_row, foreword_row = reader.default_profile_row(), reader.default_foreword_row()
        if (
            profile_row is not None
            and profile_row != self._profile_row
            and is_intact(db.META, db.META_DEFAULT_PROFILE, profile_row)
        ):
            self._profile_row = profile_row
            self._common = self._common._replace(profile=_profile_in(profile_row))
        if (
            foreword_row is not None
            and foreword_row != self._foreword_row
            and is_intact(db.META, db.META_DEFAULT_FOREWORD, foreword_row)
        ):
            self._foreword_row = foreword_row
            self._common = self._common._replace(foreword=foreword_row[HEADER_BYTES:])

    def profile_response(self, user_id: str, namespace: str, reader: DefaultRows | None) -> bytes:
        """Return the serialized default GetProfileResponse, with the user's names filled in.

        They follow the stored bytes of the profile, as its last fields: nothing is parsed here.

        Args:
            user_id: The user.
            namespace: The tenant's space.
            reader: Where a namespace is looked up that nobody asked for since `follow`; None looks nowhere.

        Raises:
            StoreError: It cannot be looked up.
        """
        names = _text_field(_USER_ID_TAG, user_id) + _text_field(_NAMESPACE_TAG, namespace)
        profile = self._of(namespace, reader).profile + names
        # Not as a second `profile` behind the first: protobuf.js takes the last instead of merging them.
        return _PROFILE_TAG + varint(len(profile)) + profile + PROFILE_FRESHNESS[Freshness.FRESHNESS_DEFAULT]

    def foreword_response(self, namespace: str, reader: DefaultRows | None) -> bytes:
        """Return the serialized default GetForewordResponse; arguments and errors as for `profile_response`."""
        return self._of(namespace, reader).foreword + FOREWORD_FRESHNESS[Freshness.FRESHNESS_DEFAULT]

    def _of(self, namespace: str, reader: DefaultRows | None) -> _Default:
        # Taken first: another thread may follow meanwhile, and what is read before that is not held beyond it.
        spaces = self._spaces
        found = spaces.get(namespace)
        if found is None:
            rows = None if reader is None else reader.namespace_default_rows(namespace)
            found = self._common if rows is None else _Default(_profile_in(rows[0]), rows[1][HEADER_BYTES:])
            if len(spaces) < _SPACES_MAX:
                spaces[namespace] = found
        return found


def _profile_in(row: bytes) -> bytes:
    """Return the serialized profile in the row of a default profile."""
    return GetProfileResponse.FromString(row[HEADER_BYTES:]).profile.SerializeToString(deterministic=True)


def _text_field(tag: bytes, text: str) -> bytes:
    # By hand rather than by a message: that takes a microsecond longer.
    raw = text.encode()
    return tag + varint(len(raw)) + raw if raw else b""


def varint(number: int) -> bytes:
    """Return a number as protobuf writes it."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
