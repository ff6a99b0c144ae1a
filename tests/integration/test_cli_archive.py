"""What the command line says and does where there is an archive."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

from foreword.clock import DAY_MS
from foreword.keys import user_key
from foreword.store import ActivityReader
from foreword.store.archive import Archive
from foreword.v1.event_pb2 import Event

if TYPE_CHECKING:
    from conftest import Installation

DAY = 19_700


def archived(installation: Installation, *users: str) -> None:
    """Record an event of each user, and put an old one of each into the archive."""
    rows = [{"event_id": "e", "user_id": user, "type": "read"} for user in users]
    file = installation.folder / "events.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert installation.json("import", "events", file.name)[0]["accepted"] == len(users)
    reader = ActivityReader(installation.store)
    archive = Archive(installation.store / "archive", reader.environment_id, is_needed=False)
    reader.close()
    events = [Event(event_id="old", user_id=user, type="read", text=f"by {user}") for user in users]
    for event in events:
        event.time.FromMilliseconds(DAY * DAY_MS)
    archive.append(DAY, events)


def test_upkeep_says_what_the_archive_holds(installation: Installation) -> None:
    """`stats` shows files and days, `backup` and `restore` say that it is not in it, `check` looks into it."""
    archived(installation, "ada", "ben")
    shown = installation.run("store", "stats").stdout
    assert "archive" in shown
    assert "1 files" in shown
    held = next(each for each in installation.json("store", "stats") if each["name"] == "archive")
    assert (held["files"], held["first_day"], held["last_day"]) == (1, "2023-12-09", "2023-12-09")
    done = installation.run("store", "backup", "copy")
    assert "Not in it: the archive, 1 files" in done.stderr
    assert installation.json("store", "backup", "another")["archive_left_out"]["files"] == 1
    done = installation.run("store", "restore", "copy", "--yes")
    assert "As it was: the archive, 1 files" in done.stderr
    assert installation.run("store", "check").returncode == 0
    (file,) = (installation.store / "archive").rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-9])
    done = installation.run("store", "check")
    assert done.returncode == 1
    assert "archive day=2023-12-09/events-0001.parquet" in done.stdout


def test_a_purge_reaches_the_archive(installation: Installation) -> None:
    """`erase --purge` takes the user out of the files as well, and an export of the others still has theirs."""
    archived(installation, "ada", "ben")
    assert "by ada" in installation.run("export", "ada").stdout
    purged = installation.json("erase", "ada", "--purge", "--yes")
    assert {count["store"]: count["rows"] for count in purged["counts"]}["archive"] == 1
    files = [path for path in installation.folder.rglob("*") if path.is_file() and path.suffix != ".jsonl"]
    assert not any(b"by ada" in path.read_bytes() for path in files)
    assert "by ben" in installation.run("export", "ben").stdout
    with closing(ActivityReader(installation.store)) as reader:
        assert reader.erasure(user_key("ada")) is None
