"""Reading profiles in process: the store mapped into memory, microseconds a read, no sidecar."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType

from foreword import arguments, keys
from foreword.budget import TOKENS_MAX, budget_tokens
from foreword.clock import Clock, SystemClock
from foreword.errors import StoreError
from foreword.keys import UserKey
from foreword.read_notes import ReadNotes
from foreword.store import databases as db
from foreword.store.accelerator import GivenUp, MappedReader
from foreword.store.activity_reader import ActivityReader
from foreword.store.codec import response_in_place
from foreword.store.following import Following, Opened
from foreword.store.responses import (
    ASKS_FOR_REFRESH,
    asks_for_refresh,
    cut_to_budget,
    foreword_response,
    profile_response,
)
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse

# Set to "off", `foreword-native` is not used, as if it were not installed.
NATIVE_VARIABLE = "FOREWORD_NATIVE"


class LocalReader:
    """Reads profiles.lmdb in this process. A user nobody knows gets the default profile; a miss is never an error.

    Works before the scheduler has made the store, and follows a store that is restored in its place. A user whose
    erasure was asked for is unknown at once, before the scheduler has done its part.
    Make it after a fork, never before. One reader serves all threads.

    Args:
        directory: The store's folder, `store.directory` of the configuration.
        clock: Decides freshness.
        native: Whether `foreword-native` is used where it is installed. The environment variable FOREWORD_NATIVE=off
            says no for the whole process.
        tells_reads: Whether the sidecar is told of users who are refreshed when read. No read waits for that, and
            without a sidecar nobody is told.

    Raises:
        StoreVersionError: A newer Foreword wrote the store.
        StoreCorruptError: The store is damaged as a whole, for instance cut short.
        StoreError: A restore was cut short, or the store was opened before this process was forked.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        clock: Clock | None = None,
        native: bool = True,
        tells_reads: bool = True,
    ) -> None:
        # None: the machine's clock, asked where the time is needed. `SystemClock` would be a call more in each read.
        self._clock = clock
        self._notes = ReadNotes(Path(directory)) if tells_reads else None
        self._tells = tells_reads
        wanted = native and os.environ.get(NATIVE_VARIABLE) != "off"
        self._store = Following(Path(directory), native=wanted)

    @property
    def native(self) -> bool:
        """Whether `foreword-native` answers; if not, Python makes the same answers."""
        return self._store.native is not None

    def text(self, user_id: str, max_tokens: int = TOKENS_MAX, *, namespace: str = "") -> str:
        """Return the prompt-ready text about a user within a budget of tokens; empty when nothing is known.

        Raises:
            FieldError: An argument is of the wrong kind, `user_id` or `namespace` too long, or `user_id` empty.
            StoreRowError: The user's row is damaged, or gone while the user's other rows are there.
            StoreError: The store cannot be used, for instance because its file was cut short.
        """
        # Looked at closely only when something is wrong: a whole read takes microseconds.
        if max_tokens.__class__ is not int or not 0 < max_tokens <= TOKENS_MAX:
            max_tokens = budget_tokens(arguments.tokens("max_tokens", max_tokens))
        native, clock = self._store.native, self._clock
        if native is not None:
            now_ms = None if clock is None else clock.now_ms()
            text: str | None = native.text(user_id, namespace, now_ms, self._tells, max_tokens)
            if text is not None:
                return text
        return _cut(self._read(db.FOREWORDS, user_id, namespace), max_tokens).text

    def foreword(
        self, user_id: str, max_tokens: int = TOKENS_MAX, *, namespace: str = ""
    ) -> GetForewordResponse:
        """Return the text within a budget, with its cuts and freshness; raises as `text` does."""
        if max_tokens.__class__ is not int or not 0 < max_tokens <= TOKENS_MAX:
            max_tokens = budget_tokens(arguments.tokens("max_tokens", max_tokens))
        return _cut(self.foreword_response(user_id, namespace), max_tokens)

    def profile(self, user_id: str, *, namespace: str = "") -> GetProfileResponse:
        """Return the profile of a user and how current it is; raises as `text` does."""
        return GetProfileResponse.FromString(self.profile_response(user_id, namespace))

    def profile_response(self, user_id: str, namespace: str = "") -> bytes:
        """Return the serialized GetProfileResponse of a user, unparsed; raises as `text` does."""
        native, clock = self._store.native, self._clock
        if native is not None:
            now_ms = None if clock is None else clock.now_ms()
            response: bytes | None = native.profile_response(user_id, namespace, now_ms, self._tells)
            if response is not None:
                return response
        return self._read(db.PROFILES, user_id, namespace)

    def foreword_response(self, user_id: str, namespace: str = "") -> bytes:
        """Return the serialized GetForewordResponse of a user, unparsed; raises as `text` does."""
        native, clock = self._store.native, self._clock
        if native is not None:
            now_ms = None if clock is None else clock.now_ms()
            response: bytes | None = native.foreword_response(user_id, namespace, now_ms, self._tells)
            if response is not None:
                return response
        return self._read(db.FOREWORDS, user_id, namespace)

    def close(self) -> None:
        """Release the store."""
        self._store.close()
        if self._notes is not None:
            self._notes.close()

    def __enter__(self) -> LocalReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, database: bytes, user_id: str, namespace: str) -> bytes:
        store = self._store
        # Taken first, as `current` does, and asked for only when there may be something to do.
        opened = store.opened
        if store.native is not None or time.monotonic() >= store.due:
            opened = store.current()
        elif opened.reader is None:
            # Perhaps given up a moment ago, when nothing was due either.
            opened = store.current()
        reader, activity = opened
        user = keys.user_key(user_id, namespace)
        try:
            # Asked before the profile is looked up: an erasure that is over has left no profile, and no row here.
            if reader is not None and (activity is None or not activity.is_erased(user)):
                row = reader.row_as_found(database, user)
                if row is not None:
                    clock = self._clock
                    now_ms = time.time_ns() // 1_000_000 if clock is None else clock.now_ms()
                    response = response_in_place(database, user, row, now_ms)
                    if response is not None:
                        if row[1] & ASKS_FOR_REFRESH:
                            self._tell(activity, user, now_ms)
                        return response
                response = self._look_closely(opened, database, user)
                if response is not None:
                    return response
            if database is db.PROFILES:
                return store.defaults.profile_response(user_id, namespace, reader)
            return store.defaults.foreword_response(namespace, reader)
        except GivenUp:
            # To py-lmdb, by which it is read from here on.
            return self._read(database, user_id, namespace)
        except StoreError:
            if opened == store.opened:
                raise
            # Of a store that another has taken the place of: it was closed meanwhile.
            return self._read(database, user_id, namespace)

    def _look_closely(self, opened: Opened, database: bytes, user: UserKey) -> bytes | None:
        """Return the response of a row that is missing, damaged, or of the former version; None for nobody's."""
        reader, activity = opened
        assert reader is not None
        is_profile = database is db.PROFILES
        row = reader.profile_row(user) if is_profile else reader.foreword_row(user)
        now_ms = (self._clock or SystemClock()).now_ms()
        if asks_for_refresh(row):
            self._tell(activity, user, now_ms)
        if row is None:
            return None
        return profile_response(row, now_ms) if is_profile else foreword_response(row, now_ms)

    def _tell(self, activity: ActivityReader | MappedReader | None, user: UserKey, now_ms: int) -> None:
        """Have a user refreshed of whom an event was ever accepted."""
        if self._notes is not None and activity is not None and activity.is_known(user):
            self._notes.tell(user, now_ms)


def _cut(serialized: bytes, tokens_max: int) -> GetForewordResponse:
    response = GetForewordResponse.FromString(serialized)
    cut_to_budget(response, tokens_max)
    return response
