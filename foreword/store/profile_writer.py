"""Writing profiles.lmdb; the scheduler alone does."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foreword import keys
from foreword.errors import FieldError, StoreCorruptError, StoreRowError
from foreword.keys import EnvironmentId, ErasureId, UserKey
from foreword.naming import quoted
from foreword.store import codec
from foreword.store import databases as db
from foreword.store.change_writer import ChangeTransaction, new_term
from foreword.store.environment import Environment
from foreword.store.files import PROFILES
from foreword.store.lock import lock_profiles
from foreword.store.model_writer import ModelTransaction
from foreword.store.profile_size import check_profile_size
from foreword.store.stored_row import (
    damaged,
    is_sound,
    is_sound_revision,
    parsed_state,
    refuse_lost,
    unknown_state,
)
from foreword.store.transaction import Transaction
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
from foreword.store.writer import Writer
from foreword.v1.erasure_pb2 import StoreCount
from foreword.v1.profile_change_pb2 import ChangeKind
from foreword.v1.profile_pb2 import Foreword, Profile
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse
from foreword.v1.refresh_pb2 import LedgerEntry, LedgerTotals, RefreshOutcome, RefreshState

_log = logging.getLogger("foreword.store")

_HEADER_VALUES = ("flags", "segment", "revision", "computed_at_ms", "stale_after_ms", "expired_after_ms")
_PER_USER = (db.PROFILES, db.FOREWORDS, db.REFRESH_STATES)
_WRITTEN, _ROLLED_BACK = ChangeKind.CHANGE_KIND_WRITTEN, ChangeKind.CHANGE_KIND_ROLLED_BACK


class ProfileWriter(Writer):
    """Opens profiles.lmdb for writing, making it when missing.

    Raises:
        StoreLockedError: A scheduler, or a restore or compaction, holds it.
        StoreVersionError: A newer Foreword wrote it.
        StoreNotWritableError: It cannot be written.
        StoreError: A restore was interrupted.
    """

    def __init__(
        self,
        directory: Path,
        *,
        map_size_bytes: int,
        readers_max: int = 2048,
        revisions_max: int = 10,
        ledger_entries_max: int = 100_000,
        changes_max: int = 100_000,
    ) -> None:
        super().__init__(
            directory / PROFILES,
            db.PROFILE_DATABASES,
            lock_profiles,
            map_size_bytes=map_size_bytes,
            readers_max=readers_max,
        )
        self._revisions_max = revisions_max
        self._ledger_entries_max = ledger_entries_max
        self._term, self._changes_max = new_term(), changes_max
        try:
            with self.begin() as txn:
                txn.changes.begin_order()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def begin(self) -> Iterator[ProfileTransaction]:
        """Run the block in one transaction: synced to disk on success, undone on an exception."""
        with self._environment.writing() as txn:
            changes = ChangeTransaction(txn, self._environment.handles, self._term, self._changes_max)
            yield ProfileTransaction(
                txn, self._environment, changes, self._revisions_max, self._ledger_entries_max
            )


class ProfileTransaction(Transaction):
    """One write transaction over profiles.lmdb; use it only in the thread and block that made it.

    Attributes:
        changes: Keeps the order of changes.
    """

    def __init__(
        self,
        txn: Any,
        environment: Environment,
        changes: ChangeTransaction,
        revisions_max: int,
        ledger_entries_max: int,
    ) -> None:
        super().__init__(txn, environment.handles)
        self.changes = changes
        self._revisions_max = revisions_max
        self._ledger_entries_max = ledger_entries_max

    @property
    def model(self) -> ModelTransaction:
        """What concerns language models, in the same transaction."""
        return ModelTransaction(self._txn, self._db, self._ledger_entries_max)

    def put_profile(
        self,
        user: UserKey,
        profile: Profile,
        foreword: Foreword,
        *,
        computed_at_ms: int,
        stale_after_ms: int,
        expired_after_ms: int,
        refresh_on_open: bool,
        is_rollback: bool = False,
        revision: int = 0,
    ) -> int:
        """Write a profile, its foreword and its revision; return the revision, which is also set on `profile`.

        Who follows changes is told what it was: a refresh, or the return to an earlier revision. A `revision` is given
        by a replica alone, whose origin has counted it; 0 takes the next.

        Raises:
            FieldError: The profile is another user's, or exceeds 20,480 bytes; names the field at fault.
        """
        _check_owner(user, profile)
        if revision:
            highest = keys.read_u64(self._get(db.META, db.META_REVISION) or bytes(8))
            self._put(db.META, db.META_REVISION, keys.u64(max(highest, revision)))
        else:
            revision = self._next(db.META_REVISION)
        profile.revision = revision
        check_profile_size(profile)
        body = GetProfileResponse(profile=profile).SerializeToString(deterministic=True)
        header = {
            "flags": codec.pack_flags(
                segment=profile.segment, refresh_on_open=refresh_on_open, is_default=profile.is_default
            ),
            "segment": profile.segment,
            "revision": revision,
            "computed_at_ms": computed_at_ms,
            "stale_after_ms": stale_after_ms,
            "expired_after_ms": expired_after_ms,
        }
        self._put_row(db.PROFILES, user, body, header)
        self._put_row(db.REVISIONS, user + keys.u64(revision), body, header)
        self._trim_revisions(user)
        self._put_row(db.FOREWORDS, user, foreword_body(foreword, profile, revision), header)
        self.changes.append(_ROLLED_BACK if is_rollback else _WRITTEN, user, revision)
        return revision

    def revalidate(
        self,
        user: UserKey,
        *,
        stale_after_ms: int,
        expired_after_ms: int,
        segment: int,
        refresh_on_open: bool,
    ) -> None:
        """Move the times in the headers of a user's profile and foreword; the knowledge stays as it is.

        A damaged row is left alone: a new checksum would make the damage pass for sound.
        """
        found = {database: self._get(database, user) for database in (db.PROFILES, db.FOREWORDS)}
        # Told before any is moved: a foreword of the former version is known by the profile beside it.
        sound = {
            database: row
            for database, row in found.items()
            if row is not None and is_sound(self._get, database, user, row)
        }
        for database, row in sound.items():
            header = codec.decode_header(row)
            flags = codec.pack_flags(
                segment=segment, refresh_on_open=refresh_on_open, is_default=header.is_default
            )
            moved = {
                "flags": flags,
                "segment": segment,
                "revision": header.revision,
                "computed_at_ms": header.computed_at_ms,
                "stale_after_ms": stale_after_ms,
                "expired_after_ms": expired_after_ms,
            }
            self._put_row(database, user, row[codec.HEADER_BYTES :], moved)
            if database == db.PROFILES:
                self.changes.append(ChangeKind.CHANGE_KIND_REVALIDATED, user, header.revision)

    def drop_revisions(self, user: UserKey, before: int) -> None:
        """Remove a user's kept revisions before one."""
        for key in self._revision_keys(user):
            if keys.read_u64(key, len(user)) < before:
                self._delete(db.REVISIONS, key)

    def mend_revisions(self, user: UserKey) -> None:
        """Remove those of a user's kept revisions that are damaged; the one in force is copied from the profile."""
        for key in self._revision_keys(user):
            kept = self._get(db.REVISIONS, key) or b""
            if not is_sound_revision(user, keys.read_u64(key, len(user)), kept):
                self._delete(db.REVISIONS, key)
        row = self._get(db.PROFILES, user)
        if row is None or not is_sound(self._get, db.PROFILES, user, row):
            return
        header = codec.decode_header(row)
        if self._get(db.REVISIONS, user + keys.u64(header.revision)) is None:
            times = {name: getattr(header, name) for name in _HEADER_VALUES}
            self._put_row(db.REVISIONS, user + keys.u64(header.revision), row[codec.HEADER_BYTES :], times)

    def profile(self, user: UserKey) -> Profile | None:
        """Return the profile in force, or None.

        Raises:
            StoreCorruptError: The row is damaged, another user's, or gone while the user's other rows are there.
        """
        row = self._get(db.PROFILES, user)
        if row is None:
            refuse_lost(self._get, db.PROFILES, user)
            return None
        if not is_sound(self._get, db.PROFILES, user, row):
            raise damaged(user, row)
        return GetProfileResponse.FromString(row[codec.HEADER_BYTES :]).profile

    def refresh_state(self, user: UserKey) -> RefreshState | None:
        """Return the state of a user's refreshes, or None; of a damaged one what takes its place.

        The transaction would else fail for all who are in it, and be tried again for ever.
        """
        row = self._get(db.REFRESH_STATES, user)
        if row is None:
            return None
        try:
            return parsed_state(user, row)
        except StoreRowError as exc:
            _log.warning("what is known of this user's refreshes is made anew: %s", exc)
            self._drop_due(user)
            return unknown_state(self._get(db.PROFILES, user))

    def _drop_due(self, user: UserKey) -> None:
        """Take a user out of the due index whose time nobody knows any more; looks through all of it."""
        cursor = self._txn.cursor(db=self._db[db.DUE])
        found = [bytes(key) for key in cursor.iternext(keys=True, values=False) if key[8:] == user]
        for key in found:
            self._delete(db.DUE, key)

    def schedule(self, user: UserKey, state: RefreshState) -> None:
        """Write the state of a user's refreshes and move the user's row in `due` to `state.due_ms`; none when that is 0
        or a pause holds the user back."""
        former = self.refresh_state(user)
        former_ms, due_ms = indexed_ms(former or RefreshState()), indexed_ms(state)
        if former_ms and former_ms != due_ms:
            self._delete(db.DUE, keys.due_key(former_ms, user))
        if due_ms:
            self._put(db.DUE, keys.due_key(due_ms, user), b"")
        self._put(db.REFRESH_STATES, user, state.SerializeToString())

    def append_ledger(self, entry: LedgerEntry) -> None:
        """Add an attempt to the ledger and to its sums, dropping the oldest beyond the limit."""
        sequence = self._next(db.META_LEDGER_SEQ)
        row = entry.SerializeToString()
        if not self._txn.put(keys.u64(sequence), row, db=self._db[db.LEDGER], append=True):
            raise StoreCorruptError(
                f"profiles.lmdb counts {sequence} ledger entries but holds a later one",
                hint="run `foreword store check`, then restore a backup",
            )
        self._trim_ledger(sequence)
        totals = LedgerTotals.FromString(self._get(db.META, db.META_LEDGER_TOTALS) or b"")
        add_to_totals(totals, entry)
        self._put(db.META, db.META_LEDGER_TOTALS, totals.SerializeToString())

    def population(self, namespace: str) -> Population:
        """Return the faded counts of a namespace; empty when nobody contributed."""
        return Population.FromString(self._get(db.POPULATION, keys.namespace_prefix(namespace)) or b"")

    def put_population(self, namespace: str, population: Population) -> None:
        """Write the faded counts of a namespace."""
        self._put(db.POPULATION, keys.namespace_prefix(namespace), population.SerializeToString())

    def topic_proposals(self, namespace: str) -> TopicProposals:
        """Return what is proposed to count as what in a namespace."""
        row = self._get(db.TOPIC_PROPOSALS, keys.namespace_prefix(namespace))
        return TopicProposals.FromString(row or b"")

    def put_topic_proposals(self, namespace: str, proposals: TopicProposals) -> None:
        """Write what is proposed to count as what in a namespace; no row when that is nothing."""
        key = keys.namespace_prefix(namespace)
        if proposals.aliases:
            self._put(db.TOPIC_PROPOSALS, key, proposals.SerializeToString())
        else:
            self._delete(db.TOPIC_PROPOSALS, key)

    def trigger_cursor(self, activity_id: EnvironmentId) -> int:
        """Return the newest trigger taken from the activity environment with this id; 0 when none was."""
        row = self._get(db.META, db.META_TRIGGER_CURSOR)
        return keys.read_u64(row, 16) if row is not None and row[:16] == activity_id else 0

    def put_trigger_cursor(self, activity_id: EnvironmentId, sequence: int) -> None:
        """Remember the newest trigger taken."""
        self._put(db.META, db.META_TRIGGER_CURSOR, activity_id + keys.u64(sequence))

    def put_scheduler_seen(self, now_ms: int, problems: Sequence[SchedulerProblem] = ()) -> None:
        """Show life, and what is wrong now, oldest first."""
        self._put(db.META, db.META_SCHEDULER_SEEN, keys.u64(now_ms))
        if problems:
            row = SchedulerProblems(problems=problems).SerializeToString()
            self._put(db.META, db.META_SCHEDULER_PROBLEMS, row)
        else:
            self._delete(db.META, db.META_SCHEDULER_PROBLEMS)

    def put_replica_token(self, token: bytes) -> None:
        """Record behind which message of a watch this store is; empty for none."""
        self._put(db.META, db.META_REPLICA, token)

    def put_policy(self, policy: PolicyInForce) -> None:
        """Write by what refreshes are weighed until the next pass over all users."""
        self._put(db.META, db.META_POLICY, policy.SerializeToString())

    def put_backfill(self, row: BackfillRow) -> None:
        """Write how far the newest backfill is."""
        self._put(db.META, db.META_BACKFILL, row.SerializeToString())

    def put_defaults(self, profile: Profile, foreword: Foreword) -> None:
        """Write what readers of any language serve to users without a profile."""
        places = ((db.META, db.META_DEFAULT_PROFILE), (db.META, db.META_DEFAULT_FOREWORD))
        self._put_default(places, profile, foreword)

    def put_namespace_defaults(self, namespace: str, profile: Profile, foreword: Foreword) -> bool:
        """Write what users of one namespace without a profile are served; return whether it was another before.

        Raises:
            FieldError: The profile exceeds 20,480 bytes.
        """
        check_profile_size(profile)
        return self._put_default(_default_places(namespace), profile, foreword)

    def delete_namespace_defaults(self, namespace: str) -> bool:
        """Let users of a namespace be served what all others are; return whether they were served something else."""
        deleted = [self._delete(database, key) for database, key in _default_places(namespace)]
        return any(deleted)

    def put_trends(self, namespace: str, trends: Trends) -> None:
        """Write what trends in a namespace."""
        self._put(db.TRENDS, keys.namespace_prefix(namespace), trends.SerializeToString(deterministic=True))

    def delete_trends(self, namespace: str) -> None:
        """Forget what trended in a namespace."""
        self._delete(db.TRENDS, keys.namespace_prefix(namespace))

    def put_trends_night(self, night: int) -> None:
        """Record the night, in days since 1970, for which the trends of all namespaces are counted."""
        self._put(db.META, db.META_TRENDS_NIGHT, keys.u64(night))

    def _put_default(
        self, places: Sequence[tuple[bytes, bytes]], profile: Profile, foreword: Foreword
    ) -> bool:
        header = {
            "flags": codec.pack_flags(segment=0, refresh_on_open=True, is_default=True),
            "segment": 0,
            "revision": 0,
            "computed_at_ms": 0,
            "stale_after_ms": 0,
            "expired_after_ms": 0,
        }
        body = GetProfileResponse(profile=profile).SerializeToString(deterministic=True)
        has_changed = False
        for (database, key), text in zip(places, (body, foreword_body(foreword, profile, 0)), strict=True):
            row = codec.encode(database, key, text, **header)
            if self._get(database, key) != row:
                self._put(database, key, row)
                has_changed = True
        return has_changed

    def erase(self, user: UserKey) -> list[StoreCount]:
        """Remove every row of a user; return how many went, per database."""
        counts = {db.DUE: self._erase_due(user)}
        for database in _PER_USER:
            counts[database] = int(self._delete(database, user))
        counts[db.REVISIONS] = self._erase_revisions(user)
        counts[db.LEDGER] = self._erase_ledger(user)
        counts |= self.model.erase(user)
        counts[db.CHANGES] = self.changes.erase(user)
        return [StoreCount(store=f"profiles.{name.decode()}", rows=rows) for name, rows in counts.items()]

    def put_receipt(self, erase_id: ErasureId, receipt: ErasureReceipt) -> None:
        """Record that an erasure is done, without the user's name, and tell those who follow changes."""
        self.changes.append_erasure(erase_id)
        self._put(db.ERASURES, erase_id, receipt.SerializeToString())

    def _erase_due(self, user: UserKey) -> int:
        due_ms = indexed_ms(self.refresh_state(user) or RefreshState())
        return int(self._delete(db.DUE, keys.due_key(due_ms, user))) if due_ms else 0

    def _erase_revisions(self, user: UserKey) -> int:
        revisions = self._revision_keys(user)
        for key in revisions:
            self._delete(db.REVISIONS, key)
        return len(revisions)

    def _erase_ledger(self, user: UserKey) -> int:
        cursor = self._txn.cursor(db=self._db[db.LEDGER])
        found = [
            bytes(key) for key, row in cursor if user in row and LedgerEntry.FromString(row).user_key == user
        ]
        for key in found:
            self._delete(db.LEDGER, key)
        return len(found)

    def _trim_ledger(self, newest: int) -> None:
        # Two an attempt, so that a lowered limit is reached in time without one long transaction.
        cursor = self._txn.cursor(db=self._db[db.LEDGER])
        for _ in range(2):
            if not cursor.first() or keys.read_u64(cursor.key()) > newest - self._ledger_entries_max:
                return
            cursor.delete()

    def _trim_revisions(self, user: UserKey) -> None:
        for key in self._revision_keys(user)[: -self._revisions_max]:
            self._delete(db.REVISIONS, key)

    def _revision_keys(self, user: UserKey) -> list[bytes]:
        cursor = self._txn.cursor(db=self._db[db.REVISIONS])
        found = []
        if cursor.set_range(user):
            for key in cursor.iternext(keys=True, values=False):
                if not key.startswith(user):
                    break
                found.append(bytes(key))
        return found

    def _put_row(self, database: bytes, key: bytes, body: bytes, header: dict[str, int]) -> None:
        self._put(database, key, codec.encode(database, key, body, **header))


