"""What a set of profiles amounts to: the figures that one set is judged by beside another."""

from __future__ import annotations

from dataclasses import dataclass

from foreword.store import codec
from foreword.store import databases as db
from foreword.store.snapshot import Snapshot
from foreword.store.upkeep.rewrite import Progress

# Users between two calls of what shows progress; each takes a microsecond.
_SHOWN_EVERY = 20_000


@dataclass(frozen=True)
class DatasetFigures:
    """A set of profiles in numbers."""

    users: int = 0
    """Users with a profile of their own, default profiles among them."""
    defaults: int = 0
    """Of these, users whose profile is a default one."""
    bytes: int = 0
    """Of all their profiles and forewords together."""
    revision: int = 0
    """The highest revision."""
    computed_at_ms: int = 0
    """When the newest profile was computed, in ms since 1970."""

    @property
    def default_share(self) -> float:
        """Of the users, those whose profile is a default one; 0 to 1."""
        return self.defaults / self.users if self.users else 0.0

    @property
    def mean_bytes(self) -> float:
        """Of a user's profile and foreword."""
        return self.bytes / self.users if self.users else 0.0


def dataset_figures(snapshot: Snapshot, progress: Progress | None = None) -> DatasetFigures:
    """Return what the profiles of an environment amount to; half a million users a second or so.

    Args:
        snapshot: Of `profiles.lmdb`.
        progress: Called with the environment's name, the users counted and the users to count.

    Raises:
        StoreVersionError: A row is of a later version.
        StoreCorruptError: A row has no whole header.
    """
    total = snapshot.txn.stat(snapshot.environment.handles[db.PROFILES])["entries"]
    users = defaults = size = newest_ms = 0
    for _, row in snapshot.rows(db.PROFILES):
        header = codec.decode_header(row)
        users += 1
        defaults += header.is_default
        size += len(row)
        newest_ms = max(newest_ms, header.computed_at_ms)
        if progress is not None and users % _SHOWN_EVERY == 0:
            progress(snapshot.name, users, total)
    size += sum(len(row) for _, row in snapshot.rows(db.FOREWORDS))
    return DatasetFigures(users, defaults, size, snapshot.counter(db.META_REVISION), newest_ms)
