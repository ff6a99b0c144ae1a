"""What can go wrong between a question and its answer."""

from __future__ import annotations

from foreword.errors import ForewordError


class CacheError(ForewordError):
    """The cache of cores cannot be read or written; answers go on without it."""


class CoreExistsError(ForewordError):
    """A person put a core for this question, and nobody said that it may be replaced."""


class NoAnswerError(ForewordError):
    """There is no core, and none can be had now.

    Attributes:
        tried: What was tried, a sentence each.
    """

    def __init__(self, message: str, *, tried: tuple[str, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.tried = tried