def _default_places(namespace: str) -> list[tuple[bytes, bytes]]:
    prefix = keys.namespace_prefix(namespace)
    return [(db.DEFAULTS, prefix + db.DEFAULT_PROFILE), (db.DEFAULTS, prefix + db.DEFAULT_FOREWORD)]


def _check_owner(user: UserKey, profile: Profile) -> None:
    user_id, namespace = keys.split_user_key(user)
    # A row under another's key would be served with a checksum that holds.
    if profile.user_id != user_id:
        raise FieldError(
            "profile.user_id", quoted(profile.user_id), f"{quoted(user_id)}, whose row it becomes"
        )
    if profile.namespace != namespace:
        raise FieldError(
            "profile.namespace", quoted(profile.namespace), f"{quoted(namespace)}, whose row it becomes"
        )


def foreword_body(foreword: Foreword, profile: Profile, revision: int) -> bytes:
    """Return the serialized GetForewordResponse of a foreword, without its freshness."""
    response = GetForewordResponse(
        text=foreword.text,
        token_count=foreword.token_count,
        revision=revision,
        etag=text_etag(foreword.text),
        cuts=foreword.cuts,
        parts=foreword.parts,
        tokenizer=foreword.tokenizer,
    )
    if profile.HasField("computed_at"):
        response.computed_at.CopyFrom(profile.computed_at)
    return response.SerializeToString(deterministic=True)


