"""Keys of the store: user keys that never contain one another, and times that sort."""

from __future__ import annotations

import struct
from typing import NewType

from foreword import arguments
from foreword.errors import FieldError

UserKey = NewType("UserKey", bytes)
"""A user in a namespace, as `user_key` makes it."""
EnvironmentId = NewType("EnvironmentId", bytes)
"""16 bytes that tell one LMDB environment from another; made at creation, kept by backups and compactions."""
ErasureId = NewType("ErasureId", bytes)
"""16 bytes that name an erasure without naming its user."""

USER_ID_BYTES_MAX = 256
NAMESPACE_BYTES_MAX = 64
EVENT_ID_BYTES_MAX = 128
# LMDB's own limit on a key. The longest we make is user key, time and event id: 1+64+1+256+8+128 = 458.
KEY_BYTES_MAX = 511

_U64 = struct.Struct(">Q")
_U32 = struct.Struct(">L")
_U8 = tuple(bytes((number,)) for number in range(256))
# What stands before a user's id outside of namespaces, by its size.
_NO_SPACE = tuple(bytes((0, number)) for number in range(256))


def user_key(user_id: str, namespace: str = "") -> UserKey:
    """Return the key of a user: `len(namespace) u8 ‖ namespace ‖ len(user_id) - 1 u8 ‖ user_id`.

    Lengths come first, so that no user's key is a prefix of another's and a namespace is one range.

    Raises:
        FieldError: `user_id` is not 1 to 256 bytes or `namespace` over 64 bytes of UTF-8, or one of them is no text.
    """
    try:
        user, space = user_id.encode(), namespace.encode()
    except (UnicodeEncodeError, AttributeError):
        user, space = _utf8("user_id", user_id), _utf8("namespace", namespace)
    if not 1 <= len(user) <= USER_ID_BYTES_MAX:
        raise FieldError("user_id", f"{len(user)} bytes", f"1 to {USER_ID_BYTES_MAX} bytes of UTF-8")
    if len(space) > NAMESPACE_BYTES_MAX:
        raise _too_long(space)
    # Joined from ready bytes: every read begins here, and a format string takes twice as long. Not wrapped in
    # UserKey(): the call alone would add a fifth.
    if not space:
        return _NO_SPACE[len(user) - 1] + user  # type: ignore[return-value]
    return _U8[len(space)] + space + _U8[len(user) - 1] + user  # type: ignore[return-value]


def split_user_key(key: bytes) -> tuple[str, str]:
    """Return `(user_id, namespace)` of a user key.

    Raises:
        ValueError: The bytes are no user key.
    """
    user_id, namespace, rest = _take_user_key(key)
    if rest:
        raise ValueError(f"{len(rest)} bytes follow the user key")
    return user_id, namespace


def user_key_size(key: bytes) -> int:
    """Return how many of the leading bytes of `key` are its user key."""
    space = key[0]
    return 1 + space + 1 + key[1 + space] + 1


def namespace_prefix(namespace: str) -> bytes:
    """Return what the keys of all users of a namespace begin with.

    Raises:
        FieldError: `namespace` is over 64 bytes of UTF-8.
    """
    space = _utf8("namespace", namespace)
    if len(space) > NAMESPACE_BYTES_MAX:
        raise _too_long(space)
    return b"%c%b" % (len(space), space)


def event_key(user: UserKey, time_ms: int, event_id: str) -> bytes:
    """Return the key of an event: `user key ‖ time_ms u64 big-endian ‖ event id`."""
    return user + _U64.pack(time_ms) + event_id.encode()


def due_key(due_ms: int, user: UserKey) -> bytes:
    """Return the key in the due index: `due_ms u64 big-endian ‖ user key`."""
    return _U64.pack(due_ms) + user


def u8(number: int) -> bytes:
    """Return `number` as one byte."""
    return _U8[number]


def u32(number: int) -> bytes:
    """Return `number` as 4 big-endian bytes, which sort as numbers do."""
    return _U32.pack(number)


def read_u32(data: bytes, offset: int = 0) -> int:
    """Return the 4 big-endian bytes at `offset` as a number."""
    number: int = _U32.unpack_from(data, offset)[0]
    return number


def u64(number: int) -> bytes:
    """Return `number` as 8 big-endian bytes, which sort as numbers do."""
    return _U64.pack(number)


def read_u64(data: bytes, offset: int = 0) -> int:
    """Return the 8 big-endian bytes at `offset` as a number."""
    number: int = _U64.unpack_from(data, offset)[0]
    return number


def _too_long(space: bytes) -> FieldError:
    return FieldError("namespace", f"{len(space)} bytes", f"at most {NAMESPACE_BYTES_MAX} bytes of UTF-8")


def _utf8(field: str, text: str) -> bytes:
    return arguments.text(field, text).encode()


def _take_user_key(key: bytes) -> tuple[str, str, bytes]:
    try:
        size = user_key_size(key)
        space = key[0]
    except IndexError as exc:
        raise ValueError("too short for a user key") from exc
    if len(key) < size:
        raise ValueError("too short for a user key")
    return key[space + 2 : size].decode(), key[1 : 1 + space].decode(), key[size:]
