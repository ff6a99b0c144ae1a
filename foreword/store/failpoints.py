"""Places at which a crash would hurt most, by name, so that a test can end the process at each of them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

_watcher: Callable[[StrEnum], object] | None = None


class Failpoint(StrEnum):
    """What has just been done."""

    SUCCESSOR_WRITTEN = "the successor is written beside the environment"
    FORMER_ASIDE = "the environment is put aside"
    SUCCESSOR_STANDS = "the successor stands in its place"
    SUCCESSOR_PROVED = "the successor is found to hold what it should"
    SUCCESSOR_ASIDE = "a successor that is not to stay is put aside"
    FORMER_BACK = "the former environment is back in its place"
    REMOVAL_BEGUN = "the data file of a folder is removed, the folder is not"
    RESTORE_MARKED = "the mark of a restore under way is written"
    RESTORE_SWAPPED = "both environments of a backup stand, the mark too"
    RESTORE_DECIDED = "the mark is removed"
    RESTORE_UNDONE = "both former environments are back, the mark stands"
    EVENTS_FOLDED = "old events are counted and wait for the archive"
    ARCHIVE_WRITTEN = "a file of the archive is written, its former stands"
    ARCHIVE_STANDS = "a file of the archive stands, its events still wait"
    ARCHIVE_TAKEN = "events of a file of the archive wait no more"
    MODEL_WRITTEN = "a global model is written aside"
    MODEL_STANDS = "a global model stands, the former one is in force"
    MODEL_NAMED = "the name of the global model in force is written aside"
    MODEL_IN_FORCE = "a global model is in force, older ones are not removed"
    ARCHIVE_ERASED = "one file of the archive is without an erased user, others are not"


def passing(point: StrEnum) -> None:
    """Tell whoever watches that a point is reached; nobody does outside of tests."""
    if _watcher is not None:
        _watcher(point)


def watch(watcher: Callable[[StrEnum], object] | None) -> None:
    """Have `watcher` called at every point in this process, which it may end there; None ends watching."""
    global _watcher  # noqa: PLW0603 - one process, one watcher; passed along, it would be in every signature
    _watcher = watcher
