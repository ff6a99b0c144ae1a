"""Writing events past retention to the archive, giving them out, and taking a user out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from foreword import keys
from foreword.clock import DAY_MS
from foreword.errors import MissingExtraError, StoreCorruptError, StoreNotWritableError
from foreword.keys import EnvironmentId, UserKey
from foreword.store.archive.folder import (
    STORE,
    clear_partial,
    day_files,
    day_folder,
    day_folders,
    make_archive,
    next_file,
    refuse_foreign,
    replace,
    translated,
)
from foreword.store.failpoints import Failpoint, passing
from foreword.v1.event_pb2 import Event

# pyarrow takes half a second to load and 60 MB to hold: it is imported where it is needed, never before.
EXTRA = "archive"
# A day's file is read and written whole when events are added to it, so these bound the memory that takes: some 100 MB
# when texts are long. A day with more has more files.
_FILE_ROWS_MAX = 50_000
_FILE_BYTES_MAX = 16 << 20


def require_parquet(what: str) -> None:
    """Refuse to go on without pyarrow; imports nothing.

    Raises:
        MissingExtraError: The extra `archive` is not installed.
    """
    if find_spec("pyarrow") is None:
        raise MissingExtraError(what, EXTRA)


class Archive:
    """The Parquet files of one store. One at a time may write or erase; reading goes on beside both.

    Events are written before they are removed from where they waited, under names that a second try writes again: an
    event that a file holds already is not added once more. So a crash at any moment leaves each event in the store, or
    in one file, or in both; never in two files, and never in none.

    Args:
        directory: Its folder.
        environment_id: Of the activity environment whose events these are.
        is_needed: Whether events were written to it already, so that its absence is an error.
    """

    def __init__(self, directory: Path, environment_id: EnvironmentId, *, is_needed: bool) -> None:
        self._directory = directory
        self._environment_id = environment_id
        self._is_needed = is_needed

    def append(self, day: int, events: Sequence[Event]) -> int:
        """Write events of one day; return how many were not there already.

        Args:
            day: In days since 1970, UTC.
            events: Any users', each once.

        Raises:
            MissingExtraError: The extra `archive` is not installed.
            StoreError: They cannot be written, and all may be tried again.
        """
        require_parquet("The archive")
        from foreword.store.archive import parquet

        with translated(self._directory):
            self.refuse_foreign()
            make_archive(self._directory, self._environment_id)
            folder = day_folder(self._directory, day)
            files = day_files(folder) if folder.is_dir() else []
            # One write is under way at a time and always into the last file: no other can hold what a crash cut off.
            held = parquet.read(files[-1]) if files else parquet.table_of(())
            known = parquet.identities(held)
            new = [event for event in events if (event.namespace, event.user_id, event.event_id) not in known]
            if new:
                has_room = bool(files) and (
                    held.num_rows + len(new) <= _FILE_ROWS_MAX and files[-1].stat().st_size < _FILE_BYTES_MAX
                )
                table = parquet.table_of(new)
                file = files[-1] if has_room else next_file(folder)
                self._write(file, parquet.joined([held, table] if has_room else [table]))
            passing(Failpoint.ARCHIVE_STANDS)
            return len(new)

    def _write(self, file: Path, table: Any) -> None:
        from foreword.store.archive import parquet

        replace(
            file,
            lambda stream: parquet.write(table, stream),
            written=lambda: passing(Failpoint.ARCHIVE_WRITTEN),
        )

    def events(self, user: UserKey) -> Iterator[Event]:
        """Yield a user's events, by day; none where there is no archive. Reads the end of every file.

        Raises:
            MissingExtraError: There is an archive, and the extra `archive` is not installed.
            StoreError: It cannot be read.
        """
        user_id, namespace = keys.split_user_key(user)
        with translated(self._directory):
            for file, groups in self._holding(user, "Reading the archive"):
                from foreword.store.archive import parquet

                yield from parquet.events_of(file, groups, user_id, namespace)

    def erase(self, user: UserKey, goes_on: Callable[[], bool] = lambda: True) -> int:
        """Take a user out of all files; return how many events went.

        Each file that holds the user is written anew without, and put in its place whole; which do, their statistics
        say. No index that could be older than the files is asked: they outlive a store that is restored from a backup.

        Args:
            user: User key.
            goes_on: Asked before each file whether to go on.

        Raises:
            MissingExtraError: There is an archive, and the extra `archive` is not installed.
            StoreError: A file cannot be read or written; the user may still be in some.
        """
        user_id, namespace = keys.split_user_key(user)
        count = 0
        with translated(self._directory):
            for _, folder in day_folders(self._directory):
                clear_partial(folder)
            for file, groups in self._holding(user, "Erasing from the archive", goes_on):
                from foreword.store.archive import parquet

                rows = parquet.count_of(file, groups, user_id, namespace)
                if rows:
                    rest = parquet.without(parquet.read(file), user_id, namespace)
                    if rest.num_rows:
                        self._write(file, rest)
                    else:
                        file.unlink()
                    passing(Failpoint.ARCHIVE_ERASED)
                    count += rows
        return count

    def refuse_foreign(self) -> bool:
        """Return whether the archive is there; raises what `folder.refuse_foreign` does."""
        return refuse_foreign(self._directory, self._environment_id, is_needed=self._is_needed)

    def refuse_unreadable(self) -> None:
        """Refuse what `erase` and `events` would refuse, before anything is done.

        Raises:
            StoreNotWritableError: There is an archive, and the extra `archive` is not installed; or it is not there
                though events were written to it, or it is another store's.
        """
        if self.refuse_foreign():
            try:
                require_parquet(f"the archive in {self._directory}")
            except MissingExtraError as exc:
                raise StoreNotWritableError(exc.message, hint=exc.hint, store=STORE) from exc

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the files, as `(file, what)`; reads which events are in each, not the events.

        Raises:
            MissingExtraError: There is an archive, and the extra `archive` is not installed.
        """
        if not self._directory.is_dir() or next(day_folders(self._directory), None) is None:
            return
        require_parquet(f"Looking through the archive in {self._directory}")
        from foreword.store.archive import parquet

        for day, folder in day_folders(self._directory):
            known: set[tuple[str, str, str]] = set()
            for file in day_files(folder):
                name = f"{folder.name}/{file.name}"
                try:
                    rows = list(parquet.identified(file))
                except StoreCorruptError as exc:
                    yield name, exc.message
                    continue
                if any(time_ms // DAY_MS != day for _, time_ms in rows):
                    yield name, "it holds events of another day"
                here = {identity for identity, _ in rows}
                if len(here) < len(rows) or here & known:
                    yield name, "it holds an event that stands in the day's files twice"
                known |= here

    def _holding(
        self, user: UserKey, what: str, goes_on: Callable[[], bool] = lambda: True
    ) -> Iterator[tuple[Path, list[int]]]:
        """Yield the files that may hold a user, with their groups that may."""
        if not self.refuse_foreign():
            return
        user_id, namespace = keys.split_user_key(user)
        for _, folder in day_folders(self._directory):
            for file in day_files(folder):
                if not goes_on():
                    raise StoreNotWritableError(f"{what} was broken off before {file}", store=STORE)
                require_parquet(what)
                from foreword.store.archive import parquet

                groups = parquet.groups_with(file, user_id, namespace)
                if groups:
                    yield file, groups
