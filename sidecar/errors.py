"""Errors that only a serving daemon has."""

from __future__ import annotations

from foreword.errors import FieldError, ForewordError


class BatchTooLargeError(FieldError):
    """A request holds more items than one call may."""


class QueueFullError(ForewordError):
    """More writes wait for the disk than the sidecar holds.

    Attributes:
        setting: The key that limits the queue.
    """

    setting = "sidecar.write_queue_events_max"


class DrainingError(ForewordError):
    """The sidecar is shutting down."""


class DeadlineError(ForewordError):
    """The caller's deadline passed before the work began."""


class BackfillStateError(ForewordError):
    """A backfill is under way where none may be, or none is where one is needed."""


class RankingOffError(ForewordError):
    """Ranking is turned off where the sidecar runs."""


class DecisionUnknownError(ForewordError):
    """No such decision is in the log."""


class ListenError(ForewordError):
    """An address cannot be served on."""


class FrontError(ForewordError):
    """The native front cannot be used."""
