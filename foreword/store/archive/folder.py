"""The archive's folders and files: their names, whose they are, and how one takes another's place."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from foreword.clock import day_text, parse_day
from foreword.errors import FieldError, StoreFullError, StoreNotWritableError
from foreword.keys import EnvironmentId
from foreword.store.files import make_directory, sync_directory, write_private

STORE = "archive"
FORMAT = 1
# Says whose events are here: a folder that is not mounted, or another store's, must not be taken for an empty archive.
# The names of what is no events begin with a mark that readers of such folders pass over.
MARK_FILE = "_archive.json"
_DAY_PREFIX = "day="
_FILE = re.compile(r"events-(\d{4,})\.parquet")
_PARTIAL_SUFFIX = ".partial"


@dataclass(frozen=True)
class ArchiveStats:
    """What an archive holds."""

    directory: str
    """Its folder."""
    files: int
    """Parquet files."""
    bytes: int
    """Their size."""
    first_day: str
    """The oldest day with a file, such as 2026-11-21; empty without any."""
    last_day: str
    """The newest one."""


def archive_stats(directory: Path) -> ArchiveStats | None:
    """Return what an archive holds; None where there is none. Needs no extra: it looks at names and sizes alone."""
    if not (directory / MARK_FILE).exists():
        return None
    days = list(day_folders(directory))
    files = [file for _, folder in days for file in day_files(folder)]
    named = [day_text(day) for day, _ in days] or [""]
    return ArchiveStats(
        str(directory), len(files), sum(file.stat().st_size for file in files), named[0], named[-1]
    )


def refuse_foreign(directory: Path, environment_id: EnvironmentId, *, is_needed: bool) -> bool:
    """Return whether an archive is there.

    Args:
        directory: Its folder.
        environment_id: Of activity.lmdb.
        is_needed: Whether events were written to it already.

    Raises:
        StoreNotWritableError: It is another store's, or not there though it is needed: its silence says nothing.
    """
    mark = directory / MARK_FILE
    try:
        text = mark.read_text()
    except FileNotFoundError:
        if not is_needed:
            return False
        raise StoreNotWritableError(
            f"the archive is not in {directory}, where events were written",
            hint="mount it, or set store.archive_directory; if it is gone for good, put an empty file "
            f"{MARK_FILE} there",
            store=STORE,
        ) from None
    except OSError as exc:
        raise StoreNotWritableError(
            f"{mark} cannot be read: {exc}", hint="check permissions", store=STORE
        ) from exc
    if text and _owner(mark, text) != environment_id.hex():
        raise StoreNotWritableError(
            f"{directory} is the archive of another store",
            hint="set store.archive_directory to this store's",
            store=STORE,
        )
    return True


def _owner(mark: Path, text: str) -> str:
    try:
        fields = json.loads(text)
        return str(fields["environment_id"]) if fields["format"] <= FORMAT else ""
    except (ValueError, KeyError, TypeError) as exc:
        raise StoreNotWritableError(
            f"{mark} cannot be understood: {exc!r}", hint="restore it from a copy", store=STORE
        ) from exc


def make_archive(directory: Path, environment_id: EnvironmentId) -> None:
    """Make an archive's folder, with the mark whose it is; an existing one stays as it is.

    Raises:
        StoreNotWritableError: There is something without a mark already.
    """
    mark = directory / MARK_FILE
    if mark.exists() and mark.stat().st_size:
        return
    if next(day_folders(directory), None) is not None and not mark.exists():
        raise StoreNotWritableError(
            f"{directory} has files of an archive, but no {MARK_FILE} that says whose",
            hint=f"bring back its {MARK_FILE}, or set store.archive_directory to another folder",
            store=STORE,
        )
    make_directory(directory)
    write_private(mark, json.dumps({"format": FORMAT, "environment_id": environment_id.hex()}).encode())
    sync_directory(directory)


def day_folder(directory: Path, day: int) -> Path:
    """Return the folder of a day, given in days since 1970."""
    return directory / f"{_DAY_PREFIX}{day_text(day)}"


def day_folders(directory: Path) -> Iterator[tuple[int, Path]]:
    """Yield `(day, folder)` of the days that have one, oldest first."""
    for folder in sorted(directory.iterdir()) if directory.is_dir() else ():
        day = _day(folder.name)
        if day is not None:
            yield day, folder


def _day(name: str) -> int | None:
    try:
        return parse_day(name.removeprefix(_DAY_PREFIX)) if name.startswith(_DAY_PREFIX) else None
    except FieldError:
        return None


def day_files(folder: Path) -> list[Path]:
    """Return the files of a day's folder in the order in which they were begun."""
    matches = ((_FILE.fullmatch(file.name), file) for file in folder.iterdir())
    found = [(int(match[1]), file) for match, file in matches if match]
    return [file for _, file in sorted(found)]


def next_file(folder: Path) -> Path:
    """Return the name of the file that comes behind those of a day's folder."""
    files = day_files(folder) if folder.is_dir() else []
    number = int(_FILE.fullmatch(files[-1].name)[1]) if files else 0  # type: ignore[index]
    return folder / f"events-{number + 1:04}.parquet"


def clear_partial(folder: Path) -> None:
    """Remove what a process that was killed left half written."""
    for file in folder.iterdir():
        if file.name.endswith(_PARTIAL_SUFFIX):
            file.unlink()


def replace(file: Path, write: Callable[[BinaryIO], object], *, written: Callable[[], object] = int) -> None:
    """Have a file written beside its place and put there whole, synced to disk, so that nobody sees a part of it.

    Args:
        file: Its place; a former one goes.
        write: Given the open file.
        written: Called when it is on disk, not yet in its place.
    """
    make_directory(file.parent)
    partial = file.with_name(f".{file.name}{_PARTIAL_SUFFIX}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        write(stream)
        stream.flush()
        os.fsync(descriptor)
    written()
    partial.replace(file)
    sync_directory(file.parent)


@contextmanager
def translated(directory: Path) -> Iterator[None]:
    """Turn errors of the file system into ours.

    Raises:
        StoreFullError: The disk is full.
        StoreNotWritableError: It cannot be read or written.
    """
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFullError(
                f"the disk under the archive {directory} is full", hint="free space"
            ) from exc
        raise StoreNotWritableError(
            f"the archive {directory} cannot be read or written: {exc}", hint="check permissions", store=STORE
        ) from exc
