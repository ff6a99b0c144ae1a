"""What can go wrong between a question and its answer."""

from __future__ import annotations

from foreword.errors import ForewordError
from foreword.v1.answer_pb2 import PrivateReason


class CacheError(ForewordError):
    """The cache of cores cannot be read or written; answers go on without it."""


class CoreExistsError(ForewordError):
    """A person put a core for this question, and nobody said that it may be replaced."""


class NoAnswerError(ForewordError):
    """There is no core, and none can be had now.

    Attributes:
        tried: What was tried, a sentence each.
        private_reason: Set where the question is not shared.
    """

    def __init__(
        self,
        message: str,
        *,
        tried: tuple[str, ...],
        private_reason: PrivateReason = PrivateReason.PRIVATE_REASON_UNSPECIFIED,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.tried = tried
        self.private_reason = private_reason


class UnusableAnswerError(ForewordError):
    """A model answered, and what it said cannot be used; the sentence says why."""


class NotShareableError(UnusableAnswerError):
    """What a model wrote for a shared question is for nobody but the asker; the sentence says why."""
