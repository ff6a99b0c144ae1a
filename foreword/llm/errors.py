"""Why a model gave no answer."""

from __future__ import annotations

from typing import Literal, TypeAlias

from foreword.errors import ForewordError
from foreword.llm.answer import TokenUsage
from foreword.llm.rate_limit import RateLimit

ModelFailure: TypeAlias = Literal[
    "rate_limited",
    "overloaded",
    "unavailable",
    "timed_out",
    "unauthorized",
    "rejected",
    "malformed",
]
"""rate_limited: 429. overloaded: 529. unavailable: another 5xx, no connection, or one that broke. timed_out: no answer
within `agent.timeout_seconds`. unauthorized: the key is not accepted. rejected: another 4xx; the same request would be
rejected again. malformed: an answer that is none of the protocol's."""


class ModelError(ForewordError):
    """A model gave no answer.

    Attributes:
        failure: What kind of failure it is.
        retry_after_seconds: How long the provider asks to wait; None when it does not say.
        may_be_billed: Whether the request may have reached the model, so that it may cost something.
        usage: What the provider said it cost before the answer was lost; None when it said nothing.
        request_id: The provider's name for the call; empty when it gave none.
        limits: What the provider says it will still take.
        status: The HTTP status of the answer; 0 when there was none.
    """

    def __init__(
        self,
        message: str,
        *,
        failure: ModelFailure,
        hint: str = "",
        retry_after_seconds: float | None = None,
        may_be_billed: bool = False,
        usage: TokenUsage | None = None,
        request_id: str = "",
        limits: tuple[RateLimit, ...] = (),
        status: int = 0,
    ) -> None:
        super().__init__(message, hint=hint)
        self.failure = failure
        self.retry_after_seconds = retry_after_seconds
        self.may_be_billed = may_be_billed
        self.usage = usage
        self.request_id = request_id
        self.limits = limits
        self.status = status
