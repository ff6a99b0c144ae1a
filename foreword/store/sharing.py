"""Environments that are open in this process: one mapping each, however many use it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from foreword.errors import StoreError, StoreLockedError
from foreword.store.engine import open_lmdb
from foreword.store.environment import Environment
from foreword.store.files import DATA_FILE, ENVIRONMENTS, inode
from foreword.store.inherited import Inherited, inherited
from foreword.store.lending import Borrower, give_back, recall
from foreword.store.pages import refuse_cut

T = TypeVar("T")
# A swap is two renames; a second one within the same few milliseconds is one too many already.
_OPENINGS_MAX = 3

_open: dict[tuple[int, int], tuple[Environment, int]] = {}
_open_guard = threading.Lock()


def _disown() -> None:
    """In a forked child: make every environment of the parent's unusable."""
    global _open_guard  # noqa: PLW0603 - the parent's lock may have been held at the fork
    _open_guard = threading.Lock()
    for environment, _ in _open.values():
        environment.lmdb = Inherited(environment.lmdb)


os.register_at_fork(after_in_child=_disown)


def open_environment(
    path: Path,
    databases: Sequence[bytes],
    *,
    readonly: bool,
    map_size_bytes: int = 0,
    readers_max: int = 2048,
) -> Environment:
    """Open an environment, creating it unless `readonly`.

    Args:
        path: Its folder.
        databases: Names of the databases in it.
        readonly: Whether it is only read.
        map_size_bytes: Most it may grow to; 0 takes the size the file was last written with. Raised to what is in
            use when that is more.
        readers_max: Reader slots; the first process to open the environment decides.

    Raises:
        StoreMissingError: Nothing is there and `readonly` was asked.
        StoreVersionError: It was written by a newer Foreword.
        StoreCorruptError: It was cut short, or is damaged otherwise.
        StoreNotWritableError: Writing was asked and is not possible.
        StoreLockedError: A process of the same id in another PID namespace has it open.
        StoreError: Its files were replaced while they were opened, again and again.
    """
    for _ in range(_OPENINGS_MAX):
        refuse_cut(path)
        with _open_guard, _pinned(path) as found:
            shared = _shared(path, readonly=readonly)
            if shared is not None:
                return shared
            recall(path)
            try:
                environment = _opened(path, databases, readonly, map_size_bytes, readers_max)
            except StoreError:
                if not readonly or _stands(path, found):
                    raise
                continue
            # Whoever writes it holds its lock: nothing is put in its place meanwhile, but it may have been made.
            if not readonly or _stands(path, found):
                _open[environment.inode] = (environment, 1)
                return environment
            environment.lmdb.close()
    raise StoreError(
        f"{path} cannot be used: its files were replaced while they were opened", hint="try again"
    )


def _opened(
    path: Path, databases: Sequence[bytes], readonly: bool, map_size_bytes: int, readers_max: int
) -> Environment:
    env = open_lmdb(path, readonly, map_size_bytes, readers_max, len(databases))
    try:
        environment = Environment(path, env, databases, readonly=readonly, release=_release)
        environment.reader_check()
    except BaseException:
        # Left to the garbage collector it would still count as open, and bar the next attempt.
        env.close()
        raise
    return environment


@contextmanager
def _pinned(path: Path) -> Iterator[tuple[int, int] | None]:
    """Yield what tells the data file at `path`, None without one; held, so that no other gets its number."""
    try:
        file = (path / DATA_FILE).open("rb")
    except OSError:
        # Not ours to read: whoever opens it says so.
        yield _number(path)
        return
    with file:
        stat = os.fstat(file.fileno())
        yield stat.st_dev, stat.st_ino


def _number(path: Path) -> tuple[int, int] | None:
    try:
        return inode(path / DATA_FILE)
    except OSError:
        return None


def _stands(path: Path, found: tuple[int, int] | None) -> bool:
    """Return whether the file that stood at `path`, or none, stands there still.

    LMDB opens a data file and then a lock file by their names: of two folders, it would have the data of one and the
    lock of the other, and follow neither.
    """
    return _number(path) == found


def lent(directory: Path, lend: Callable[[], T]) -> T | None:
    """Return what `lend` does, while nobody opens an environment here; None when one of the store is open already."""
    with _open_guard:
        return None if any(_is_open(directory / name) for name in ENVIRONMENTS) else lend()


def returned(borrower: Borrower) -> None:
    """Take back what was lent."""
    with _open_guard:
        give_back(borrower)


def _is_open(path: Path) -> bool:
    try:
        return inode(path / DATA_FILE) in _open
    except OSError:
        return False


def _shared(path: Path, *, readonly: bool) -> Environment | None:
    try:
        found = _open.get(inode(path / DATA_FILE))
    except OSError:
        return None
    if found is None:
        return None
    environment, users = found
    if isinstance(environment.lmdb, Inherited):
        raise inherited(path)
    if environment.readonly and not readonly:
        raise StoreLockedError(f"{path} is open for reading in this process", hint="close the reader first")
    _open[environment.inode] = (environment, users + 1)
    return environment


def _release(environment: Environment) -> None:
    with _open_guard:
        held, users = _open.get(environment.inode, (None, 0))
        if held is not environment or isinstance(environment.lmdb, Inherited):
            return
        if users > 1:
            _open[environment.inode] = (environment, users - 1)
        else:
            del _open[environment.inode]
            environment.lmdb.close()