def text_etag(text: str) -> str:
    """Return 16 hex digits that change exactly when the text does (SHA-256, truncated)."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def indexed_ms(state: RefreshState) -> int:
    """Return the time at which a user stands in the due index; 0 for one who does not."""
    return 0 if state.is_held else state.due_ms


def add_to_totals(totals: LedgerTotals, entry: LedgerEntry) -> None:
    """Add one attempt to the ledger's sums."""
    totals.attempts += 1
    totals.written += entry.outcome == RefreshOutcome.REFRESH_OUTCOME_WRITTEN
    totals.unchanged += entry.outcome == RefreshOutcome.REFRESH_OUTCOME_UNCHANGED
    totals.defaults += entry.outcome == RefreshOutcome.REFRESH_OUTCOME_DEFAULT
    totals.failed += entry.outcome == RefreshOutcome.REFRESH_OUTCOME_FAILED
    totals.skipped += entry.outcome == RefreshOutcome.REFRESH_OUTCOME_SKIPPED
    totals.input_tokens += entry.input_tokens
    totals.output_tokens += entry.output_tokens
    totals.cost_micro_usd += entry.cost_micro_usd
    totals.compared += entry.is_compared
    totals.differed += bool(entry.difference)
    totals.comparisons_skipped += entry.is_comparison_skipped
