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


class StreamsExhaustedError(ForewordError):
    """More streams are open than the sidecar takes.

    Attributes:
        setting: The key that limits them.
    """

    def __init__(self, setting: str, limit: int, *, what: str = "such streams") -> None:
        super().__init__(
            f"{limit:,} {what} are open, as many as may be",
            hint=f"end one, let several share one, or raise {setting}",
        )
        self.setting = setting


class ConnectionsExhaustedError(StreamsExhaustedError):
    """More connections are open than the sidecar takes."""

    def __init__(self, limit: int) -> None:
        super().__init__("sidecar.connections_max", limit, what="connections")


class ResyncRequiredError(ForewordError):
    """A watch cannot go on without a gap.

    Attributes:
        cause: `place` when the store does not have the place to go on from; `erasure` when somebody was erased
            meanwhile whose name is gone.
    """

    def __init__(self, message: str, *, cause: str) -> None:
        super().__init__(message, hint="watch anew without a token; the snapshot tells what is there")
        self.cause = cause


class FeedError(ForewordError):
    """A feed of events ended before its end.

    Attributes:
        error: Why.
        settled_count: How many of its first events need not be sent again.
    """

    def __init__(self, error: ForewordError, settled_count: int) -> None:
        super().__init__(error.message, hint=error.hint)
        self.error = error
        self.settled_count = settled_count


class FrontError(ForewordError):
    """The native front cannot be used."""
