"""Rows of `profiles`, `forewords` and `revisions`: a 40-byte header in front of a serialized message."""

from __future__ import annotations

import struct
from typing import NamedTuple

from google_crc32c import extend, value

from foreword.errors import StoreCorruptError, StoreVersionError
from foreword.store import databases as db
from foreword.store.files import PROFILES
from foreword.v1.freshness_pb2 import (
    FRESHNESS_DEFAULT,
    FRESHNESS_EXPIRED,
    FRESHNESS_FRESH,
    FRESHNESS_STALE,
    Freshness,
)

# version u8 · flags u8 · own_segment u8 · reserved u8 · crc32c u32 · revision u64 · computed_at_ms i64 ·
# stale_after_ms i64 · expired_after_ms i64
_HEADER = struct.Struct("<BBBBIQqqq")
_CRC32C = struct.Struct("<I")
# Of the header what an answer takes: version, flags, checksum and both times.
_ANSWER = struct.Struct("<BB2xI16xqq")
HEADER_BYTES = _HEADER.size
ROW_VERSION = 2
# Its checksum leaves out where the row stands; such rows are read, and made anew whenever one is written.
FORMER_ROW_VERSION = 1
ROW_VERSIONS = (FORMER_ROW_VERSION, ROW_VERSION)
PROFILE_BYTES_MAX = 20_480

FLAG_REFRESH_ON_OPEN = 0x01
FLAG_DEFAULT = 0x02
_SEGMENT_SHIFT = 4
# Three bits of the flags hold the number of a segment that is always there; for an operator's own they say that the
# byte behind does.
_OWN_SEGMENT = 0x07
SEGMENT_MAX = 0xFF

# What the checksum of a row in each database begins with. Two trees may be mixed up by a single damaged page number.
_BEGINNINGS = {name: value(name) for name in (db.PROFILES, db.FOREWORDS, db.REVISIONS, db.META, db.DEFAULTS)}

# Field 2 of GetProfileResponse and field 5 of GetForewordResponse, as they stand on the wire, by Freshness.
PROFILE_FRESHNESS = tuple(bytes((0x10, value)) for value in range(5))
FOREWORD_FRESHNESS = tuple(bytes((0x28, value)) for value in range(5))
_FRESHNESS_FIELDS = {db.PROFILES: PROFILE_FRESHNESS, db.FOREWORDS: FOREWORD_FRESHNESS}


class Header(NamedTuple):
    """What stands in front of every stored message."""

    version: int
    flags: int
    own_segment: int
    reserved: int
    crc32c: int
    revision: int
    computed_at_ms: int
    stale_after_ms: int
    expired_after_ms: int

    @property
    def segment(self) -> int:
        """The Segment number the profile was computed for."""
        number = (self.flags >> _SEGMENT_SHIFT) & _OWN_SEGMENT
        return self.own_segment if number == _OWN_SEGMENT else number

    @property
    def is_default(self) -> bool:
        """Whether the row is a default profile."""
        return bool(self.flags & FLAG_DEFAULT)

    @property
    def refresh_on_open(self) -> bool:
        """Whether reading the row asks for a refresh."""
        return bool(self.flags & FLAG_REFRESH_ON_OPEN)

    def freshness(self, now_ms: int) -> Freshness:
        """Return how current the row is at a time."""
        return freshness_of(self.flags, self.stale_after_ms, self.expired_after_ms, now_ms)


def pack_flags(*, segment: int, refresh_on_open: bool, is_default: bool) -> int:
    """Return the header's flags byte."""
    return (
        min(segment, _OWN_SEGMENT) << _SEGMENT_SHIFT
        | (FLAG_REFRESH_ON_OPEN if refresh_on_open else 0)
        | (FLAG_DEFAULT if is_default else 0)
    )


