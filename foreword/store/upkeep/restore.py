"""Putting a backup in a store's place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from foreword.errors import StoreCorruptError, StoreError, StoreNotWritableError
from foreword.store.check import check_store
from foreword.store.failpoints import Failpoint, passing
from foreword.store.files import ACTIVITY, DATA_FILE, PROFILES, make_directory, sync_directory, write_private
from foreword.store.lock import hold_activity, hold_profiles
from foreword.store.manifest import BackupManifest, read_manifest, sha256_of
from foreword.store.swap import (
    RESTORE_MARKER,
    former,
    incoming,
    recover,
    remove,
    swap_back,
    swap_in,
    sync_environment,
)
from foreword.store.upkeep.rewrite import Progress

_NAMES = (PROFILES, ACTIVITY)


def restore_store(backup: Path, directory: Path, *, progress: Progress | None = None) -> BackupManifest:
    """Check a backup, then put it in the place of the store in `directory`.

    The former store stays aside until the backup stands; a failure puts it back. Readers in other processes keep
    what they have mapped and follow at their next upkeep.

    Args:
        backup: Folder made by `backup_store`.
        directory: The store; made when missing.
        progress: Called with an environment's name, the bytes copied and the bytes to copy.

    Raises:
        StoreLockedError: A daemon runs on the store.
        StoreCorruptError: The backup is damaged; names the first problem.
        StoreVersionError: A newer Foreword made the backup.
        StoreError: `backup` is no backup.
    """
    manifest = read_manifest(backup)
    if manifest is None:
        raise StoreError(
            f"{backup} is no backup: it has no manifest", hint="name a folder made by `store backup`"
        )
    _refuse_damaged(backup)
    with hold_activity(directory), hold_profiles(directory), _translated(directory):
        _recover(directory)
        _bring(backup, directory, manifest, progress)
        _swap(directory, manifest)
    return manifest


def _refuse_damaged(backup: Path) -> None:
    first = next(islice(check_store(backup), 1), None)
    if first is not None:
        raise StoreCorruptError(
            f"the backup {backup} is damaged: {first.store} {first.key}: {first.what}",
            hint="use another backup",
        )


def _bring(backup: Path, directory: Path, manifest: BackupManifest, progress: Progress | None) -> None:
    for name, copy in manifest.environments.items():
        place = incoming(directory / name)
        make_directory(place)
        shutil.copyfile(backup / name / DATA_FILE, place / DATA_FILE)
        (place / DATA_FILE).chmod(0o600)
        sync_environment(place)
        if sha256_of(place / DATA_FILE) != copy.sha256:
            raise StoreCorruptError(
                f"{name} changed while it was copied", hint="check the disk, then try again"
            )
        passing(Failpoint.SUCCESSOR_WRITTEN)
        if progress is not None:
            progress(name, copy.bytes, copy.bytes)
    for name in _NAMES:
        if name not in manifest.environments:
            # An empty folder takes the place of what the backup lacks: left empty, a crash would bring the former back.
            make_directory(incoming(directory / name))


def _swap(directory: Path, manifest: BackupManifest) -> None:
    existed = [name for name in _NAMES if (directory / name).exists()]
    marker = directory / RESTORE_MARKER
    write_private(marker, json.dumps(existed).encode())
    sync_directory(directory)
    passing(Failpoint.RESTORE_MARKED)
    try:
        for name in _NAMES:
            swap_in(directory / name)
        passing(Failpoint.RESTORE_SWAPPED)
    except BaseException:
        _undo(directory)
        raise
    # This is the moment at which the restore has happened.
    marker.unlink()
    passing(Failpoint.RESTORE_DECIDED)
    sync_directory(directory)
    for name in _NAMES:
        remove(former(directory / name))
        if name not in manifest.environments:
            remove(directory / name)


def _recover(directory: Path) -> None:
    """Clear up after an earlier restore or compaction that was cut short."""
    if (directory / RESTORE_MARKER).exists():
        _undo(directory)
    for name in _NAMES:
        recover(directory / name)


def _undo(directory: Path) -> None:
    marker = directory / RESTORE_MARKER
    try:
        existed = json.loads(marker.read_text())
    except ValueError:
        # Cut short before its own text was complete, hence before anything was renamed.
        existed = list(_NAMES)
    for name in _NAMES:
        if former(directory / name).exists():
            swap_back(directory / name)
        elif name not in existed:
            remove(directory / name)
    passing(Failpoint.RESTORE_UNDONE)
    marker.unlink()
    sync_directory(directory)


@contextmanager
def _translated(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise StoreNotWritableError(
            f"the restore into {directory} failed: {exc}",
            hint="the former store is in place; free space or permit it",
        ) from exc
