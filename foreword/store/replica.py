"""profiles.lmdb kept as another store's is, by the messages of a watch over all its namespaces."""

from __future__ import annotations

import uuid
from pathlib import Path

from foreword import keys
from foreword.keys import ErasureId, UserKey
from foreword.store import databases as db
from foreword.store.change_reader import ChangeReader
from foreword.store.profile_reader import ProfileReader, open_when_present
from foreword.store.profile_writer import ProfileTransaction, ProfileWriter
from foreword.v1.profile_change_pb2 import ProfileChange
from foreword.v1.profile_service_pb2 import WatchPhase, WatchProfilesResponse
from foreword.v1.refresh_pb2 import RefreshState

# Profiles removed in one transaction, when a snapshot did not tell of them.
_REMOVED_AT_ONCE = 1_000


class Replica:
    """Writes what a watch tells into a store of its own, which its sidecar serves; revisions stay the origin's.

    Attributes:
        resume_token: Where the watch goes on; empty for from the beginning.

    Args:
        directory: The store; made when missing, or a dataset of the origin put in force.
        map_size_bytes: Most that profiles.lmdb may grow to.
        revisions_max: Revisions kept of a user.

    Raises:
        StoreLockedError: A scheduler, or another replica, writes these profiles.
        StoreError: They cannot be opened.
    """

    def __init__(self, directory: Path, *, map_size_bytes: int, revisions_max: int = 10) -> None:
        # Before the writer, which may begin the order of changes anew.
        self.resume_token = _token(directory)
        self._writer = ProfileWriter(directory, map_size_bytes=map_size_bytes, revisions_max=revisions_max)
        # Users held when a snapshot began, of whom it has not told; None outside of one.
        self._untold: set[UserKey] | None = None

    def take(self, message: WatchProfilesResponse) -> int:
        """Write the changes of a message, synced to disk; return how many profiles were written or removed.

        Raises:
            StoreError: They cannot be written.
            FieldError: A change is malformed.
        """
        is_live = message.phase == WatchPhase.WATCH_PHASE_LIVE
        if message.phase == WatchPhase.WATCH_PHASE_BEGINNING:
            self._untold = self._users()
        removed = self._remove_untold() if is_live else 0
        with self._writer.begin() as txn:
            for change in message.changes:
                self._apply(txn, change)
            # The place within a snapshot is worth nothing without the users who are still to be told of.
            txn.put_replica_token(message.resume_token if is_live else b"")
        self.resume_token = message.resume_token
        return removed + len(message.changes)

    def close(self) -> None:
        """Close the store."""
        self._writer.close()

    def _users(self) -> set[UserKey]:
        with self._writer.environment.begin() as txn:
            cursor = txn.cursor(db=self._writer.environment.handles[db.PROFILES])
            return {UserKey(bytes(key)) for key in cursor.iternext(values=False)}

    def _remove_untold(self) -> int:
        """Remove whom a snapshot did not tell of: they are gone at the origin."""
        untold, self._untold = sorted(self._untold or ()), None
        for start in range(0, len(untold), _REMOVED_AT_ONCE):
            with self._writer.begin() as txn:
                for user in untold[start : start + _REMOVED_AT_ONCE]:
                    _erase(txn, user)
        return len(untold)

    def _apply(self, txn: ProfileTransaction, change: ProfileChange) -> None:
        user = keys.user_key(change.user_id, change.namespace)
        if self._untold is not None:
            self._untold.discard(user)
        if not change.revision:
            _erase(txn, user)
            return
        stale_ms, expired_ms = change.stale_after.ToMilliseconds(), change.expired_after.ToMilliseconds()
        if change.HasField("profile"):
            profile = change.profile
            txn.put_profile(
                user,
                profile,
                profile.foreword,
                computed_at_ms=profile.computed_at.ToMilliseconds(),
                stale_after_ms=stale_ms,
                expired_after_ms=expired_ms,
                refresh_on_open=change.refresh_on_open,
                revision=change.revision,
            )
            # Never due: nothing is refreshed here.
            txn.schedule(user, RefreshState(revision=change.revision, segment=change.segment))
        elif change.HasField("stale_after"):
            txn.revalidate(
                user,
                stale_after_ms=stale_ms,
                expired_after_ms=expired_ms,
                segment=change.segment,
                refresh_on_open=change.refresh_on_open,
            )
        # Else a newer revision follows, or the row is damaged at the origin and what is held is better.


def _erase(txn: ProfileTransaction, user: UserKey) -> None:
    txn.erase(user)
    # Under a number of its own, which tells those who watch this store to begin anew.
    txn.changes.append_erasure(ErasureId(uuid.uuid4().bytes))


def _token(directory: Path) -> bytes:
    """Return where a watch goes on: behind the last message taken, or behind the moment of the dataset in force."""
    reader: ProfileReader | None = open_when_present(directory)
    if reader is None:
        return b""
    try:
        token = reader.get(db.META, db.META_REPLICA)
        if token is None and reader.get(db.META, db.META_DATASET) is not None:
            place, _ = ChangeReader(reader).newest()
            return place.token if place.number else b""
        return token or b""
    finally:
        reader.close()
