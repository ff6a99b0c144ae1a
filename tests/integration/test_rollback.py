"""Returning a user to an earlier revision, by the real command line and both daemons."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from foreword.client import Foreword
from foreword.store import ProfileReader

if TYPE_CHECKING:
    from conftest import Installation

Until = Callable[[Callable[[], Any], str], Any]


def _session(here: Installation, user: str, rows: list[dict[str, Any]], until: Until) -> int:
    """Record a session and return the revision that follows."""
    before = here.json("text", user)["revision"]
    file = here.folder / f"{user}.jsonl"
    rows = [*rows, {"event_id": f"end-{before}", "type": "session.end"}]
    file.write_text("".join(json.dumps({"user_id": user, "type": "read", **row}) + "\n" for row in rows))
    assert here.json("import", "events", file.name)[0]["refused"] == 0
    return until(lambda: (now := here.json("text", user)["revision"]) != before and now, "a new revision")


def _reads(count: int, topic: str, mark: str = "") -> list[dict[str, Any]]:
    return [{"event_id": f"{topic}{mark}-{number}", "topics": [topic]} for number in range(count)]


def _held(here: Installation, user: str) -> set[str]:
    beliefs = here.json("get", user)["profile"]["self_model"]["beliefs"]
    return {belief["statement"] for belief in beliefs if "valid_to" not in belief}


def test_a_rollback_serves_what_was_known_and_keeps_what_was_counted(
    serving: Installation, until: Until
) -> None:
    """The text is the earlier one, byte for byte; no event is forgotten, and without news nothing comes back."""
    first = _session(serving, "ada", _reads(6, "tests"), until)
    was, held = serving.json("text", "ada"), _held(serving, "ada")
    second = _session(serving, "ada", _reads(12, "pottery"), until)
    assert any("pottery" in statement for statement in _held(serving, "ada"))
    counted = serving.json("get", "ada")["profile"]["memory"]
    done = serving.json("rollback", "ada", str(first))
    assert done["completed"]
    assert done["revision"] > second
    now = serving.json("get", "ada")["profile"]
    assert serving.json("text", "ada")["text"] == was["text"]
    assert _held(serving, "ada") == held
    assert now["memory"] == counted
    assert now["rollback"]["revision"] == first
    serving.json("refresh", "ada")
    assert serving.json("text", "ada")["text"] == was["text"]
    # News of something else brings the counts up to date, and nothing that was taken back.
    _session(serving, "ada", _reads(3, "tests", "later"), until)
    assert not any("pottery" in statement for statement in _held(serving, "ada"))
    _session(serving, "ada", _reads(3, "pottery", "later"), until)
    assert any("pottery" in statement for statement in _held(serving, "ada"))


def test_counts_of_a_rolled_back_text_are_the_revision_s_until_there_is_news(
    serving: Installation, until: Until
) -> None:
    """It says what was counted then; the next event has all counted that happened, before and since."""
    rows = [*_reads(6, "tests"), *_reads(2, "rust")]
    first = _session(serving, "eli", rows, until)
    assert "tests (6 of 8 events)" in serving.json("text", "eli")["text"]
    _session(serving, "eli", _reads(4, "tests", "since"), until)
    assert serving.json("rollback", "eli", str(first))["completed"]
    assert "tests (6 of 8 events)" in serving.json("text", "eli")["text"]
    assert serving.json("refresh", "eli")["outcome"] == "REFRESH_OUTCOME_UNCHANGED"
    assert "tests (6 of 8 events)" in serving.json("text", "eli")["text"]
    _session(serving, "eli", _reads(1, "tests", "later"), until)
    assert "tests (11 of 13 events)" in serving.json("text", "eli")["text"]


def test_what_the_user_said_since_still_holds(serving: Installation, until: Until) -> None:
    """A no and a wish of after the revision stay in force, and the text names nothing refused as liked."""
    first = _session(serving, "bob", _reads(6, "pottery"), until)
    said = [
        {"event_id": "no", "type": "mute", "topics": ["pottery"]},
        {"event_id": "wish", "type": "correction", "text": "shorter please"},
    ]
    _session(serving, "bob", [*said, *_reads(4, "tests")], until)
    assert serving.json("rollback", "bob", str(first))["completed"]
    text = serving.json("text", "bob")["text"]
    assert "short answers" in text
    assert [line for line in text.splitlines() if "pottery" in line] == [
        line for line in text.splitlines() if "Skip" in line
    ]
    profile = serving.json("get", "bob")["profile"]
    assert "high_affinity_topics" not in profile["content_preferences"]
    assert profile["notification_config"]["suppress_topics"] == ["pottery"]
    assert _held(serving, "bob") == {'Does not want "pottery".'}


def test_a_rollback_is_undone_by_another(serving: Installation, until: Until) -> None:
    """Back at the revision that was left, all of it is known again."""
    first = _session(serving, "cyd", _reads(6, "tests"), until)
    second = _session(serving, "cyd", _reads(9, "pottery"), until)
    known, text = _held(serving, "cyd"), serving.json("text", "cyd")["text"]
    serving.json("rollback", "cyd", str(first))
    assert serving.run("rollback", "cyd", str(second)).stdout.startswith("Written: revision ")
    assert (_held(serving, "cyd"), serving.json("text", "cyd")["text"]) == (known, text)
    assert not serving.json("get", "cyd")["profile"]["rollback"].get("taken_back")
    with closing(ProfileReader(serving.store)) as reader:
        assert [str(entry.error) for entry in reader.ledger(newest=3)] == [""] * 3


def test_a_revision_that_cannot_be_returned_to_is_refused(serving: Installation, until: Until) -> None:
    """One that is not kept, the one in force, and an unknown user are refused by name, with those there are."""
    first = _session(serving, "dan", _reads(6, "tests"), until)
    second = _session(serving, "dan", _reads(6, "pottery"), until)
    for revision in (999_999, second):
        refused = serving.run("rollback", "dan", str(revision))
        assert refused.returncode == 2
        assert f"found {revision}; allowed: {first}; {second} is in force" in refused.stderr
    unknown = serving.run("rollback", "nobody", "1")
    assert (unknown.returncode, "nothing is known" in unknown.stderr) == (2, True)
    with Foreword(serving.address) as client:
        assert "allowed" in client.rollback("dan", 999_999).error
    assert serving.json("text", "dan")["revision"] == second