def segment_of(row: bytes) -> int:
    """Return the Segment number a row was computed for, without looking at the rest of its header."""
    number = (row[1] >> _SEGMENT_SHIFT) & _OWN_SEGMENT
    return row[2] if number == _OWN_SEGMENT else number


def freshness_of(flags: int, stale_after_ms: int, expired_after_ms: int, now_ms: int) -> Freshness:
    """Return how current a row with these header values is at a time."""
    # The module's own names: looking one up in the enum takes as long as a checksum.
    if flags & FLAG_DEFAULT:
        return FRESHNESS_DEFAULT
    if now_ms < stale_after_ms:
        return FRESHNESS_FRESH
    return FRESHNESS_STALE if now_ms < expired_after_ms else FRESHNESS_EXPIRED


def encode(
    database: bytes,
    key: bytes,
    body: bytes,
    *,
    flags: int,
    segment: int,
    revision: int,
    computed_at_ms: int,
    stale_after_ms: int,
    expired_after_ms: int,
) -> bytes:
    """Return a row for a key of a database: header with checksum, then `body`."""
    values = (revision, computed_at_ms, stale_after_ms, expired_after_ms)
    front = (ROW_VERSION, flags, segment if segment >= _OWN_SEGMENT else 0, 0)
    unsigned = _HEADER.pack(*front, 0, *values) + body
    return _HEADER.pack(*front, _checksum(database, key, unsigned), *values) + body


def decode_header(row: bytes) -> Header:
    """Return the header of a row without looking at its checksum.

    Raises:
        StoreCorruptError: The row is shorter than a header.
        StoreVersionError: The row is of a newer format.
    """
    if len(row) < HEADER_BYTES:
        raise StoreCorruptError(
            f"a stored row has {len(row)} bytes; its header alone has {HEADER_BYTES}", store=PROFILES
        )
    header = Header(*_HEADER.unpack_from(row))
    if header.version not in ROW_VERSIONS:
        raise StoreVersionError(
            f"a stored row has format {header.version}; this Foreword reads up to {ROW_VERSION}",
            hint="update Foreword, or restore a backup",
            store=PROFILES,
        )
    return header


def is_in_place(database: bytes, key: bytes, row: bytes) -> bool:
    """Return whether a row is of this version, as it was written, and written for this place.

    The checksum covers the name of the database, the key, and of the row bytes 0 to 3 (version and flags) and 8 to the
    end: all but itself.
    """
    if len(row) < HEADER_BYTES or row[0] != ROW_VERSION:
        return False
    stored: int = _CRC32C.unpack_from(row, 4)[0]
    return stored == _checksum(database, key, row)


def response_in_place(database: bytes, user: bytes, row: bytes, now_ms: int) -> bytes | None:
    """Return the response that a row of `profiles` or `forewords` holds; None for one that is not in place.

    What `is_in_place` and an answer take, at two thirds of the time: the body is copied out of the row once.
    """
    if len(row) < HEADER_BYTES:
        return None
    version, flags, stored, stale_after_ms, expired_after_ms = _ANSWER.unpack_from(row)
    body = row[HEADER_BYTES:]
    front = user + row[:4] + row[8:HEADER_BYTES]
    if version != ROW_VERSION or stored != extend(extend(_BEGINNINGS[database], front), body):
        return None
    return body + _FRESHNESS_FIELDS[database][freshness_of(flags, stale_after_ms, expired_after_ms, now_ms)]


def is_intact(database: bytes, key: bytes, row: bytes) -> bool:
    """Return whether a row is as it was written; for one of the former version that leaves open for which place."""
    if len(row) >= HEADER_BYTES and row[0] == FORMER_ROW_VERSION:
        checksum: int = extend(value(row[:4]), row[8:])
        return row[4:8] == _CRC32C.pack(checksum)
    return is_in_place(database, key, row)


def _checksum(database: bytes, key: bytes, row: bytes) -> int:
    checksum: int = extend(extend(_BEGINNINGS[database], key + row[:4]), row[8:])
    return checksum
