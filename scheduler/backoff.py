"""How long a user whose refresh failed waits for the next attempt."""

from __future__ import annotations

import zlib

from foreword.config import Scheduler
from foreword.keys import UserKey

_JITTER_SHARE = 0.25
# 2^32 times any backoff exceeds the longest; beyond it the power would only overflow.
_DOUBLINGS_MAX = 32


def backoff_ms(user: UserKey, failures: int, settings: Scheduler) -> int:
    """Return the wait in ms after the `failures`th failure in a row.

    Doubles from `retry_backoff_seconds` to `retry_backoff_max_seconds`. Up to a quarter is added by a checksum of
    the user and the number of failures: users who failed together do not all come back together, and a test
    can foretell it.
    """
    doubled = settings.retry_backoff_seconds * 2 ** min(failures - 1, _DOUBLINGS_MAX)
    jitter = _JITTER_SHARE * zlib.crc32(b"%b%d" % (user, failures)) / 2**32
    return int(1000 * min(settings.retry_backoff_max_seconds, doubled * (1 + jitter)))
