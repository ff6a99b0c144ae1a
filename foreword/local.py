"""Reading profiles in process: the store mapped into memory, microseconds a read, no sidecar."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType

from foreword import arguments, keys
from foreword.budget import budget_tokens
from foreword.clock import Clock, SystemClock
from foreword.errors import StoreError, StoreMissingError
from foreword.keys import UserKey
from foreword.store.activity_reader import ActivityReader
from foreword.store.profile_reader import ProfileReader, open_when_present
from foreword.store.responses import DefaultResponses, cut_to_budget, foreword_response, profile_response
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse

# How often a missing store is looked for, and a replaced one noticed. Not configured: a reader has no configuration.
UPKEEP_SECONDS = 5.0


class LocalReader:
    """Reads profiles.lmdb in this process. A user nobody knows gets the default profile; a miss is never an error.

    Works before the scheduler has made the store, and follows a store that is restored in its place. Asks for no
    refresh. A user whose erasure was asked for is unknown at once, before the scheduler has done its part.
    Make it after a fork, never before. One reader serves all threads.

    Args:
        directory: The store's folder, `store.directory` of the configuration.
        clock: Decides freshness.

    Raises:
        StoreVersionError: A newer Foreword wrote the store.
        StoreCorruptError: The store is damaged as a whole, for instance cut short.
    """

    def __init__(self, directory: Path | str, *, clock: Clock | None = None) -> None:
        self._directory = Path(directory)
        self._now_ms = (clock or SystemClock()).now_ms
        self._defaults = DefaultResponses()
        self._reader: ProfileReader | None = None
        self._activity: ActivityReader | None = None
        self._upkeep_due = 0.0
        self._upkeep()

    def text(self, user_id: str, max_tokens: int = 200, *, namespace: str = "") -> str:
        """Return the prompt-ready text about a user within a budget of tokens; empty when nothing is known.

        Raises:
            FieldError: An argument is of the wrong kind, `user_id` or `namespace` too long, or `user_id` empty.
            StoreRowError: The user's row is damaged, or gone while the user's other rows are there.
            StoreError: The store cannot be used, for instance because its file was cut short.
        """
        return self.foreword(user_id, max_tokens, namespace=namespace).text

    def foreword(self, user_id: str, max_tokens: int = 200, *, namespace: str = "") -> GetForewordResponse:
        """Return the text within a budget, with its cuts and freshness; raises as `text` does."""
        # Looked at closely only when something is wrong: a whole read takes four microseconds.
        if max_tokens.__class__ is not int or max_tokens < 1:
            max_tokens = budget_tokens(arguments.tokens("max_tokens", max_tokens))
        response = GetForewordResponse.FromString(self.foreword_response(user_id, namespace))
        cut_to_budget(response, max_tokens)
        return response

    def profile(self, user_id: str, *, namespace: str = "") -> GetProfileResponse:
        """Return the profile of a user and how current it is; raises as `text` does."""
        return GetProfileResponse.FromString(self.profile_response(user_id, namespace))

    def profile_response(self, user_id: str, namespace: str = "") -> bytes:
        """Return the serialized GetProfileResponse of a user, unparsed; raises as `text` does."""
        reader = self._current()
        user = keys.user_key(user_id, namespace)
        row = None if reader is None or self._is_erased(user) else reader.profile_row(user)
        if row is None:
            return self._defaults.profile_response(user_id, namespace, reader)
        return profile_response(row, self._now_ms())

    def foreword_response(self, user_id: str, namespace: str = "") -> bytes:
        """Return the serialized GetForewordResponse of a user, unparsed; raises as `text` does."""
        reader = self._current()
        user = keys.user_key(user_id, namespace)
        row = None if reader is None or self._is_erased(user) else reader.foreword_row(user)
        if row is None:
            return self._defaults.foreword_response(namespace, reader)
        return foreword_response(row, self._now_ms())

    def close(self) -> None:
        """Release the store."""
        for reader in (self._reader, self._activity):
            if reader is not None:
                reader.close()
        self._reader = self._activity = None
        self._upkeep_due = float("inf")

    def __enter__(self) -> LocalReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _is_erased(self, user: UserKey) -> bool:
        # Asked before the profile is looked up: an erasure that is over has left no profile, and no row here.
        activity = self._activity
        return activity is not None and activity.is_erased(user)

    def _current(self) -> ProfileReader | None:
        # Taken first: a reader that another thread gives up meanwhile is not mistaken for a store that is not there.
        reader = self._reader
        if time.monotonic() >= self._upkeep_due:
            self._upkeep()
            reader = self._reader
        return reader

    def _upkeep(self) -> None:
        self._upkeep_due = time.monotonic() + UPKEEP_SECONDS
        try:
            self._look()
        except StoreError:
            # Said at every call until the store can be used again; served meanwhile, nobody would be known.
            self._upkeep_due = 0.0
            self._reader = self._activity = None
            raise

    def _look(self) -> None:
        # Activity first: no profile is served before erasures can be looked up.
        if self._activity is None:
            self._activity = _activity_when_present(self._directory)
        else:
            self._activity.refuse_cut()
            self._activity.upkeep()
        if self._reader is None:
            self._reader = open_when_present(self._directory)
        else:
            self._reader.refuse_cut()
            self._reader.upkeep()
        if self._reader is not None:
            self._defaults.follow(self._reader)


def _activity_when_present(directory: Path) -> ActivityReader | None:
    try:
        return ActivityReader(directory)
    except StoreMissingError:
        return None
