"""What a check of the store finds."""

from __future__ import annotations

from typing import NamedTuple

from foreword import keys


class Fault(NamedTuple):
    """One thing that is wrong with a store."""

    store: str
    """The database, such as `profiles.due`, or the environment, such as `profiles.lmdb`."""
    key: str
    """The row: `user`, `namespace/user`, or hexadecimal; empty for the database as a whole."""
    what: str
    """What is wrong, in one clause."""

    def __str__(self) -> str:
        return f"{self.store} {self.key}: {self.what}" if self.key else f"{self.store}: {self.what}"


def shown(key: bytes) -> str:
    """Return a key as a person would write it: by user where it is a user key, else in hexadecimal."""
    try:
        user_id, namespace = keys.split_user_key(key)
    except ValueError:
        return key.hex()
    return f"{namespace}/{user_id}" if namespace else user_id
