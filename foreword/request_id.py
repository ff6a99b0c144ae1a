"""The name of the call that is being answered, so that what is logged of it can be found again."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

# As a header carries it; long enough for the ids that gateways make, UUIDs and W3C trace parents among them.
LENGTH_MAX = 128
_FORM = re.compile(rf"[A-Za-z0-9._:/+=@-]{{1,{LENGTH_MAX}}}")
_BYTES = 8


class Request:
    """One call. Its id is made when somebody first asks, which for most calls is never.

    Args:
        given: The id the caller gave; one that is no id (another character, too long) counts as none.
    """

    __slots__ = ("_id",)

    def __init__(self, given: str = "") -> None:
        self._id = given if given and _FORM.fullmatch(given) else ""

    @property
    def id(self) -> str:
        """The caller's id, else one of 16 hexadecimal digits."""
        if not self._id:
            self._id = secrets.token_hex(_BYTES)
        return self._id

    @property
    def is_named(self) -> bool:
        """Whether anybody knows it by its id: the caller gave one, or it stands in a log line or an error."""
        return bool(self._id)


current: ContextVar[Request | None] = ContextVar("request", default=None)
"""The call that this task, or the thread it waits for, works for; None outside of calls."""
