"""The seal at the end of an event's row: a checksum, in the shape of a field that every parser passes over.

Profiles and forewords have theirs in a header, because their rows are answers as they stand. An event's row has room at
its end only: readers of schema 1 take all behind the first eight bytes for the message.
"""

from __future__ import annotations

import struct

from google_crc32c import extend, value

# Field 536,870,911, the highest there is, as a fixed32. That a row of schema 1 ends with these five bytes in this
# place is no more likely than that a checksum holds by chance.
_TAG = bytes.fromhex("fdffffff0f")
_CRC32C = struct.Struct("<I")
SEAL_BYTES = len(_TAG) + _CRC32C.size


def sealed(database: bytes, key: bytes, row: bytes) -> bytes:
    """Return a row with its seal: a CRC-32C of the database's name, the key and the row."""
    checksum: int = extend(value(database + key), row)
    return row + _TAG + _CRC32C.pack(checksum)


def unsealed(database: bytes, key: bytes, row: bytes) -> bytes | None:
    """Return a row without its seal; None when it does not hold. A row of schema 1 has none to lose."""
    if row[-9:-4] != _TAG:
        return row
    whole = row[:-9]
    checksum: int = extend(value(database + key), whole)
    return whole if row[-4:] == _CRC32C.pack(checksum) else None
