"""Looking for a mark in every row of a store."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from foreword.store import ActivityReader, ProfileReader
from foreword.store import databases as db


def databases_with(store: Path, mark: str) -> list[str]:
    """Return the databases of both environments that hold a row with a mark in its key or value."""
    found = []
    for kind, names in (
        (ActivityReader, db.ACTIVITY_DATABASES),
        (ProfileReader, db.PROFILE_DATABASES),
    ):
        with closing(kind(store)) as reader:
            for name in names:
                if any(mark.encode() in key + row for key, row in reader.range(name)):
                    found.append(name.decode())
    return found
