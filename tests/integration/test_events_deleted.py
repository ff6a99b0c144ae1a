"""Deleting single events: from what is served within moments, and from every row there is."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from marks import databases_with

from foreword.client import Foreword
from foreword.errors import ServiceError

if TYPE_CHECKING:
    from conftest import Installation

Until = Callable[[Callable[[], Any], str], Any]

MARK = "mark-4b7d21"


def _record(here: Installation, user: str, rows: list[dict[str, Any]]) -> None:
    file = here.folder / f"{user}.jsonl"
    file.write_text("".join(json.dumps({"user_id": user, "type": "read", **row}) + "\n" for row in rows))
    assert here.json("import", "events", file.name)[0]["refused"] == 0
    file.unlink()


def _reads(count: int, topic: str) -> list[dict[str, Any]]:
    return [{"event_id": f"{topic}-{number}", "topics": [topic]} for number in range(count)]


def test_what_rests_on_deleted_events_goes_with_them(serving: Installation, until: Until) -> None:
    """A topic, a no and a wish are gone from profile and text, and no live row holds what the events held."""
    rows = [*_reads(6, "tests"), *_reads(5, MARK), {"event_id": "no", "topics": ["rust"], "type": "mute"}]
    rows.append({"event_id": "wish", "type": "correction", "text": "shorter please"})
    _record(serving, "ada", [*rows, {"event_id": "end", "type": "session.end"}])
    text = until(lambda: serving.json("text", "ada")["text"], "no foreword of ada")
    assert MARK in text
    assert "Skip" in text
    assert "short answers" in text
    ids = [f"{MARK}-{number}" for number in range(5)]
    gone = serving.json("events", "delete", "ada", *ids, "no", "wish", "never-there")
    assert (gone["deleted_count"], gone["missing_ids"], gone["completed"]) == (7, ["never-there"], True)
    after = serving.json("text", "ada")
    assert after["revision"] == gone["revision"]
    assert "tests" in after["text"]
    for word in (MARK, "Skip", "short answers", "rust"):
        assert word not in after["text"]
    profile = json.dumps(serving.json("get", "ada"))
    assert MARK not in profile
    # Only the ids of what was accepted are kept, so that the same event sent again is known.
    assert databases_with(serving.store, MARK) == ["applied"]
    assert databases_with(serving.store, "shorter please") == []
    _record(serving, "ada", [{"event_id": "no", "topics": ["rust"], "type": "mute"}])
    assert "Skip" not in serving.json("text", "ada")["text"]


def test_a_deletion_asked_for_again_succeeds(serving: Installation, until: Until) -> None:
    """Sent again after a lost answer it changes nothing, ends with 0 and says so, with and without waiting."""
    _record(serving, "amy", [*_reads(6, "tests"), {"event_id": "end", "type": "session.end"}])
    until(lambda: serving.json("text", "amy")["text"], "no foreword of amy")
    first = serving.json("events", "delete", "amy", "tests-0", "tests-0")
    assert (first["deleted_count"], first["deleted_before_count"], first["missing_ids"]) == (1, 1, [])
    for wait in ("0", "10"):
        again = serving.json("events", "delete", "amy", "tests-0", "--wait", wait)
        assert (again["deleted_count"], again["deleted_before_count"]) == (0, 1)
        assert (again["completed"], again["revision"]) == (True, first["revision"])
    said = serving.run("events", "delete", "amy", "tests-0", "tests-1", "never-there").stdout
    assert said.startswith("1 event deleted; 1 had been before; not there: never-there; revision ")


def test_deleting_nothing_is_a_failure_that_says_so(serving: Installation) -> None:
    """An id that was never recorded is named, with exit code 1; none at all, or one too long, is wrong usage."""
    missing = serving.run("events", "delete", "nobody", "x")
    assert missing.returncode == 1
    assert "no event of 'nobody'" in missing.stderr
    assert serving.run("events", "delete", "nobody").returncode == 2
    with (
        Foreword(serving.address, raises=True) as client,
        pytest.raises(ServiceError, match=r"event_ids\[1\].*1 to 128 bytes"),
    ):
        client.delete_events("ada", ["x", "y" * 200])


def test_all_events_can_be_deleted(serving: Installation, until: Until) -> None:
    """The user is served as nobody knows them, and is known again by what comes after."""
    _record(serving, "eve", [*_reads(6, "tests"), {"event_id": "end", "type": "session.end"}])
    until(lambda: serving.json("text", "eve")["text"], "no foreword of eve")
    ids = [*(f"tests-{number}" for number in range(6)), "end"]
    assert serving.json("events", "delete", "eve", *ids)["completed"]
    assert serving.json("text", "eve")["text"] == ""
    _record(serving, "eve", [*_reads(6, "baking"), {"event_id": "end-2", "type": "session.end"}])
    text = until(lambda: serving.json("text", "eve")["text"], "no foreword of eve again")
    assert "baking" in text
    assert "tests" not in text


def test_a_full_refresh_says_what_the_events_say(serving: Installation, until: Until) -> None:
    """`refresh --full` writes a revision from the events alone, which says the same."""
    _record(serving, "ben", [*_reads(8, "tests"), {"event_id": "end", "type": "session.end"}])
    before = until(lambda: (found := serving.json("text", "ben"))["text"] and found, "no foreword of ben")
    full = serving.json("refresh", "ben", "--full")
    assert full["outcome"] == "REFRESH_OUTCOME_WRITTEN"
    after = serving.json("text", "ben")
    assert after["text"] == before["text"]
    assert after["revision"] == full["revision"] > before["revision"]
    assert serving.json("refresh", "ben")["outcome"] == "REFRESH_OUTCOME_UNCHANGED"


def test_a_deletion_waits_for_a_scheduler_and_is_taken_once(
    installation: Installation, until: Until, faults: Callable[[Path], list[Any]]
) -> None:
    """While none runs the events are gone and the profile is not without them; whoever starts next sees to it once."""
    sidecar, scheduler = installation.start("sidecar"), installation.start("scheduler")
    until(lambda: "serving on" in installation.log(), "no sidecar")
    rows = [*_reads(6, "tests"), *_reads(5, "baking"), {"event_id": "end", "type": "session.end"}]
    _record(installation, "ada", rows)
    # Of her own: what strangers are told may name what many turn to.
    until(lambda: _revision(installation) and "baking" in installation.json("text", "ada")["text"], "no text")
    stop(scheduler)
    ids = [f"baking-{number}" for number in range(5)]
    waiting = installation.run("events", "delete", "ada", *ids, "--wait", "0.2")
    assert waiting.returncode == 1
    assert "5 events deleted; the profile of 'ada' still rests on" in waiting.stderr
    unwaited = installation.run("events", "delete", "ada", *ids, "--wait", "0")
    assert (
        unwaited.stdout == "0 events deleted; 5 had been before; the profile of ada is not without them yet\n"
    )
    assert faults(installation.store) == []
    assert "(deleted; the next refresh is without it)" in installation.run("explain", "ada").stdout
    for _ in range(2):
        scheduler = installation.start("scheduler")
        until(lambda: "baking" not in installation.json("text", "ada")["text"], "baking is not gone")
        stop(scheduler)
    memory = installation.json("get", "ada")["profile"]["memory"]
    assert [(row["value"], row["event_count"]) for row in memory["topics"]] == [("tests", 6)]
    stop(sidecar)


def _revision(installation: Installation) -> int:
    return int(installation.json("text", "ada").get("revision", 0))


def stop(process: subprocess.Popen[str]) -> None:
    """End a daemon by kill -9: what it had not committed is lost, and nothing else."""
    process.kill()
    process.wait(timeout=30)
