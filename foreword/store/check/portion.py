"""Looking through a store in portions, for those who have all day."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from foreword.errors import StoreError
from foreword.store.check.activity import ACTIVITY_CHECKS
from foreword.store.check.fault import Fault
from foreword.store.check.profiles import PROFILE_CHECKS
from foreword.store.check.structure import structural_faults
from foreword.store.files import ACTIVITY, PROFILES
from foreword.store.snapshot import Snapshot, open_snapshot

CHECKS = {PROFILES: PROFILE_CHECKS, ACTIVITY: ACTIVITY_CHECKS}


class Position(NamedTuple):
    """Where in an environment the next portion begins."""

    database: str = ""
    """Name of the database; empty for the structure of the file, which comes first."""
    after: str = ""
    """The last key looked at, in hexadecimal."""


class Progress(NamedTuple):
    """How far an environment is looked through."""

    position: Position | None
    """Where the next portion begins; None at the end."""
    entries: int
    """Rows in the environment."""


class _Part(Snapshot):
    """A snapshot that shows some rows of one database, and all of the others."""

    def __init__(self, whole: Snapshot, database: bytes, after: bytes, rows_max: int) -> None:
        super().__init__(whole.environment, whole.txn, whole.head)
        self._database = database
        self._rows_max = rows_max
        self.last_key = after
        self.count = 0

    def rows(self, database: bytes) -> Iterator[tuple[bytes, bytes]]:
        if database != self._database:
            yield from super().rows(database)
            return
        cursor = self.txn.cursor(db=self.environment.handles[database])
        if cursor.set_range(self.last_key + b"\0" if self.last_key else b"\0"):
            for key, row in islice(cursor, self._rows_max):
                self.count += 1
                self.last_key = key
                yield key, row


def inspect_portion(path: Path, position: Position, rows_max: int) -> Iterator[Fault | Position | Progress]:
    """Yield what is wrong with a portion of an environment, each place before it is looked at, and how far it came.

    A portion is the structure of the file, or up to `rows_max` rows. Each is seen in a view of its own, so that the
    whole may take as long as it likes without keeping pages from being used again.

    LMDB trusts its files: a damaged one can end this process.
    """
    yield position
    try:
        with open_snapshot(path) as snapshot:
            yield from _portion(snapshot, position, rows_max)
    except StoreError as exc:
        yield Fault(path.name, "", exc.message)
        yield Progress(None, 0)


def _portion(snapshot: Snapshot, position: Position, rows_max: int) -> Iterator[Fault | Position | Progress]:
    names = [name.decode() for name in CHECKS[snapshot.name] if name in snapshot.environment.handles]
    entries = sum(snapshot.txn.stat(handle)["entries"] for handle in snapshot.environment.handles.values())
    if not position.database:
        faults = structural_faults(snapshot)
        yield from (Fault(snapshot.name, "", fault) for fault in faults)
        # LMDB is let into sound trees only.
        yield Progress(None if faults else Position(names[0]), entries)
        return
    room = rows_max
    for name in names[names.index(position.database) :]:
        here = position if name == position.database else Position(name)
        while True:
            yield here
            part = _Part(snapshot, name.encode(), bytes.fromhex(here.after), room)
            is_through = yield from _faults(part, name)
            room -= part.count
            here = Position(name, part.last_key.hex())
            if room <= 0:
                yield Progress(here, entries)
                return
            if is_through:
                break
    yield Progress(None, entries)


def _faults(part: _Part, name: str) -> Generator[Fault, None, bool]:
    """Yield what is wrong with the rows of a part; return whether all were looked at."""
    try:
        yield from CHECKS[part.name][name.encode()](part)
    except Exception as exc:
        # Whatever a damaged row provokes is a finding; the rows behind it are still to be looked at.
        yield Fault(f"{part.part}.{name}", part.last_key.hex(), f"the check could not go on: {exc!r}")
        return not part.count
    return True
