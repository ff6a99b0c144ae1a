"""Errors that only a serving daemon has."""

from __future__ import annotations

from foreword.errors import FieldError, ForewordError
from foreword.naming import quoted


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

    def __init__(self, setting: str, limit: int) -> None:
        super().__init__(
            f"{limit:,} such streams are open, as many as may be",
            hint=f"end one, let several share one, or raise {setting}",
        )
        self.setting = setting


class ConnectionsExhaustedError(ForewordError):
    """More connections are open than the native front takes.

    Attributes:
        setting: The key that limits them.
    """

    setting = "sidecar.connections_max"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"{limit:,} connections are open, as many as may be",
            hint=f"end one, let all callers of a process share one, or raise {self.setting}",
        )


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


class AccessError(ForewordError):
    """A caller may not do what they asked for.

    Attributes:
        cause: Why, in a word.
        right: What the call takes.
    """

    def __init__(self, message: str, *, cause: str, right: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.cause = cause
        self.right = right


class UnauthenticatedError(AccessError):
    """Who calls is not known: no token, none that is known, or one that has ended."""


class RightMissingError(AccessError):
    """A caller has not got the right that a method takes.

    Attributes:
        caller: Their name.
    """

    def __init__(self, caller: str, right: str) -> None:
        super().__init__(
            f"caller {caller} has not got the right to {right}",
            cause="right",
            right=right,
            hint=f'whoever runs the sidecar adds "{right}" to the rights of {caller} in the callers file',
        )
        self.caller = caller


class NamespaceForbiddenError(AccessError):
    """A caller has a right, but not in this namespace.

    Attributes:
        caller: Their name.
        namespace: Which; None for all of them at once.
    """

    def __init__(self, caller: str, right: str, namespace: str | None) -> None:
        where = "all namespaces at once" if namespace is None else f"namespace {quoted(namespace)}"
        super().__init__(
            f"caller {caller} has not got the right to {right} in {where}",
            cause="namespace",
            right=right,
            hint="name a namespace that the callers file gives them, or have it added there",
        )
        self.caller = caller
        self.namespace = namespace
