"""Putting one environment in another's place by renaming, so that a crash leaves one of the two whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from foreword.errors import StoreError
from foreword.store.failpoints import Failpoint, passing
from foreword.store.files import DATA_FILE, sync_directory

# Present while `restore` swaps both environments: they belong together, and one alone must not be used.
RESTORE_MARKER = "restore.pending"


def incoming(path: Path) -> Path:
    """Return where the environment that will take the place of `path` is built."""
    return path.with_name(path.name + ".incoming")


def former(path: Path) -> Path:
    """Return where the environment that was at `path` waits until its successor stands."""
    return path.with_name(path.name + ".former")


def is_gone(path: Path) -> bool:
    """Return whether a store has no environment at `path` any more, as after restoring a backup that lacks it.

    One that a swap has put aside, or whose whole store is out of sight, is not gone.
    """
    is_aside = not path.exists() and former(path).exists()
    return path.parent.exists() and not is_aside and not (path / DATA_FILE).exists()


def sync_environment(path: Path) -> None:
    """Bring a newly made environment, nobody having it open, to disk."""
    sync_file(path / DATA_FILE)
    sync_directory(path)
    sync_directory(path.parent)


def sync_file(file: Path) -> None:
    """Bring a file's bytes to disk."""
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())


def swap_in(path: Path) -> None:
    """Put the environment at `incoming(path)` in place of the one at `path`, which is kept at `former(path)`.

    Whole folders are renamed. Replacing the data file alone would leave the former's lock file, whose
    transaction number belongs to the former.
    """
    if path.exists():
        path.rename(former(path))
    passing(Failpoint.FORMER_ASIDE)
    incoming(path).rename(path)
    passing(Failpoint.SUCCESSOR_STANDS)
    sync_directory(path.parent)


def swap_back(path: Path) -> None:
    """Undo `swap_in`, or the half of it that was done.

    The successor is renamed and not removed: cut short in a removal, its remains would pass for a successor that
    stands, and cost the former.
    """
    if not former(path).exists():
        return
    if path.exists():
        path.rename(incoming(path))
        passing(Failpoint.SUCCESSOR_ASIDE)
    former(path).rename(path)
    passing(Failpoint.FORMER_BACK)
    sync_directory(path.parent)
    remove(incoming(path))


def recover(path: Path) -> None:
    """Clear up after a swap that a crash cut short: the former returns unless its successor stands."""
    if not path.exists() and former(path).exists():
        former(path).rename(path)
        passing(Failpoint.FORMER_BACK)
        sync_directory(path.parent)
    remove(former(path))
    remove(incoming(path))


def remove(path: Path) -> None:
    """Remove an environment's folder, if it is there. Processes that have it mapped keep what they have."""
    if path.exists():
        (path / DATA_FILE).unlink(missing_ok=True)
        passing(Failpoint.REMOVAL_BEGUN)
        shutil.rmtree(path)


def is_restoring(directory: Path) -> bool:
    """Return whether a restore is under way, or was cut short."""
    return (directory / RESTORE_MARKER).exists()


def refuse_interrupted_restore(directory: Path) -> None:
    """Refuse a store in which a restore was cut short.

    Raises:
        StoreError: It was.
    """
    if is_restoring(directory):
        raise StoreError(
            f"a restore into {directory} is under way, or was interrupted",
            hint="if none is under way, run `foreword store restore` again; it first puts the former store back",
        )
