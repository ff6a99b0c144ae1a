"""Failing calls in our words: raised where asked for, else logged sparingly."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import cast

import grpc

from foreword.errors import FieldError, ForewordError, ServiceError
from foreword.v1.error_reason_pb2 import ErrorReason

WARN_SECONDS = 60.0
# Mistakes in a program are few; a program that builds field names from data must not fill the memory.
MISTAKES_MAX = 100

logger = logging.getLogger("foreword.client")


class Failures:
    """Raises failures, or logs them: a failing call at most once a minute, a mistake in the program once.

    Args:
        target: Where the sidecar serves.
        timeout_seconds: Longest time of one call.
        raises: Whether failures are raised.
        monotonic: Tells seconds.
    """

    def __init__(
        self,
        target: str,
        timeout_seconds: float,
        *,
        raises: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = target
        self._timeout_seconds = timeout_seconds
        self.raises = raises
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._warn_due = monotonic()
        self._unsaid_count = 0
        self._mistakes: set[str] = set()

    def handle(
        self, exc: Exception, *, always_raises: bool = False, never_raises: bool = False
    ) -> ForewordError:
        """Return what went wrong after logging it, or raise it; an argument of the wrong kind is never hushed up."""
        error = exc if isinstance(exc, FieldError) else self.translate(exc)
        if always_raises or (self.raises and (isinstance(error, FieldError) or not never_raises)):
            # An error of ours comes with its cause.
            raise error from (exc.__cause__ if error is exc else exc)
        if isinstance(error, FieldError):
            self.log_mistake(error)
        else:
            self._log_failure(error)
        return error

    def log_mistake(self, error: FieldError) -> None:
        """Log what only a change of the program mends: once, since a line a minute would say nothing new."""
        # The place in a list, or a key of the caller's, makes it no other mistake.
        what = f"{error.field.partition('[')[0]}: {error.allowed}"
        with self._lock:
            if what in self._mistakes or len(self._mistakes) >= MISTAKES_MAX:
                return
            self._mistakes.add(what)
        logger.warning("%s; not sent, and said only once", error)

    def log_unwritten(self, exc: Exception) -> None:
        """Log that an application's own writing of a core failed, and that the stale one serves; what it said may
        hold a user's words.
        """
        logger.warning("a stale core serves, since writing a new one raised %s", type(exc).__name__)

    def translate(self, exc: Exception, timeout_seconds: float = 0.0) -> ServiceError:
        """Return a failure in our words, of a call that had a time of its own where `timeout_seconds` is one."""
        if isinstance(exc, ServiceError):
            return exc
        if isinstance(exc, grpc.RpcError):
            return self._translate_call(exc, timeout_seconds or self._timeout_seconds)
        return ServiceError(f"the call could not be made: {exc}", reason="FIELD_INVALID")

    def silent(self) -> ServiceError:
        """Return the error of a sidecar that let an earlier call wait in vain."""
        return ServiceError(
            f"the sidecar at {self._target} did not answer within {self._timeout_seconds:g} s; "
            "whether it does again is being asked",
            reason=grpc.StatusCode.DEADLINE_EXCEEDED.name,
            hint="allow more with timeout_seconds, or see what keeps the machine busy",
        )

    def _log_failure(self, error: ForewordError) -> None:
        with self._lock:
            self._unsaid_count += 1
            if self._monotonic() < self._warn_due:
                return
            self._warn_due = self._monotonic() + WARN_SECONDS
            count, self._unsaid_count = self._unsaid_count, 0
        logger.warning("%s; answering as if nothing were known (failed calls: %d)", error, count)

    def _translate_call(self, exc: grpc.RpcError, timeout_seconds: float) -> ServiceError:
        code, details = exc.code(), exc.details() or ""
        info = _error_info(exc)
        if info is not None:
            reason, metadata = info
            return ServiceError(
                details, reason=reason, hint=metadata.get("hint", ""), metadata=metadata, from_sidecar=True
            )
        if code is grpc.StatusCode.UNAVAILABLE:
            return ServiceError(
                f"no sidecar answers at {self._target}: {details}",
                reason=code.name,
                hint="start one with `foreword up`; it says where it serves",
            )
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return ServiceError(
                f"the sidecar at {self._target} did not answer within {timeout_seconds:g} s",
                reason=code.name,
                hint="allow more with timeout_seconds, or see what keeps the machine busy",
            )
        return ServiceError(f"{code.name}: {details}", reason=code.name)


def error_reason(error: ForewordError) -> ErrorReason:
    """Return why a call was refused, as the value that a refused event has too.

    An error names it without its prefix: FIELD_INVALID for ERROR_REASON_FIELD_INVALID. Unspecified for what the
    sidecar did not say, such as that none answered.
    """
    reason = "FIELD_INVALID" if isinstance(error, FieldError) else getattr(error, "reason", "")
    number = dict(ErrorReason.items()).get(f"ERROR_REASON_{reason}", ErrorReason.ERROR_REASON_UNSPECIFIED)
    return cast(ErrorReason, number)


def _error_info(exc: grpc.RpcError) -> tuple[str, dict[str, str]] | None:
    """Return reason and metadata of the google.rpc.ErrorInfo that came with an error, or None."""
    # Sync and asyncio name their metadata by different types; both yield pairs.
    trailing: Iterable[tuple[str, str | bytes]] = exc.trailing_metadata() or ()  # type: ignore[assignment]
    value = dict(trailing).get("grpc-status-details-bin")
    if not isinstance(value, bytes):
        return None
    # Only an error needs them; a tenth of the time that importing the client may take.
    from google.protobuf.message import DecodeError
    from google.rpc import error_details_pb2, status_pb2

    info = error_details_pb2.ErrorInfo()
    try:
        found = any(detail.Unpack(info) for detail in status_pb2.Status.FromString(value).details)
    except DecodeError:
        return None
    return (info.reason, dict(info.metadata)) if found else None
