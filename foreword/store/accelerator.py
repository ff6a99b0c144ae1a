"""Reading in process by `foreword-native`, where that is installed: a read takes a quarter of the time.

It answers what is ordinary by itself. For the rest it hands out rows as they are found, so that whatever is damaged, of
a former version or missing is judged here, in the words of `ProfileReader`.
"""

from __future__ import annotations

import functools
import logging
import os
from pathlib import Path
from typing import Any

from foreword import keys
from foreword.errors import StoreCorruptError
from foreword.keys import UserKey
from foreword.store import databases as db
from foreword.store import sharing
from foreword.store.files import ENVIRONMENTS, LOCK_FILE, PROFILES
from foreword.store.inherited import inherited
from foreword.store.lending import borrow, is_alone
from foreword.store.profile_reader import rows_in_place
from foreword.store.stored_row import damaged, is_sound, refuse_lost
from foreword.store.translation import translate

_log = logging.getLogger("foreword.store")

# Slots of LMDB's reader table, as everywhere; the first process to open an environment decides.
READERS_MAX = 2048
# What the module's functions mean; native/src/python.rs has the same number.
PROTOCOL = 1
_BY_EFFECTIVE_IDS = os.access in os.supports_effective_ids


class GivenUp(Exception):
    """The store was given up meanwhile, to whoever opens it by py-lmdb."""


class MappedReader:
    """Finds rows of both environments where `mapped`, the module's own object, cannot answer.

    Attributes:
        mapped: Answers by itself, or with None.

    Args:
        directory: The store's folder.
        mapped: From the module, borrowed.
    """

    def __init__(self, directory: Path, mapped: Any) -> None:
        self.mapped = mapped
        self._directory = directory
        self._paths = [directory / name for name in ENVIRONMENTS]

    def follow(self, again_seconds: float) -> bool:
        """Map what has appeared or was replaced; return whether it can be read here.

        Args:
            again_seconds: When this is to be called again.

        Raises:
            StoreError: The store was opened before this process was forked.
        """
        if self.mapped.is_inherited:
            raise inherited(self._directory)
        return bool(sharing.lent(self._directory, lambda: self._follow(again_seconds)))

    def _follow(self, again_seconds: float) -> bool:
        return (
            is_alone(self.mapped, self._paths)
            and all(map(_may_lock, self._paths))
            and self.mapped.follow(again_seconds)
        )

    def row_as_found(self, database: bytes, user: UserKey) -> bytes | None:
        """Return the row of a user key in `profiles` or `forewords`, perhaps damaged; None where none is found."""
        return self._rows((database, user))[0]

    def profile_row(self, user: UserKey) -> bytes | None:
        """Return the row of a user key in `profiles`; None on a miss.

        Raises:
            StoreCorruptError: The row is damaged, another user's, or gone while the user's other rows are there.
        """
        return self._sound_row(db.PROFILES, user)

    def foreword_row(self, user: UserKey) -> bytes | None:
        """Return the row of a user key in `forewords`; None on a miss; raises as `profile_row`."""
        return self._sound_row(db.FOREWORDS, user)

    def default_profile_row(self) -> bytes | None:
        """Return the stored default profile's row, or None when the scheduler has set none."""
        return self._rows((db.META, db.META_DEFAULT_PROFILE))[0]

    def default_foreword_row(self) -> bytes | None:
        """Return the stored default foreword's row, or None when the scheduler has set none."""
        return self._rows((db.META, db.META_DEFAULT_FOREWORD))[0]

    def namespace_default_rows(self, namespace: str) -> tuple[bytes, bytes] | None:
        """Return the rows of a namespace's default; None where it has none of its own, or one that is damaged."""
        prefix = keys.namespace_prefix(namespace)
        names = (prefix + db.DEFAULT_PROFILE, prefix + db.DEFAULT_FOREWORD)
        profile_row, foreword_row = self._rows(*((db.DEFAULTS, name) for name in names))
        return rows_in_place(names, (profile_row, foreword_row))

    def is_erased(self, user: UserKey) -> bool:
        """Return whether an erasure of a user is pending, who is then served as unknown."""
        return self._rows((db.CONTROLS, user))[0] is not None

    def is_known(self, user: UserKey) -> bool:
        """Return whether an event of a user was ever accepted."""
        return self._rows((db.USERS, user))[0] is not None

    def close(self) -> None:
        """End this use of the store."""
        sharing.returned(self.mapped)

    def _sound_row(self, database: bytes, user: UserKey) -> bytes | None:
        names = (db.PROFILES, db.FOREWORDS, db.REFRESH_STATES)
        rows = dict(zip(names, self._rows(*((name, user) for name in names)), strict=True))

        def get(name: bytes, _: bytes) -> bytes | None:
            return rows[name]

        row = rows[database]
        if row is None:
            refuse_lost(get, database, user)
        elif not is_sound(get, database, user, row):
            raise damaged(user, row)
        return row

    def _rows(self, *places: tuple[bytes, bytes]) -> list[bytes | None]:
        """Return rows by database and key, all from one view."""
        try:
            rows: list[bytes | None] | None = self.mapped.rows(places)
        except OSError as exc:
            if exc.errno:
                raise translate(PROFILES, exc) from exc
            raise StoreCorruptError(
                f"the store is damaged: {exc}", hint="run `foreword store check`, then restore a backup"
            ) from exc
        if rows is None:
            raise GivenUp
        return rows


def mapped_reader(directory: Path, again_seconds: float) -> MappedReader | None:
    """Return a reader of a store by `foreword-native`; None where that is not installed, or cannot read it.

    Why it cannot, says whoever then opens the store by py-lmdb.

    Args:
        directory: The store's folder.
        again_seconds: When `follow` is to be called.

    Raises:
        StoreError: The store was opened before this process was forked.
    """
    module = _module()
    if module is None:
        return None
    mapped = sharing.lent(
        directory, lambda: borrow(directory, lambda: module.MappedStore(directory, READERS_MAX))
    )
    if mapped is None:
        return None
    reader = MappedReader(directory, mapped)
    if reader.follow(again_seconds):
        return reader
    reader.close()
    return None


@functools.cache
def _module() -> Any:
    try:
        import foreword_native
    except ImportError:
        return None
    if foreword_native.PROTOCOL != PROTOCOL:
        _log.warning(
            "foreword-native is of another version than this Foreword, and is not used; install the one of this version"
        )
        return None
    return foreword_native


def _may_lock(path: Path) -> bool:
    """Return whether a reader can register with the writer; where not, py-lmdb reads, and the log says so."""
    return not path.exists() or os.access(path / LOCK_FILE, os.W_OK, effective_ids=_BY_EFFECTIVE_IDS)
