"""Copying a store while daemons use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import foreword
from foreword.clock import Clock, SystemClock
from foreword.errors import StoreError, StoreMissingError
from foreword.store import databases as db
from foreword.store.environment import Environment
from foreword.store.files import DATA_FILE, PROFILES, sync_directory, write_private
from foreword.store.identity import SCHEMA_VERSION
from foreword.store.manifest import MANIFEST_FILE, BackupManifest, EnvironmentCopy, sha256_of
from foreword.store.sharing import open_environment
from foreword.store.snapshot import DATABASES, Snapshot, present
from foreword.store.translation import translated
from foreword.store.upkeep.partial import LOCK_FILE, partial_folder, refuse_existing
from foreword.store.upkeep.rewrite import Progress, rewrite

# An attempt takes microseconds and fails only when the scheduler commits within them.
_ATTEMPTS_MAX = 1000


def backup_store(
    directory: Path, target: Path, *, progress: Progress | None = None, clock: Clock | None = None
) -> BackupManifest:
    """Copy both environments, as they were at one moment, into a new folder.

    Daemons go on writing meanwhile; the file grows by what they write until the copy is done. The copy is written
    row by row: no byte of what was erased is in it.

    Args:
        directory: The store.
        target: Folder to make; it appears under this name only once it is complete.
        progress: Called with an environment's name, the rows copied and the rows to copy.
        clock: Dates the backup.

    Raises:
        StoreMissingError: No store is there.
        StoreFullError: The disk under `target` is full.
        StoreLockedError: Another process makes a backup of this name.
        StoreError: `target` exists already.
    """
    refuse_existing(target)
    with _moment(directory) as snapshots, partial_folder(target, "a backup") as partial:
        created_ms = (clock or SystemClock()).now_ms()
        copies = {s.name: copied(s, partial / s.name, progress) for s in snapshots}
        manifest = BackupManifest(
            created_ms, SCHEMA_VERSION, _revision(snapshots), foreword.__version__, copies
        )
        write_private(partial / MANIFEST_FILE, manifest.to_json().encode())
        sync_directory(partial)
        partial.rename(target)
        sync_directory(target.parent)
        # Only now: without it, another backup of this name would take the finished copy for a dead one's.
        (target / LOCK_FILE).unlink()
    return manifest


def copied(snapshot: Snapshot, path: Path, progress: Progress | None = None) -> EnvironmentCopy:
    """Write what a snapshot sees into a new environment; return what a manifest says of it. Raises as `rewrite`."""
    rewrite(snapshot, path, progress)
    data = path / DATA_FILE
    return EnvironmentCopy(
        id=snapshot.environment.id.hex(),
        transaction=snapshot.txn.id(),
        bytes=data.stat().st_size,
        sha256=sha256_of(data),
    )


@contextmanager
def _moment(directory: Path) -> Iterator[list[Snapshot]]:
    """Hold snapshots of all environments that show the store at one moment.

    The second is taken while the first is still the newest. Taken apart in this order, the activity could lack
    triggers that the older profiles have not consumed; in the other, the profiles could be ahead of the activity.
    """
    paths = present(directory)
    if not paths:
        raise StoreMissingError(
            f"no store at {directory}", hint="start the daemons once, or check store.directory"
        )
    with ExitStack() as stack:
        environments = []
        for path in paths:
            environments.append(open_environment(path, DATABASES[path.name], readonly=True))
            stack.callback(environments[-1].close)
        transactions = _begin_together(environments)
        for transaction in transactions:
            stack.enter_context(transaction)
        yield [Snapshot(*pair) for pair in zip(environments, transactions, strict=True)]


def _begin_together(environments: list[Environment]) -> list[Any]:
    with translated(environments[0].name):
        for _ in range(_ATTEMPTS_MAX):
            transactions = [environment.begin() for environment in environments]
            # Compared with another view, not with `last_transaction`: under steady writes that is nearly always a
            # commit still being synced, which no view shows yet.
            with environments[0].begin() as again:
                if again.id() == transactions[0].id():
                    return transactions
            for transaction in transactions:
                transaction.abort()
    raise StoreError("the store changes too fast to be seen at one moment", hint="try again")


def _revision(snapshots: list[Snapshot]) -> int:
    return next((s.counter(db.META_REVISION) for s in snapshots if s.name == PROFILES), 0)
