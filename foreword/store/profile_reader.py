"""Reading profiles.lmdb: the hot path of every request, and the operator's views."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import lmdb
from google.protobuf.message import DecodeError

from foreword import keys
from foreword.errors import StoreError, StoreMissingError, StoreRowError
from foreword.keys import EnvironmentId, ErasureId, UserKey
from foreword.store import databases as db
from foreword.store.change_reader import ChangeReader
from foreword.store.codec import HEADER_BYTES, Header, decode_header, is_in_place
from foreword.store.files import PROFILES
from foreword.store.id_search import looked_at
from foreword.store.model_reader import ModelReader
from foreword.store.reader import Reader, begin, prefixed
from foreword.store.stored_row import (
    damaged,
    is_sound,
    is_sound_revision,
    parsed_state,
    refuse_lost,
    unknown_state,
)
from foreword.store.translation import translated
from foreword.store.v1.store_pb2 import (
    BackfillRow,
    ErasureReceipt,
    PolicyInForce,
    Population,
    SchedulerProblem,
    SchedulerProblems,
    TopicProposals,
    Trends,
)
from foreword.v1.profile_pb2 import Profile
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse
from foreword.v1.refresh_pb2 import LedgerEntry, LedgerTotals, RefreshOutcome, RefreshState

# Stands in the row of everybody whose newest refresh failed, and by chance in another's.
_FAILED = RefreshState(outcome=RefreshOutcome.REFRESH_OUTCOME_FAILED).SerializeToString()

# A key that was looked at, and its row with its key where it may be one that is looked for.
_Looked: TypeAlias = tuple[bytes, tuple[bytes, bytes] | None]


class ScheduledUser(NamedTuple):
    """A user the scheduler knows."""

    user: UserKey
    header: Header | None
    """Of the profile; None without one that can be read."""
    state: RefreshState


class ProfileReader(Reader):
    """Reads profiles.lmdb while another process writes it.

    All methods return copies that stay valid. One reader serves all threads of a process.

    Attributes:
        model: Reads what concerns language models.
        changes: Reads the order of changes.

    Args:
        directory: The store's folder.
        readers_max: Reader slots; the first process to open the environment decides.

    Raises:
        StoreMissingError: No scheduler has made the environment yet.
    """

    def __init__(self, directory: Path, *, readers_max: int = 2048) -> None:
        super().__init__(directory / PROFILES, db.PROFILE_DATABASES, readers_max=readers_max)
        self.model = ModelReader(self)
        self.changes = ChangeReader(self)

    # -- the hot path: one lookup each, no parsing ----------------------------------------------------------

    def profile_row(self, user: UserKey) -> bytes | None:
        """Return the row of a user key in `profiles`: header ‖ serialized GetProfileResponse; None on a miss.

        Raises:
            StoreCorruptError: The row is damaged, another user's, or gone while the user's other rows are there.
        """
        return self._row(db.PROFILES, user)

    def foreword_row(self, user: UserKey) -> bytes | None:
        """Return the row of a user key in `forewords`: header ‖ serialized GetForewordResponse; None on a miss.

        Raises:
            StoreCorruptError: As for `profile_row`.
        """
        return self._row(db.FOREWORDS, user)

    def row_as_found(self, database: bytes, user: UserKey) -> bytes | None:
        """Return the row of a user key in `profiles` or `forewords`, perhaps damaged; None where none is found."""
        environment = self._environment
        # try/except rather than the `translated` block: this costs nothing when nothing fails. The handle by position,
        # the transaction ended by its last reference: a keyword and a `with` block take a quarter of a microsecond.
        try:
            row: bytes | None = environment.lmdb.begin(environment.handles[database]).get(user)
        except lmdb.Error as exc:
            row = self._again(exc, environment, lambda: self._get(database, user))
        return row

    def profile_rows(self, users: list[UserKey]) -> list[bytes | None]:
        """Return the rows of many user keys in order, those that are there from one snapshot.

        Raises:
            StoreCorruptError: A row is damaged, another user's, or gone.
        """
        environment = self._environment
        try:
            rows = self._rows_now(users)
        except lmdb.Error as exc:
            rows = self._again(exc, environment, lambda: self._rows_now(users))
        return [
            row
            if row is not None and is_in_place(db.PROFILES, user, row)
            else self._looked_at_closely(db.PROFILES, user)
            for user, row in zip(users, rows, strict=True)
        ]

    def _rows_now(self, users: list[UserKey]) -> list[bytes | None]:
        environment = self._environment
        with environment.lmdb.begin(db=environment.handles[db.PROFILES]) as txn:
            return list(map(txn.get, users))

    def _row(self, database: bytes, user: UserKey) -> bytes | None:
        row = self.row_as_found(database, user)
        # What is in place needs no second look. A miss, a row of the former version and a damaged one do.
        if row is not None and is_in_place(database, user, row):
            return row
        return self._looked_at_closely(database, user)

    def _looked_at_closely(self, database: bytes, user: UserKey) -> bytes | None:
        environment = self._environment
        try:
            return self._sound_row(database, user)
        except lmdb.Error as exc:
            return self._again(exc, environment, lambda: self._sound_row(database, user))

    def _sound_row(self, database: bytes, user: UserKey) -> bytes | None:
        """Return a row, or None for a user who has no row at all, all from one view."""
        environment = self._environment
        handles = environment.handles
        with environment.lmdb.begin() as txn:

            def get(name: bytes, key: bytes) -> bytes | None:
                found: bytes | None = txn.get(key, db=handles[name])
                return found

            row = get(database, user)
            if row is None:
                refuse_lost(get, database, user)
            elif not is_sound(get, database, user, row):
                raise damaged(user, row)
            return row

    def rows_beyond(self, after: bytes, prefix: bytes, limit: int) -> list[tuple[UserKey, bytes]]:
        """Return up to `limit` rows of `profiles` whose key is beyond `after` and begins with `prefix`, in key order.

        They are as they are found, perhaps damaged.
        """
        with self._reading(db.PROFILES) as txn:
            rows = prefixed(txn.cursor(), prefix, after + b"\0" if after else prefix or b"\0")
            return [(UserKey(key), row) for key, row in itertools.islice(rows, limit)]

    def header(self, user: UserKey) -> Header | None:
        """Return the header of a user's profile; None without one that can be read."""
        return _header_or_none(self._get(db.PROFILES, user))

    # -- single rows --------------------------------------------------------------------------------------

    def profiles_count(self) -> int:
        """Return how many users have a profile."""
        return self.count(db.PROFILES)

    def profile(self, user: UserKey) -> GetProfileResponse | None:
        """Return the parsed profile of a user key, or None."""
        row = self.profile_row(user)
        return None if row is None else GetProfileResponse.FromString(row[HEADER_BYTES:])

    def foreword(self, user: UserKey) -> GetForewordResponse | None:
        """Return the parsed foreword of a user key, or None."""
        row = self.foreword_row(user)
        return None if row is None else GetForewordResponse.FromString(row[HEADER_BYTES:])

    def refresh_state(self, user: UserKey) -> RefreshState | None:
        """Return how far a user's events are consumed and when the user is due, or None.

        Raises:
            StoreRowError: It cannot be parsed.
        """
        row = self._get(db.REFRESH_STATES, user)
        return None if row is None else parsed_state(user, row)

    def state_or_unknown(self, user: UserKey) -> RefreshState | None:
        """Return what `refresh_state` does; of one that cannot be parsed what takes its place."""
        try:
            return self.refresh_state(user)
        except StoreRowError:
            return unknown_state(self._get(db.PROFILES, user))

    def scheduled(self, users: Sequence[UserKey]) -> list[tuple[RefreshState | None, Header | None]]:
        """Return what `refresh_state` and `header` do of many users, from one view; one each costs as much again."""
        environment = self._environment
        states, profiles = environment.handles[db.REFRESH_STATES], environment.handles[db.PROFILES]
        found: list[tuple[RefreshState | None, Header | None]] = []
        with translated(environment.name), begin(environment, states) as txn:
            for user in users:
                row = txn.get(user)
                state = None if row is None else RefreshState.FromString(row)
                found.append((state, _header_or_none(txn.get(user, db=profiles))))
        return found

    def population(self, namespace: str) -> Population:
        """Return the faded counts of a namespace; empty when nobody contributed."""
        return Population.FromString(self._get(db.POPULATION, keys.namespace_prefix(namespace)) or b"")

    def topic_proposals(self, namespace: str) -> TopicProposals:
        """Return what is proposed to count as what in a namespace."""
        return TopicProposals.FromString(
            self.get(db.TOPIC_PROPOSALS, keys.namespace_prefix(namespace)) or b""
        )

    def next_population(self, after: str | None = None) -> tuple[str, Population] | None:
        """Return the namespace behind another that somebody contributed to, with its counts; None behind the last.

        Args:
            after: The namespace to go on from; None to begin.
        """
        start = b"" if after is None else keys.namespace_prefix(after) + b"\0"
        with self._reading(db.POPULATION) as txn:
            cursor = txn.cursor()
            if not (cursor.set_range(start) if start else cursor.first()):
                return None
            key, row = cursor.item()
        return key[1:].decode(), Population.FromString(row)

    def receipt(self, erase_id: ErasureId) -> ErasureReceipt | None:
        """Return what the scheduler removed for an erasure, or None while it has not."""
        row = self._get(db.ERASURES, erase_id)
        return None if row is None else ErasureReceipt.FromString(row)

    def ledger_totals(self) -> LedgerTotals:
        """Return the sums over all refreshes."""
        return LedgerTotals.FromString(self._get(db.META, db.META_LEDGER_TOTALS) or b"")

    def revision(self) -> int:
        """Return the highest revision written."""
        return keys.read_u64(self._get(db.META, db.META_REVISION) or bytes(8))

    def trigger_cursor(self, activity_id: EnvironmentId) -> int:
        """Return the newest trigger taken from the activity environment with this id; 0 when none was."""
        row = self._get(db.META, db.META_TRIGGER_CURSOR)
        return keys.read_u64(row, 16) if row is not None and row[:16] == activity_id else 0

    def scheduler_seen_ms(self) -> int:
        """Return when the scheduler last showed life; 0 when it never did."""
        return keys.read_u64(self._get(db.META, db.META_SCHEDULER_SEEN) or bytes(8))

    def scheduler_problems(self) -> list[SchedulerProblem]:
        """Return what was wrong when the scheduler last showed life, oldest first."""
        row = self._get(db.META, db.META_SCHEDULER_PROBLEMS) or b""
        return list(SchedulerProblems.FromString(row).problems)

    def policy(self) -> PolicyInForce | None:
        """Return by what refreshes are weighed under `policy = "optimal"`; None before the first pass."""
        row = self._get(db.META, db.META_POLICY)
        return None if row is None else PolicyInForce.FromString(row)

    def backfill(self) -> BackfillRow | None:
        """Return how far the newest backfill is; None when no scheduler has taken one up."""
        row = self._get(db.META, db.META_BACKFILL)
        return None if row is None else BackfillRow.FromString(row)

    def default_profile_row(self) -> bytes | None:
        """Return the stored default profile's row, or None when the scheduler has set none."""
        return self._get(db.META, db.META_DEFAULT_PROFILE)

    def default_foreword_row(self) -> bytes | None:
        """Return the stored default foreword's row, or None when the scheduler has set none."""
        return self._get(db.META, db.META_DEFAULT_FOREWORD)

    def namespace_default_rows(self, namespace: str) -> tuple[bytes, bytes] | None:
        """Return the rows of the default profile and foreword of a namespace; None where it has none of its own.

        One that is damaged is none: the default of all namespaces is served.
        """
        environment = self._environment
        if not environment.has(db.DEFAULTS):
            return None
        prefix = keys.namespace_prefix(namespace)
        names = (prefix + db.DEFAULT_PROFILE, prefix + db.DEFAULT_FOREWORD)
        with self._reading(db.DEFAULTS) as txn:
            profile_row, foreword_row = map(txn.get, names)
        return rows_in_place(names, (profile_row, foreword_row))

    def trends(self, namespace: str) -> Trends:
        """Return what trends in a namespace; empty where nothing does, or nothing was counted."""
        return Trends.FromString(self.get(db.TRENDS, keys.namespace_prefix(namespace)) or b"")

    def default_namespaces(self) -> set[str]:
        """Return the namespaces that have a default of their own, or a count of what trends."""
        prefixes = [key[:-1] for key, _ in self.range(db.DEFAULTS)] + [
            key for key, _ in self.range(db.TRENDS)
        ]
        return {prefix[1:].decode() for prefix in prefixes}

    def trends_night(self) -> int | None:
        """Return the night for which trends are counted, in days since 1970; None before the first."""
        row = self._get(db.META, db.META_TRENDS_NIGHT)
        return None if row is None else keys.read_u64(row)

    # -- ranges ---------------------------------------------------------------------------------------------

    def due(self, before_ms: int, limit: int, from_ms: int = 0) -> list[tuple[int, UserKey]]:
        """Return up to `limit` users due from a time on and before a time, longest due first.

        Returns:
            Pairs of due time in ms and user key.
        """
        with self._reading(db.DUE) as txn:
            cursor = txn.cursor()
            if not cursor.set_range(keys.u64(from_ms)):
                return []
            found: list[tuple[int, UserKey]] = []
            for key in cursor.iternext(keys=True, values=False):
                due_ms = keys.read_u64(key)
                if due_ms >= before_ms or len(found) >= limit:
                    break
                found.append((due_ms, UserKey(key[8:])))
            return found

    def due_count(self, before_ms: int) -> int:
        """Return how many users are due before a time. Looks at each: a tenth of a second for a million."""
        end = keys.u64(before_ms)
        with self._reading(db.DUE) as txn:
            due = txn.cursor().iternext(keys=True, values=False)
            return sum(1 for _ in itertools.takewhile(lambda key: key < end, due))

    def headers(self, after: bytes = b"", limit: int = 1000) -> list[tuple[UserKey, Header]]:
        """Return up to `limit` `(user key, header)` of profiles whose key is beyond `after`.

        Rows whose header cannot be read are left out: one damaged row must not hide the others.
        """
        with self._reading(db.PROFILES) as txn:
            cursor = txn.cursor()
            if not cursor.set_range(after + b"\0" if after else b"\0"):
                return []
            found: list[tuple[UserKey, Header]] = []
            for key, row in cursor:
                try:
                    found.append((UserKey(key), decode_header(row)))
                except StoreError:
                    continue
                if len(found) >= limit:
                    break
            return found

    def users(self, after: bytes = b"", limit: int = 1000, *, prefix: bytes = b"") -> list[ScheduledUser]:
        """Return up to `limit` users whose key is beyond `after` and begins with `prefix`, in key order.

        These are all users with a profile, and those whose first refresh is due or failed. One whose refresh state
        cannot be parsed is left out: one damaged row must not hide the others.
        """
        environment = self._environment
        states, profiles = environment.handles[db.REFRESH_STATES], environment.handles[db.PROFILES]
        found: list[ScheduledUser] = []
        with translated(environment.name), begin(environment, states) as txn:
            for key, row in prefixed(txn.cursor(), prefix, after + b"\0" if after else prefix):
                with suppress(DecodeError):
                    header = _header_or_none(txn.get(key, db=profiles))
                    found.append(ScheduledUser(UserKey(key), header, RefreshState.FromString(row)))
                if len(found) >= limit:
                    break
        return found

    def failing_users(
        self, after: bytes, looks_max: int, *, prefix: bytes = b""
    ) -> tuple[list[ScheduledUser], bytes]:
        """Return users whose newest refresh failed, as `users` does, and the key looked at last; empty at the end.

        Most rows are passed over without being parsed, so that a look costs a seventh of one by `users`.

        Args:
            after: The key beyond which to look; empty for the first.
            looks_max: How many rows to look at, found or not.
            prefix: What the key begins with.
        """
        start = after + b"\0" if after else prefix

        def rows(cursor: Any) -> Iterator[_Looked]:
            return (
                (key, (key, row) if _FAILED in row else None) for key, row in prefixed(cursor, prefix, start)
            )

        found, place = self._look_through(rows, looks_max)
        failed = RefreshOutcome.REFRESH_OUTCOME_FAILED
        return [one for one in found if one.state.outcome == failed], place

    def users_like(
        self, id_prefix: bytes, after: bytes, looks_max: int, *, prefix: bytes = b""
    ) -> tuple[list[ScheduledUser], bytes]:
        """Return users whose id begins so, as `users` does, and the key that was looked at last; empty at the end.

        Args:
            id_prefix: What the id begins with, in UTF-8.
            after: The key beyond which to look; empty for the first.
            looks_max: How many rows to look at, found or not.
            prefix: What the key begins with.
        """
        start = after + b"\0" if after else prefix
        return self._look_through(lambda cursor: looked_at(cursor, id_prefix, prefix, start), looks_max)

    def _look_through(
        self, rows: Callable[[Any], Iterable[_Looked]], looks_max: int
    ) -> tuple[list[ScheduledUser], bytes]:
        """Return the users among so many rows, and the place that was looked at last; empty at the end."""
        environment = self._environment
        states, profiles = environment.handles[db.REFRESH_STATES], environment.handles[db.PROFILES]
        found: list[ScheduledUser] = []
        with translated(environment.name), begin(environment, states) as txn:
            for looks, (place, row) in enumerate(rows(txn.cursor()), 1):
                if row is not None:
                    with suppress(DecodeError):
                        header = _header_or_none(txn.get(row[0], db=profiles))
                        found.append(ScheduledUser(UserKey(row[0]), header, RefreshState.FromString(row[1])))
                if looks == looks_max:
                    return found, place
        return found, b""

    def refresh_states(self, after: bytes = b"", limit: int = 1000) -> list[tuple[UserKey, RefreshState]]:
        """Return up to `limit` users whose key is beyond `after` with the states of their refreshes, in key order.

        A row that cannot be parsed is left out: one damaged row must not hide the others.
        """
        found: list[tuple[UserKey, RefreshState]] = []
        with self._reading(db.REFRESH_STATES) as txn:
            cursor = txn.cursor()
            if cursor.set_range(after + b"\0" if after else b"\0"):
                for key, row in cursor:
                    with suppress(DecodeError):
                        found.append((UserKey(key), RefreshState.FromString(row)))
                    if len(found) >= limit:
                        break
        return found

    def revisions(self, user: UserKey) -> list[tuple[int, bytes]]:
        """Return `(revision, row)` of a user's kept revisions, oldest first; rows as in `profiles`.

        Raises:
            StoreCorruptError: A row is damaged, or another user's.
        """
        found = self._revisions(user)
        for revision, row in found:
            if not is_sound_revision(user, revision, row):
                raise damaged(user, row)
        return found

    def kept_profiles(self, user: UserKey) -> list[tuple[int, Profile | None]]:
        """Return `(revision, profile)` of a user's kept revisions, oldest first; None for one that is damaged."""
        return [(revision, _kept(user, revision, row)) for revision, row in self._revisions(user)]

    def _revisions(self, user: UserKey) -> list[tuple[int, bytes]]:
        with self._reading(db.REVISIONS) as txn:
            return [(keys.read_u64(key, len(user)), row) for key, row in prefixed(txn.cursor(), user)]

    def revision_numbers(self, user: UserKey) -> list[int]:
        """Return which revisions of a user are kept, damaged ones among them, oldest first."""
        with self._reading(db.REVISIONS) as txn:
            return [keys.read_u64(key, len(user)) for key, _ in prefixed(txn.cursor(), user)]

    def revision_row(self, user: UserKey, revision: int) -> bytes | None:
        """Return the row of one of a user's kept revisions; None when it is not kept, or damaged."""
        row = self._get(db.REVISIONS, user + keys.u64(revision))
        return row if row is not None and is_sound_revision(user, revision, row) else None

    def kept_profile(self, user: UserKey, revision: int) -> Profile | None:
        """Return one of a user's kept revisions; None when it is not kept, or damaged."""
        row = self.revision_row(user, revision)
        return None if row is None else GetProfileResponse.FromString(row[HEADER_BYTES:]).profile

    def ledger(self, *, newest: int = 100) -> list[LedgerEntry]:
        """Return the newest ledger entries, newest first."""
        return list(itertools.islice(self.every_attempt(), newest))

    def every_attempt(self) -> Iterator[LedgerEntry]:
        """Yield the ledger entries that are kept, newest first."""
        for _, row in self.newest_first(db.LEDGER):
            yield LedgerEntry.FromString(row)

    def ledger_of(self, user: UserKey) -> Iterator[LedgerEntry]:
        """Yield a user's ledger entries, oldest first. Looks through the whole ledger."""
        for batch in self._batches(db.LEDGER):
            for _, row in batch:
                if bytes(user) in row:
                    entry = LedgerEntry.FromString(row)
                    if entry.user_key == user:
                        yield entry


