"""Limits on what a request may hold, as proto/foreword/v1 states them."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration

from foreword.errors import FieldError
from sidecar.errors import BatchTooLargeError

BATCH_MAX = 1000
WAIT_SECONDS_MAX = 60


def check_count(field: str, count: int) -> None:
    """Check that a batch holds 1 to 1,000 items.

    Raises:
        FieldError: It holds none.
        BatchTooLargeError: It holds more.
    """
    if count > BATCH_MAX:
        raise BatchTooLargeError(field, f"{count:,} items", f"1 to {BATCH_MAX:,} items")
    if not count:
        raise FieldError(field, "0 items", f"1 to {BATCH_MAX:,} items")


def wait_seconds(wait: Duration) -> float:
    """Return how long a caller asks to wait.

    Raises:
        FieldError: It is negative or over 60 seconds.
    """
    seconds = wait.seconds + wait.nanos / 1e9
    if not 0 <= seconds <= WAIT_SECONDS_MAX or wait.nanos < 0:
        raise FieldError("wait", f"{seconds:g} seconds", f"0 to {WAIT_SECONDS_MAX} seconds")
    return seconds
