"""What is left of an erased user on the disk: the whole installation is looked through byte by byte."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Installation

Until = Callable[[Callable[[], Any], str], Any]

# Two users whose every word can be told from all others'; one erased beside the daemons, one without them.
MARKS = ("mark-7f3a9c", "mark-e0d41b")


def _file(folder: Path, marks: tuple[str, ...]) -> Path:
    """An event file in which each mark is a user, and stands in every field; its neighbours share its pages."""
    lines = []
    for number in range(30):
        for mark in marks:
            event = {
                "event_id": f"{mark}-{number}",
                "user_id": mark,
                "time": f"2026-01-{1 + number % 28:02}T08:00:00Z",
                "type": "read",
                "item_id": f"item-{mark}",
                "topics": [mark, f"topic-{number % 3}"],
                "text": f"words of {mark}",
                "session_id": f"session-{mark}",
                "attributes": {"repo": mark},
            }
            lines += [event, event | {"event_id": f"n{number}{mark}", "type": "t" * 99}]
        for place in "+~":
            user = f"mark{place}{number % 4:06}"
            lines.append(
                {
                    "event_id": f"{user}-{number}",
                    "user_id": user,
                    "time": f"2026-01-{1 + number % 28:02}T09:00:00Z",
                    "type": "read",
                    "topics": [f"topic-{number % 3}"],
                }
            )
    file = folder.parent / f"{folder.name}.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    return file


def _places(folder: Path, mark: str) -> dict[str, int]:
    """Return how often a mark stands in each file that holds it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    found = {str(path.relative_to(folder)): path.read_bytes().count(mark.encode()) for path in files}
    return {name: count for name, count in found.items() if count}


def test_no_byte_of_an_erased_user_is_left(
    installation: Installation, up: subprocess.Popen[str], until: Until, faults: Callable[[Path], list[Any]]
) -> None:
    """After erase and compact, and after erase --purge, no file holds a byte of the user: neither environment, nor a
    backup, the refused rows of imports, the ledger, the trigger log, nor what the daemons logged.
    """
    beside, without = MARKS
    file = _file(installation.folder, MARKS)
    assert installation.json("import", "events", str(file))[0]["refused"] == 60
    file.unlink()
    for mark in MARKS:
        until(lambda mark=mark: mark in installation.run("text", mark).stdout, f"no profile of {mark}")
    refused = installation.run("erase", without, "--purge", "--yes")
    assert refused.returncode == 1
    assert "nothing was erased" in refused.stderr
    assert "stop both daemons" in refused.stderr
    erased = installation.run("erase", beside, "--yes")
    assert erased.returncode == 0, erased.stderr
    assert "imports.refused" in erased.stdout
    assert "foreword store compact" in erased.stderr
    up.terminate()
    assert up.wait(timeout=30) == 0
    # The reason for all of this: rows are gone, their bytes are not.
    assert "store/activity.lmdb/data.mdb" in _places(installation.folder, beside)
    assert installation.run("store", "compact").returncode == 0
    assert _places(installation.folder, beside) == {}
    assert "store/imports" in "".join(_places(installation.folder, without))
    purged = installation.json("erase", without, "--purge", "--yes")
    counts = {count["store"]: int(count["rows"]) for count in purged["counts"]}
    assert counts["activity.events"] == counts["imports.refused"] == 30
    assert counts["profiles.profiles"] == counts["profiles.population"] == 1
    assert [one["name"] for one in purged["compacted"]] == ["profiles.lmdb", "activity.lmdb"]
    assert installation.run("store", "backup", "copy").returncode == 0
    assert _places(installation.folder, without) == {}
    assert faults(installation.store) == []
    assert _places(installation.folder, "mark+000000")
