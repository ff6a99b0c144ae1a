"""Opening LMDB itself, with the options that every part of the store relies on."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import Any

import lmdb

from foreword.errors import StoreError, StoreMissingError, StoreVersionError
from foreword.store.files import DATA_FILE, LOCK_FILE, make_directory
from foreword.store.pages import newest_meta
from foreword.store.translation import translate, unfinished

_log = logging.getLogger("foreword.store")

# The engine whose data format bindings in every language read; the bundled 1.0 engine writes another.
_LIB_VERSION = 0
# Room for databases that a later Foreword adds: a rewrite takes them along. A slot costs a few words.
_DATABASES_MAX = 32
# Where the magic number stands in a file of LMDB 1.0: behind that format's longer page header.
_MAGIC = (0xBEEFC0DE).to_bytes(4, "little")
_MAGIC_OFFSET_1_0 = 24
# Files are opened by whom a process acts as, who may be another than whoever started it.
_BY_EFFECTIVE_IDS = os.access in os.supports_effective_ids


def open_lmdb(path: Path, readonly: bool, map_size_bytes: int, readers_max: int, database_count: int) -> Any:
    """Return LMDB's own environment at `path`; arguments and errors as for `open_environment`."""
    locked = not readonly or _may_lock(path)
    try:
        if readonly:
            _require_present(path)
        else:
            make_directory(path.parent)
            make_directory(path)
        if locked:
            _reserve_lock_file(path / LOCK_FILE, readers_max)
        return lmdb.open(
            str(path),
            map_size=map_size_bytes,
            max_dbs=max(database_count, _DATABASES_MAX),
            max_readers=readers_max,
            readonly=readonly,
            create=False,
            lock=locked,
            # Random lookups; read-ahead would fill memory with neighbours nobody asked for.
            readahead=False,
            # No spare transactions: one halves the time of a read, but shares its reader slot with forked children.
            max_spare_txns=0,
            mode=0o600,
            lib_version=_LIB_VERSION,
        )
    except lmdb.InvalidError as exc:
        raise _not_ours(path, exc) from exc
    except lmdb.VersionMismatchError as exc:
        raise _other_format(path, exc) from exc
    except (lmdb.Error, OSError) as exc:
        raise translate(path.name, exc) from exc


def create_lmdb(path: Path, map_size_bytes: int, database_count: int) -> Any:
    """Return a new LMDB environment in the empty folder `path`, for the caller alone until it is closed.

    Nobody else has it open, so it has no lock file; and it is worth nothing until it is complete, so its commits are
    not synced. Raises LMDB's errors.
    """
    return lmdb.open(
        str(path),
        map_size=map_size_bytes,
        max_dbs=database_count,
        create=False,
        lock=False,
        sync=False,
        # Pages begin as zeros: LMDB would otherwise write what this process had in memory before.
        meminit=True,
        mode=0o600,
        lib_version=_LIB_VERSION,
    )


def _require_present(path: Path) -> None:
    try:
        size = (path / DATA_FILE).stat().st_size
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise StoreMissingError(
            f"no store at {path}", hint="start the daemons once, or check store.directory"
        ) from exc
    if size == 0:
        # LMDB has made the file and not yet written its first pages.
        raise unfinished(path)


def _may_lock(path: Path) -> bool:
    """Return whether a reader can register with the writer, and warn when not."""
    lock = path / LOCK_FILE
    if os.access(lock if lock.exists() else path, os.W_OK, effective_ids=_BY_EFFECTIVE_IDS):
        return True
    if path.exists():
        _log.warning(
            "%s is read without a lock, because its folder cannot be written; a daemon that writes it meanwhile may "
            "disturb long reads. Mount it writable.",
            path,
        )
    return False


def _reserve_lock_file(lock: Path, readers_max: int) -> None:
    """Make the lock file with its blocks on disk: LMDB makes it sparse, and a full disk would then kill the process.

    Only when it is missing. Opening and closing an existing one would drop the locks this process may hold on it.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    try:
        # A slot has 64 bytes; the rest of a page holds LMDB's mutexes.
        os.posix_fallocate(descriptor, 0, (readers_max * 64 // 4096 + 1) * 4096)
    except OSError:
        lock.unlink()
        raise
    finally:
        os.close(descriptor)


def _not_ours(path: Path, exc: Exception) -> StoreError:
    with contextlib.suppress(OSError), (path / DATA_FILE).open("rb") as file:
        head = file.read(_MAGIC_OFFSET_1_0 + len(_MAGIC))
        if head[_MAGIC_OFFSET_1_0:] == _MAGIC:
            return StoreVersionError(
                f"{path} is of LMDB's 1.0 data format; Foreword uses 0.9",
                hint="copy it with a tool of the 0.9 engine, or restore a backup",
            )
    return translate(path.name, exc)


def _other_format(path: Path, exc: Exception) -> StoreError:
    with contextlib.suppress(OSError), (path / DATA_FILE).open("rb") as file:
        # LMDB says the same of both its files; the data file is ours if its meta pages are.
        if newest_meta(file) is not None:
            return StoreVersionError(
                f"{path.name} is open in a process whose LMDB has another lock format",
                hint="end that process; docs/store-format.md names the bindings that work beside Foreword",
                store=path.name,
            )
    return translate(path.name, exc)
