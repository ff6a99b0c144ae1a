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
_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _DIGITS for second in _DIGITS)
# Characters of a key come in pairs of ten bits; the last is filled up with zeros.
_PADDED_BITS = -8 * KEY_BYTES % 10
_SHIFTS = tuple(range(8 * KEY_BYTES + _PADDED_BITS - 10, -1, -10))


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
    """Return a key as the 26 characters of base32 that a client is given."""
    # Ten bits a step: `base64.b32encode`, and what brings its answer into shape, take five times as long.
    number = int.from_bytes(key, "big") << _PADDED_BITS
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def key_of(text: str) -> bytes | None:
    """Return the key behind a client's characters; None when they are no decision's."""
    try:
        key = base64.b32decode(text.upper().encode() + b"=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None
