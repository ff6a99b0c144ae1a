"""Names of the store's files, and folders that survive a power cut."""

from __future__ import annotations

import os
from pathlib import Path

PROFILES = "profiles.lmdb"
ACTIVITY = "activity.lmdb"
ENVIRONMENTS = (PROFILES, ACTIVITY)
DATA_FILE = "data.mdb"
LOCK_FILE = "lock.mdb"


def make_directory(path: Path) -> None:
    """Make a folder that only its owner may enter, so that it survives a power cut; an existing one stays as it is.

    Raises:
        OSError: It cannot be made.
    """
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Bring a folder's entries to disk: a rename or a new file is durable only after it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_private(file: Path, data: bytes) -> None:
    """Write a file that only its owner may read, and bring it to disk; its name is durable with its folder's sync.

    Raises:
        OSError: It cannot be written.
    """
    # The mode is set as well: the one given to `open` is for a file that was not there.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(descriptor, 0o600)
        stream.write(data)
        stream.flush()
        os.fsync(descriptor)


def inode(file: Path) -> tuple[int, int]:
    """Return what tells a file from another of its name: device and inode.

    Raises:
        OSError: It is not there.
    """
    stat = file.stat()
    return stat.st_dev, stat.st_ino
