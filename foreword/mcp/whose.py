"""Whose server this is: a user bound where it was started, or named with each request by a trusted proxy."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, NamedTuple

from mcp.server import ServerRequestContext
from mcp.server.context import CallNext, HandlerResult

from foreword import keys
from foreword.admission import SESSION_ID_BYTES_MAX
from foreword.text_size import check_text

# Where the guard of the HTTP server leaves the user whom a proxy named.
SCOPE_KEY = "foreword.whose"


class Whose(NamedTuple):
    """The user that all of a request is about. No tool has an argument for it, so no model chooses it."""

    user_id: str
    namespace: str = ""
    session_id: str = ""
    """The running session, whose newest events a foreword names; empty for none."""

    def checked(self) -> Whose:
        """Return it as it is.

        Raises:
            FieldError: No user can have this id, no tenant this name, or no session its.
        """
        keys.user_key(self.user_id, self.namespace)
        check_text("session_id", self.session_id, SESSION_ID_BYTES_MAX)
        return self


_CURRENT: ContextVar[Whose] = ContextVar("whose")


def whose() -> Whose:
    """Return the user of the request under way."""
    return _CURRENT.get()


class Binding:
    """Binds each request to its user, before anything else is done with it.

    Args:
        fixed: The user of all requests; None where a proxy names one with each.
    """

    def __init__(self, fixed: Whose | None) -> None:
        self._fixed = fixed

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Do the rest of a request for its user: middleware of the SDK's."""
        request: Any = ctx.request
        found = self._fixed if self._fixed is not None else request.scope[SCOPE_KEY]
        before = _CURRENT.set(found)
        try:
            return await call_next(ctx)
        finally:
            _CURRENT.reset(before)
