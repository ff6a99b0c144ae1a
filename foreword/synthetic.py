"""Simulated users: a namespace of their own, by which the one question is answered that keeps them apart."""

from __future__ import annotations

from collections.abc import Mapping

from foreword.errors import FieldError
from foreword.keys import namespace_prefix

NAMESPACE = "foreword.synthetic"
"""Where all simulated users are, whichever tenant's real users they are made after: they teach the one global model. By
the namespace, and not by a prefix of ids, because every key of the store begins with it: their rows are one range that
a walk over users steps over, and no id that an application gives out can fall into it by chance."""
PREFIX = namespace_prefix(NAMESPACE)
"""What the keys of all simulated users begin with."""
SOURCE = "source"
SIMULATED = "simulated"
USERS_MAX = 10_000
"""Simulated users of one run. Counts of real users step over them key by key, so there should not be millions; and a
global model learns nothing more from the ten-thousandth persona."""


def is_synthetic(user: bytes) -> bool:
    """Return whether a user key is a simulated user's.

    Nothing of theirs is ever refreshed: they have no profile, and so no part in populations, trends, cohorts and
    defaults; no walk over users meets them but those that say so (retention, and the training of the global model).
    """
    return user.startswith(PREFIX)


def check_event(namespace: str, attributes: Mapping[str, str]) -> None:
    """Refuse an event that is a simulated user's by its namespace and does not say so itself.

    So a namespace that is set by mistake makes nobody's events a simulated user's.

    Raises:
        FieldError: Names `namespace`.
    """
    if namespace == NAMESPACE and attributes.get(SOURCE) != SIMULATED:
        raise FieldError(
            "namespace",
            f"'{NAMESPACE}', which is kept for simulated users, without their mark",
            f"another namespace, or the attribute {SOURCE} = '{SIMULATED}'",
        )


def check_namespace(namespace: str) -> None:
    """Refuse to treat simulated users as people: to rank for them, to refresh them, to take their feedback.

    Raises:
        FieldError: Names `namespace`.
    """
    if namespace == NAMESPACE:
        raise FieldError(
            "namespace", f"'{NAMESPACE}', which is kept for simulated users", "a namespace of your users"
        )
