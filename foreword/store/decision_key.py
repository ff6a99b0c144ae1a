"""Keys of logged decisions: those of one user side by side, their time within, and no user's name."""

from __future__ import annotations

import base64
import binascii
import hashlib

from foreword import keys
from foreword.keys import UserKey

_DIGEST_BYTES = 6
_TIME_BYTES = 6
_RANDOM_BYTES = 4
KEY_BYTES = _DIGEST_BYTES + _TIME_BYTES + _RANDOM_BYTES


def user_digest(user: UserKey) -> bytes:
    """Return what the keys of all decisions for a user begin with; seldom another user's, whom the row tells apart."""
    return hashlib.blake2b(user, digest_size=_DIGEST_BYTES, person=b"fwd decision").digest()


def decision_key(user: UserKey, time_ms: int, number: int) -> bytes:
    """Return the key of a decision: `digest of the user ‖ time_ms u48 big-endian ‖ number u32`.

    Args:
        user: For whom.
        time_ms: When.
        number: Tells decisions for one user within a millisecond apart; drawn at random.
    """
    return user_digest(user) + keys.u64(time_ms)[-_TIME_BYTES:] + keys.u32(number)


def decision_time_ms(key: bytes) -> int:
    """Return when a decision was made."""
    return int.from_bytes(key[_DIGEST_BYTES : _DIGEST_BYTES + _TIME_BYTES], "big")


def decision_id(key: bytes) -> str:
    """Return a key as the 26 characters that a client is given."""
    return base64.b32encode(key).decode().rstrip("=").lower()


def key_of(text: str) -> bytes | None:
    """Return the key behind a client's characters; None when they are no decision's."""
    try:
        key = base64.b32decode(text.upper().encode() + b"=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None
