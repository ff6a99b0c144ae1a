"""Errors as the Messages API says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from foreword.errors import ForewordError

Envelope: TypeAlias = dict[str, Any]

# The types the API gives its statuses; any other 5xx is an `api_error`.
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class ApiError(ForewordError):
    """A request that is answered with an error.

    Attributes:
        status: Of the HTTP answer.
        headers: What stands in it beside the envelope.
    """

    def __init__(self, status: int, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})

    @property
    def type(self) -> str:
        """The API's name for this kind of error."""
        return _TYPES.get(self.status, "api_error")


def invalid(message: str) -> ApiError:
    """Return the error of a request that breaks the API's rules."""
    return ApiError(400, message)


def envelope(error: ApiError, request_id: str) -> Envelope:
    """Return the body of an error as the Messages API has it."""
    return {
        "type": "error",
        "error": {"type": error.type, "message": error.message},
        "request_id": request_id,
    }


def chat_envelope(error: ApiError) -> Envelope:
    """Return the body of an error as chat completions have it."""
    return {"error": {"message": error.message, "type": error.type, "param": None, "code": None}}
