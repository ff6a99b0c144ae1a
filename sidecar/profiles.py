"""profiles.lmdb as the sidecar sees it: perhaps not there yet, perhaps replaced, perhaps damaged in places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from foreword.errors import StoreCorruptError, StoreError
from foreword.keys import EnvironmentId, UserKey
from foreword.problems import Problems
from foreword.store import ProfileReader
from foreword.store.files import PROFILES
from foreword.store.profile_reader import open_when_present
from foreword.store.responses import DefaultResponses

COMPONENT = "sidecar.profiles"
# Damaged rows remembered by their user; beyond it the store is beyond naming.
DAMAGED_MAX = 1000
# Of them looked at again at each `follow`; a tenth of a millisecond.
LOOKS_MAX = 20

_Kind = Literal["profile", "foreword"]
_RowOf = Callable[[UserKey], bytes | None]


class Profiles:
    """Reads profiles whatever state their environment is in; without it every user is unknown.

    Attributes:
        hidden: Users to be treated as unknown, because their erasure is pending.
    """

    def __init__(self, directory: Path, *, readers_max: int, problems: Problems) -> None:
        self._reader: ProfileReader | None = None
        self._is_unreadable = False
        self.hidden: set[UserKey] = set()
        self._defaults = DefaultResponses()
        self._directory = directory
        self._readers_max = readers_max
        self._problems = problems
        self._damaged: set[tuple[_Kind, UserKey]] = set()
        self.follow()

    @property
    def reader(self) -> ProfileReader | None:
        """The reader; None while there is no environment that can be read.

        One that has just appeared is opened at once: the native front sees it, too, and reads through it must not be
        ahead of what is answered here.
        """
        if self._reader is None and not self._is_unreadable and (self._directory / PROFILES).exists():
            self.follow()
        return self._reader

    def profile_row(self, user: UserKey) -> bytes | None:
        """Return the row of a user in `profiles`; None when unknown, hidden or damaged."""
        reader = self.reader
        return None if reader is None else self._row("profile", reader.profile_row, user)

    def foreword_row(self, user: UserKey) -> bytes | None:
        """Return the row of a user in `forewords`; None when unknown, hidden or damaged."""
        reader = self.reader
        return None if reader is None else self._row("foreword", reader.foreword_row, user)

    def default_profile_response(self, user_id: str, namespace: str) -> bytes:
        """Return the serialized GetProfileResponse of a user without a row."""
        return self._defaults.profile_response(user_id, namespace, self.reader)

    def default_foreword_response(self, namespace: str) -> bytes:
        """Return the serialized GetForewordResponse of a user without a row."""
        return self._defaults.foreword_response(namespace, self.reader)

    def profile_rows(self, users: list[UserKey]) -> list[bytes | None]:
        """Return the rows of many users from one snapshot, each as `profile_row` would."""
        reader = self.reader
        if reader is None:
            return [None] * len(users)
        if self._damaged or not self.hidden.isdisjoint(users):
            return [self.profile_row(user) for user in users]
        try:
            return reader.profile_rows(users)
        except StoreCorruptError:
            return [self.profile_row(user) for user in users]

    def taken_trigger(self, activity_id: EnvironmentId) -> int:
        """Return the newest trigger taken of the activity environment with this id; 0 when unknown."""
        reader = self.reader
        try:
            return 0 if reader is None else reader.trigger_cursor(activity_id)
        except StoreError:
            return 0

    def follow(self) -> None:
        """Open an environment that has appeared, follow one that was replaced, and take over stored defaults."""
        try:
            if self._reader is None:
                self._reader = open_when_present(self._directory, readers_max=self._readers_max)
            elif self._reader.was_replaced():
                self._reader.upkeep()
            else:
                self._refuse_cut(self._reader)
            if self._reader is not None:
                self._defaults.follow(self._reader)
                self._look_again(self._reader)
        except StoreError as exc:
            self._is_unreadable = True
            self._problems.note(COMPONENT, "unreadable", f"default profiles are served: {exc}")
        else:
            self._is_unreadable = False
            self._problems.end(COMPONENT, "unreadable")

    def _refuse_cut(self, reader: ProfileReader) -> None:
        try:
            reader.refuse_cut()
        except StoreCorruptError:
            # Not closed: a thread may be counting in it.
            self._reader = None
            raise

    def free_reader_slots(self) -> None:
        """Free the slots of readers that died; they would pin pages and let the file grow."""
        if self._reader is not None:
            self._reader.upkeep()

    def close(self) -> None:
        """Release the environment, for good."""
        self._is_unreadable = True
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _row(self, kind: _Kind, row_of: _RowOf, user: UserKey) -> bytes | None:
        if user in self.hidden:
            return None
        try:
            row = row_of(user)
        except StoreCorruptError as exc:
            self._note_damage(kind, user, exc)
            return None
        if self._damaged and (kind, user) in self._damaged:
            self._forget_damage(kind, user)
        return row

    def _note_damage(self, kind: _Kind, user: UserKey, exc: StoreCorruptError) -> None:
        if len(self._damaged) < DAMAGED_MAX:
            self._damaged.add((kind, user))
        count = len({user for _, user in self._damaged})
        users = "1 user" if count == 1 else f"{count} users"
        self._problems.note(
            COMPONENT,
            "damaged",
            f"rows of {users} in {PROFILES} are damaged; they get the default profile: {exc}",
        )

    def _look_again(self, reader: ProfileReader) -> None:
        """See whether damaged rows were mended: behind the native front, nobody else who reads them would say so."""
        for kind, user in list(self._damaged)[:LOOKS_MAX]:
            self._row(kind, reader.profile_row if kind == "profile" else reader.foreword_row, user)

    def _forget_damage(self, kind: _Kind, user: UserKey) -> None:
        # Of a user's two rows the other may still be damaged: nothing of it was seen here.
        self._damaged.discard((kind, user))
        if not self._damaged:
            self._problems.end(COMPONENT, "damaged")
