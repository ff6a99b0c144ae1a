"""Who an agent works for: named by the application that runs it, never by a model."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import NamedTuple


class User(NamedTuple):
    """Who an agent works for.

    Attributes:
        user_id: The user, 1 to 256 bytes.
        namespace: The tenant's space, at most 64 bytes; None takes that of the Personalization.
        session_id: The conversation, at most 128 bytes; empty where the framework knows none.
    """

    user_id: str
    namespace: str | None = None
    session_id: str = ""


def user_of(source: object, *, session_id: str = "") -> User | None:
    """Return the user that a context names by `user_id`, `namespace` and `session_id`; None when it names none.

    Args:
        source: What the framework hands on from the application: a mapping, or an object with attributes. Whole numbers
            and UUIDs become text; everything else that is no text names nobody.
        session_id: The framework's own name of the conversation, where the context has none.
    """
    if isinstance(source, User):
        return source if source.session_id else source._replace(session_id=session_id)
    user_id = _named(source, "user_id")
    if not user_id:
        return None
    return User(user_id, _named(source, "namespace"), _named(source, "session_id") or session_id)


def _named(source: object, name: str) -> str | None:
    value = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
    if isinstance(value, (int, uuid.UUID)) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None
