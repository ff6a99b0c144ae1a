"""A store as a reader in process sees it: perhaps not there yet, replaced, in the midst of a restore, or cut short."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from foreword.errors import StoreError, StoreMissingError
from foreword.store.accelerator import MappedReader, mapped_reader
from foreword.store.activity_reader import ActivityReader
from foreword.store.files import ACTIVITY, DATA_FILE, PROFILES
from foreword.store.inherited import inherited
from foreword.store.profile_reader import ProfileReader, open_when_present
from foreword.store.responses import DefaultResponses
from foreword.store.swap import is_gone, is_restoring, refuse_interrupted_restore

# How often a missing store is looked for, and a replaced one noticed. Not configured: a reader has no configuration.
UPKEEP_SECONDS = 5.0
# A restore puts its two files in place one after the other, within milliseconds; whoever looks in between looks again.
_LOOKS_MAX = 3
# How long a read may take that began before its store was given up.
_GRACE_SECONDS = 5.0
_Lmdb = TypeVar("_Lmdb", ProfileReader, ActivityReader)


class Opened(NamedTuple):
    """What a read is answered from, taken at once: no row is shown without what knows of erasures beside it.

    Neither changes what it reads from: of a store that was replaced, others are made.
    """

    reader: ProfileReader | MappedReader | None
    """Finds rows; None without profiles."""
    activity: ActivityReader | MappedReader | None
    """Knows of erasures; None without activity. By `foreword-native` it is the same as `reader`."""


# Before the first look, and after one that failed: nobody is served from it, as from a store that is not there.
_UNSEEN = Opened(None, None)


class _ByLmdb(NamedTuple):
    """What is open by py-lmdb."""

    reader: ProfileReader | None
    activity: ActivityReader | None


class Following:
    """Has a store open, by `foreword-native` or by py-lmdb, and follows what becomes of it.

    Args:
        directory: The store's folder.
        native: Whether `foreword-native` is used where it is installed.

    Attributes:
        native: The object of `foreword-native` that answers what is ordinary by itself; None while py-lmdb reads.
        opened: What is open.
        due: When the files are to be looked at, by `time.monotonic`; not of what is read natively, which knows itself.
        defaults: What is served where there is no row.

    Raises:
        StoreError: The store cannot be read.
    """

    def __init__(self, directory: Path, *, native: bool) -> None:
        self.native: Any = None
        self.opened = _UNSEEN
        self.due = 0.0
        self.defaults = DefaultResponses()
        self._directory = directory
        self._is_native_wanted = native
        self._guard = threading.Lock()
        self._pid = os.getpid()
        # Given up, with when by `time.monotonic` to close them: other threads may be reading from them.
        self._former: list[tuple[float, ProfileReader | ActivityReader]] = []
        self._upkeep()

    def is_due(self) -> bool:
        """Return whether it is time to look at the files, or `native` has been given up."""
        native = self.native
        return bool(native.is_due()) if native is not None else time.monotonic() >= self.due

    def current(self) -> Opened:
        """Return what is open, after a look at the files where that is due.

        Raises:
            StoreError: The store cannot be read, or is that of the process that this one was forked from.
        """
        # Taken first: what another thread gives up meanwhile is not mistaken for a store that is not there.
        opened = self.opened
        if self.is_due():
            self._upkeep()
            opened = self.opened
        while opened is _UNSEEN:
            self._upkeep()
            opened = self.opened
        return opened

    def close(self) -> None:
        """Release the store."""
        opened, self.opened, self.native = self.opened, Opened(None, None), None
        self.due = float("inf")
        for reader in {*opened}:
            if reader is not None:
                reader.close()
        self._close_former(float("inf"))

    def _upkeep(self) -> None:
        if self._pid != os.getpid():
            self._begin_in_child()
        with self._guard:
            if not self.is_due() and self.opened is not _UNSEEN:
                return
            if self.opened is not _UNSEEN:
                # Other threads go on with it; where nothing is open, they wait for the look.
                self.due = time.monotonic() + UPKEEP_SECONDS
            self._close_former(time.monotonic())
            try:
                self._look()
            except BaseException:
                # Said at every call until the store can be used again; served meanwhile, nobody would be known.
                self._let_go()
                raise
            self.due = time.monotonic() + UPKEEP_SECONDS

    def _begin_in_child(self) -> None:
        """Refuse to go on with what is the parent's; where nothing was open yet, begin as a new reader does."""
        if self.opened != _UNSEEN:
            raise inherited(self._directory)
        # The parent's may have been held at the fork.
        self._guard = threading.Lock()
        self._pid = os.getpid()

    def _look(self) -> None:
        if not self._look_natively():
            self._look_by_lmdb()
        if self.opened.reader is not None:
            self.defaults.follow(self.opened.reader)

    def _look_natively(self) -> bool:
        """Follow the store natively; return False where py-lmdb is to read it, or to say what is wrong with it."""
        if isinstance(self.opened.reader, MappedReader):
            if self.opened.reader.follow(UPKEEP_SECONDS):
                return True
            self._let_go()
        elif self._is_native_wanted and self.opened == _UNSEEN:
            mapped = mapped_reader(self._directory, UPKEEP_SECONDS)
            if mapped is not None:
                self.opened = Opened(mapped, mapped)
                self.native = mapped.mapped
                return True
        return False

    def _look_by_lmdb(self) -> None:
        kept = _by_lmdb(self.opened)
        if kept.reader is not None and is_restoring(self._directory):
            # Both are kept while a restore replaces them one by one: of two that do not belong together, one may have
            # a user whose erasure only the other knows of.
            for each in kept:
                if each is not None:
                    each.refuse_cut()
            return
        with ExitStack() as fresh:
            found = self._stable(kept, fresh)
            fresh.pop_all()
        self.opened = Opened(*found)
        self._give_up({*kept} - {*found})

    def _stable(self, kept: _ByLmdb, fresh: ExitStack) -> _ByLmdb:
        """Return what reads the files that stand, of which none was replaced since the other was looked at."""
        reader, activity = kept
        for _ in range(_LOOKS_MAX):
            # Also when it began behind the first look: what that one has opened may be of two stores.
            refuse_interrupted_restore(self._directory)
            # Activity first: no profile is served before erasures can be looked up.
            activity = _followed(activity, fresh, lambda: _activity_when_present(self._directory))
            reader = _followed(reader, fresh, lambda: open_when_present(self._directory))
            refuse_interrupted_restore(self._directory)
            if not (self._is_outdated(activity, ACTIVITY) or self._is_outdated(reader, PROFILES)):
                break
        found = _ByLmdb(reader, activity)
        if any(each is not None and each.was_replaced() for each in found):
            raise StoreError(
                f"{self._directory} cannot be used: its files were replaced while they were opened",
                hint="read again",
            )
        return found

    def _is_outdated(self, reader: ProfileReader | ActivityReader | None, name: str) -> bool:
        """Return whether another file has taken the place of the one that was opened, or the place that was empty."""
        is_there = (self._directory / name / DATA_FILE).exists()
        return is_there if reader is None else not is_there or reader.was_replaced()

    def _let_go(self) -> None:
        former = self.opened
        # First: whoever finds nothing open from here on waits for the look that is under way, or looks.
        self.due = 0.0
        self.native = None
        self.opened = _UNSEEN
        self._give_up({*former})

    def _give_up(self, readers: Iterable[ProfileReader | ActivityReader | MappedReader | None]) -> None:
        for reader in readers:
            if isinstance(reader, MappedReader):
                reader.close()
            elif reader is not None:
                self._former.append((time.monotonic() + _GRACE_SECONDS, reader))

    def _close_former(self, now: float) -> None:
        for closed_at, reader in self._former:
            if closed_at <= now:
                reader.close()
        self._former = [(closed_at, reader) for closed_at, reader in self._former if closed_at > now]


def _by_lmdb(opened: Opened) -> _ByLmdb:
    reader, activity = opened
    assert not isinstance(reader, MappedReader)
    assert not isinstance(activity, MappedReader)
    return _ByLmdb(reader, activity)


def _followed(reader: _Lmdb | None, fresh: ExitStack, make: Callable[[], _Lmdb | None]) -> _Lmdb | None:
    """Return what reads the file that stands: the same reader, after a look at its file, or another one."""
    if reader is not None and not reader.was_replaced() and not is_gone(reader.environment.path):
        reader.refuse_cut()
        # And no more of its upkeep, which would follow what has been put in its place since.
        reader.environment.reader_check()
        return reader
    made = make()
    if made is not None:
        fresh.callback(made.close)
    return made


def _activity_when_present(directory: Path) -> ActivityReader | None:
    try:
        return ActivityReader(directory)
    except StoreMissingError:
        return None
