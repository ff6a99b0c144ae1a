"""Putting an environment written anew in the place of the former."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from foreword.errors import FieldError, StoreError, StoreMissingError, StoreNotWritableError
from foreword.store.failpoints import Failpoint, passing
from foreword.store.files import ACTIVITY, DATA_FILE, PROFILES
from foreword.store.lock import lock_activity, lock_profiles
from foreword.store.snapshot import open_snapshot
from foreword.store.swap import former, incoming, recover, remove, swap_back, swap_in
from foreword.store.upkeep.rewrite import Progress, rewrite, row_counts

_LOCKS = {PROFILES: lock_profiles, ACTIVITY: lock_activity}


@dataclass(frozen=True)
class CompactResult:
    """What a compaction gained."""

    name: str
    """The environment."""
    before_bytes: int
    """Size of its data file before."""
    after_bytes: int
    """Size of its data file now."""


def compact_store(directory: Path, which: str, *, progress: Progress | None = None) -> CompactResult:
    """Write an environment anew and put it in place of the former, which removes erased bytes for good.

    The daemon that writes it must be stopped; readers follow at their next upkeep, and the former's space is
    free once they have.

    Args:
        directory: The store.
        which: `profiles.lmdb` or `activity.lmdb`.
        progress: Called with the name, the rows written and the rows to write.

    Raises:
        StoreLockedError: The environment's daemon runs.
        StoreMissingError: The environment is not there.
        StoreFullError: There is no room for the second copy.
    """
    if which not in _LOCKS:
        raise FieldError("which", repr(which), f"{PROFILES} or {ACTIVITY}")
    path = directory / which
    if not _is_there(path):
        raise StoreMissingError(
            f"no store at {path}", hint="start the daemons once, or check store.directory"
        )
    with _LOCKS[which](directory):
        try:
            return _compact(path, progress)
        except OSError as exc:
            raise StoreNotWritableError(
                f"{path} cannot be replaced: {exc}", hint="check permissions"
            ) from exc
        finally:
            # A failure leaves the former in place, and its unfinished successor is removed.
            recover(path)


def compactable(directory: Path) -> list[str]:
    """Return the names of the environments that are there: a store that only imports wrote to has no profiles yet.

    Raises:
        StoreMissingError: None is.
    """
    names = [name for name in _LOCKS if _is_there(directory / name)]
    if not names:
        raise StoreMissingError(
            f"no store at {directory}", hint="start the daemons once, or check store.directory"
        )
    return names


def _is_there(path: Path) -> bool:
    # A compaction cut short may have left it aside.
    return (path / DATA_FILE).exists() or former(path).exists()


def _compact(path: Path, progress: Progress | None) -> CompactResult:
    before_bytes = (path / DATA_FILE).stat().st_size
    with open_snapshot(path) as snapshot:
        rewrite(snapshot, incoming(path), progress)
        rows = row_counts(snapshot)
    after_bytes = (incoming(path) / DATA_FILE).stat().st_size
    passing(Failpoint.SUCCESSOR_WRITTEN)
    try:
        swap_in(path)
        _compare(path, rows)
        passing(Failpoint.SUCCESSOR_PROVED)
    except BaseException:
        swap_back(path)
        raise
    remove(former(path))
    return CompactResult(path.name, before_bytes, after_bytes)


def _compare(path: Path, rows: dict[bytes, int]) -> None:
    with open_snapshot(path) as successor:
        if row_counts(successor) != rows:
            raise StoreError(f"the compacted {path.name} does not hold what it should", hint="check the disk")
