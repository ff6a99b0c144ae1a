"""Environments that another copy of LMDB has mapped in this process, and gives up when ours is to open one.

Two copies in one process must not have one environment open: when one of them closes it, the locks of both are gone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from foreword.store.files import DATA_FILE, inode
from foreword.store.inherited import inherited


class Borrower(Protocol):
    """Has the environments of a store mapped."""

    @property
    def is_inherited(self) -> bool:
        """Whether it is that of the process that this one was forked from."""
        ...

    def inodes(self) -> list[tuple[int, int]]:
        """Return device and inode of each file that is mapped."""
        ...

    def close(self) -> None:
        """Let go of all; returns when no read is under way."""
        ...


# By the store's folder, with how many use it. Guarded by `sharing`, in whose calls all of this runs.
_borrowers: dict[Path, tuple[Borrower, int]] = {}


def borrow(directory: Path, make: Callable[[], Borrower]) -> Borrower:
    """Return who maps the store in a folder, one for all who ask; give it back with `give_back`.

    Raises:
        StoreError: It is that of the process that this one was forked from.
    """
    place = directory.resolve()
    borrower, users = _borrowers.get(place) or (make(), 0)
    if borrower.is_inherited:
        raise inherited(directory)
    _borrowers[place] = borrower, users + 1
    return borrower


def give_back(borrower: Borrower) -> None:
    """End one use; the last one closes it."""
    for place, (held, users) in _borrowers.items():
        if held is borrower:
            if users > 1:
                _borrowers[place] = held, users - 1
            else:
                del _borrowers[place]
                held.close()
            return


def is_alone(borrower: Borrower, paths: list[Path]) -> bool:
    """Return whether no other borrower has mapped one of these environments, by another name of their folder."""
    files = set(filter(None, map(_file, paths)))
    return not any(
        files & set(held.inodes())
        for held, _ in _borrowers.values()
        if held is not borrower and not held.is_inherited
    )


def recall(path: Path) -> None:
    """Have an environment given up by whoever mapped it; their readers go on by our copy of LMDB.

    Raises:
        StoreError: It is that of the process that this one was forked from.
    """
    place, file = path.parent.resolve(), _file(path)
    for directory, (borrower, _) in list(_borrowers.items()):
        if borrower.is_inherited:
            if directory == place:
                raise inherited(path)
        elif file is not None and file in borrower.inodes():
            del _borrowers[directory]
            borrower.close()


def _file(path: Path) -> tuple[int, int] | None:
    try:
        return inode(path / DATA_FILE)
    except OSError:
        return None