def rows_in_place(
    names: tuple[bytes, bytes], rows: tuple[bytes | None, bytes | None]
) -> tuple[bytes, bytes] | None:
    """Return both rows of a namespace's default; None unless both are there, and in place."""
    profile_row, foreword_row = rows
    if not (profile_row and is_in_place(db.DEFAULTS, names[0], profile_row)):
        return None
    return (
        (profile_row, foreword_row)
        if foreword_row and is_in_place(db.DEFAULTS, names[1], foreword_row)
        else None
    )


def _kept(user: UserKey, revision: int, row: bytes) -> Profile | None:
    if not is_sound_revision(user, revision, row):
        return None
    return GetProfileResponse.FromString(row[HEADER_BYTES:]).profile


def _header_or_none(row: bytes | None) -> Header | None:
    try:
        return None if row is None else decode_header(row)
    except StoreError:
        return None


def open_when_present(directory: Path, *, readers_max: int = 2048) -> ProfileReader | None:
    """Return a reader, or None while no scheduler has made the environment."""
    try:
        return ProfileReader(directory, readers_max=readers_max)
    except StoreMissingError:
        return None


def trigger_cursor(directory: Path, activity_id: EnvironmentId) -> int:
    """Return what `ProfileReader.trigger_cursor` does, for whoever has no reader; 0 without the environment."""
    reader = open_when_present(directory)
    if reader is None:
        return 0
    with closing(reader):
        return reader.trigger_cursor(activity_id)
