"""Who an agent works for: named by the application that runs it, never by a model."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import NamedTuple

from foreword.errors import FieldError

logger = logging.getLogger("foreword.integrations")
# What was said of a kind of value is not said of the next one.
_said: set[tuple[str, type]] = set()


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


def user_of(source: object, *, session_id: object = "") -> User | None:
    """Return the user that a context names by `user_id`, `namespace` and `session_id`; None when it names none.

    Never raises: what is of a wrong kind names nothing, which is logged once for each kind.

    Args:
        source: What the framework hands on from the application: a mapping, or an object with attributes, such as a
            User. Whole numbers and UUIDs become text; everything else that is no text names nobody.
        session_id: The framework's own name of the conversation, where the context has none.
    """
    if isinstance(source, (str, bytes, int, float, uuid.UUID)):
        _say("user", source, "an object or mapping with `user_id`, such as User('ada')")
        return None
    user_id = _text("user_id", _named(source, "user_id"))
    given = _named(source, "namespace")
    namespace = _text("namespace", given)
    # Without its namespace a user would be another tenant's.
    if not user_id or (given is not None and namespace is None):
        return None
    conversation = _text("session_id", _named(source, "session_id")) or _text("session_id", session_id)
    return User(user_id, namespace, conversation or "")


def required(source: object) -> User:
    """Return the user for whom something is made.

    Raises:
        FieldError: It names none.
    """
    user = user_of(source)
    if user is None:
        raise FieldError("user", f"{source!r} ({type(source).__name__})", "a User (write User('ada'))")
    return user


def _named(source: object, name: str) -> object:
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)


def _text(name: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, uuid.UUID)) and not isinstance(value, bool):
        return str(value)
    _say(name, value, "text, a whole number or a UUID")
    return None


def _say(name: str, value: object, allowed: str) -> None:
    if (said := (name, type(value))) not in _said:
        _said.add(said)
        logger.warning("%s: found a %s; allowed: %s; it names nothing", name, type(value).__name__, allowed)
