"""Each command as a user types it, beside running daemons and without them."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Installation

Until = Callable[[Callable[[], Any], str], Any]


def _events(user: str, count: int = 6, topic: str = "tests") -> str:
    rows = [
        {"event_id": str(number), "user_id": user, "type": "read", "topics": [topic]}
        for number in range(count)
    ]
    return "".join(
        json.dumps(row) + "\n" for row in [*rows, {"event_id": "end", "user_id": user, "type": "session.end"}]
    )


def _import(here: Installation, user: str, *arguments: str, count: int = 6) -> Any:
    (here.folder / f"{user}.jsonl").write_text(_events(user, count))
    return here.json("import", "events", f"{user}.jsonl", *arguments)[0]


def _known(here: Installation, until: Until, user: str, *arguments: str) -> Any:
    """Record a session and return the foreword that follows."""
    assert _import(here, user, *arguments)["accepted"] == 7
    return until(
        lambda: (found := here.json("text", user, *arguments))["text"] and found, f"no foreword of {user}"
    )


def test_text_and_get_print_what_is_served(serving: Installation, until: Until) -> None:
    """`text` prints the foreword alone, `get` the profile with its freshness and who wrote it, of the same revision."""
    foreword = _known(serving, until, "ada")
    assert serving.run("text", "ada").stdout == foreword["text"].rstrip("\n") + "\n"
    got = serving.json("get", "ada")
    assert got["profile"]["revision"] == foreword["revision"]
    assert got["freshness"] == "FRESHNESS_FRESH"
    assert got["profile"]["content_preferences"]["high_affinity_topics"][0]["topic"] == "tests"
    told = serving.run("get", "ada")
    assert told.stderr == f"Revision {foreword['revision']}, written by code (extractive)\n"
    assert json.loads(told.stdout) == got
    short = serving.json("text", "ada", "--max-tokens", "60")
    assert serving.json("text", "ada", "--max-tokens", "5000") == serving.json("text", "ada")
    assert short["token_count"] <= 60
    assert foreword["text"].startswith(short["text"])


def test_unknown_users_are_no_error(serving: Installation) -> None:
    """A user nobody knows has an empty text and the default profile, said on stderr, with exit code 0."""
    text, got = serving.run("text", "nobody"), serving.run("get", "nobody")
    assert (text.returncode, text.stdout) == (0, "")
    assert "Nothing is known" in text.stderr
    assert got.returncode == 0
    assert json.loads(got.stdout)["freshness"] == "FRESHNESS_DEFAULT"
    assert "default profile" in got.stderr


def test_a_user_id_that_cannot_be_is_wrong_usage(serving: Installation) -> None:
    """An id over the limit, or none, ends with 2 and says what is allowed."""
    for user in ("x" * 257, ""):
        refused = serving.run("text", user)
        assert refused.returncode == 2
        assert "1 to 256 bytes" in refused.stderr


def test_namespaces_are_apart(serving: Installation, until: Until) -> None:
    """--namespace, before or after the command, chooses whose user is meant."""
    _known(serving, until, "eve", "--namespace", "acme")
    assert serving.run("--namespace", "acme", "text", "eve").stdout
    assert serving.run("text", "eve").stdout == ""


def test_refresh_says_what_came_of_it(serving: Installation, until: Until) -> None:
    """`refresh` waits and tells written, unchanged and unknown apart."""
    revision = _known(serving, until, "bob")["revision"]
    again = serving.run("refresh", "bob")
    assert again.returncode == 0, again.stderr
    assert f"Nothing new of bob: revision {revision} stays" in again.stdout
    (serving.folder / "more.jsonl").write_text(
        _events("bob", 12, "docs").replace('"event_id": "', '"event_id": "m')
    )
    serving.json("import", "events", "more.jsonl")
    until(lambda: serving.json("text", "bob")["revision"] != revision, "no new revision")
    assert "Nothing is known of nobody" in serving.run("refresh", "nobody").stdout


def test_revisions_and_diff_say_what_changed(serving: Installation, until: Until) -> None:
    """`revisions` lists those kept with what changed in each, `diff` compares two of them, or names those there are."""
    first = _known(serving, until, "dora")["revision"]
    (serving.folder / "turn.jsonl").write_text(
        _events("dora", 12, "docs").replace('"event_id": "', '"event_id": "t')
    )
    serving.json("import", "events", "turn.jsonl")
    second = until(
        lambda: (found := serving.json("text", "dora")["revision"]) != first and found, "no new revision"
    )
    listed = serving.run("revisions", "dora").stdout.splitlines()
    assert [line.split()[0] for line in listed if not line.startswith(" ")] == [str(second), str(first)]
    assert listed[-1] == "  The oldest that is kept"
    told = serving.json("diff", "dora", str(first), str(second))
    assert {"sign": "+", "what": "topic"}.items() <= told["changes"][0].items()
    shown = serving.run("diff", "dora", str(second), str(first)).stdout.splitlines()
    assert shown[0].startswith(f"Revision {second} (")
    assert any(line.startswith("- topic: 'docs', was ") for line in shown)
    unkept = serving.run("diff", "dora", str(first), "999999")
    assert unkept.returncode == 2
    assert f"found 999999; allowed: {first}, {second}" in unkept.stderr


def test_explain_shows_the_events_behind_what_is_believed(serving: Installation, until: Until) -> None:
    """`explain` says how sure each belief is and why, with the events newest first; one of them by id or topic."""
    _known(serving, until, "finn")
    (serving.folder / "no.jsonl").write_text(
        '{"event_id": "no", "user_id": "finn", "type": "mute", "topics": ["blockchain"], "text": "no\\u001b[2J more"}\n'
        '{"event_id": "ends", "user_id": "finn", "type": "session.end"}\n'
    )
    serving.json("import", "events", "no.jsonl")
    until(lambda: "blockchain" in serving.run("text", "finn").stdout, lambda: serving.run("text", "finn"))
    beliefs = serving.json("explain", "finn")["beliefs"]
    belief = next(row for row in beliefs if row["statement"] == "Often reads about tests.")
    assert belief["reason"].startswith("6 events on 1 day")
    assert 0 < belief["confidence"] < 1
    assert {item["event"]["topics"][0] for item in belief["evidence"]} == {"tests"}
    assert serving.json("explain", "finn", belief["belief_id"])["beliefs"] == [belief]
    (no, *_) = serving.json("explain", "finn", "Blockchain")["beliefs"]
    assert (no["source"], no["kind"]) == ("BELIEF_SOURCE_EXPLICIT", "BELIEF_KIND_DISLIKE")
    shown = serving.run("explain", "finn", "blockchain").stdout
    assert "mute [blockchain] no\\x1b[2J more" in shown
    assert all(line.isprintable() for line in shown.splitlines())
    unknown = serving.run("explain", "finn", "nonsense")
    assert unknown.returncode == 2
    assert "'tests'" in unknown.stderr
    assert "Nothing is known" in serving.run("explain", "finn", "--namespace", "other").stderr


def test_status_is_a_table_and_json(serving: Installation, until: Until) -> None:
    """`status` counts users by segment and freshness, and shows the scheduler's life."""
    _known(serving, until, "stan")
    status = until(
        lambda: (s := serving.json("status")) and not s["problems"] and s.get("scheduler_seen_at") and s,
        "problems",
    )
    assert int(status["profile_count"]) >= 1
    shown = serving.run("status").stdout
    assert shown.splitlines()[0].split() == ["segment", "fresh", "stale", "expired", "default"]
    assert "No problems" in shown


def test_watch(serving: Installation, until: Until) -> None:
    """`watch` prints the profiles that are there, a line each, and as JSON the messages with the profiles."""
    _known(serving, until, "wim")
    done = serving.run("watch", "wim", "--snapshot")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:3] == ["present", "wim", "revision"]
    messages = [
        json.loads(line) for line in serving.run("watch", "wim", "--snapshot", "--json").stdout.splitlines()
    ]
    assert [message["phase"] for message in messages] == [
        "WATCH_PHASE_BEGINNING",
        "WATCH_PHASE_SNAPSHOT",
        "WATCH_PHASE_LIVE",
    ]
    assert messages[1]["changes"][0]["profile"]["user_id"] == "wim"
    wrong = serving.run("watch", "wim", "--all-namespaces")
    assert wrong.returncode == 2
    assert "all_namespaces" in wrong.stderr


def test_export_and_erase(serving: Installation, until: Until) -> None:
    """`export` prints every record; after `erase` nothing is left to print."""
    _known(serving, until, "zoe")
    target = serving.folder / "zoe.export"
    # What is there already may be open to others.
    target.touch(mode=0o644)
    done = serving.run("export", "zoe", "--output", str(target))
    assert done.returncode == 0, done.stderr
    stores = {json.loads(line)["store"] for line in target.read_text().splitlines()}
    assert {"activity.events", "profiles.profiles", "profiles.forewords", "profiles.ledger"} <= stores
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert serving.run("erase", "zoe", stdin="n\n").returncode == 130
    assert serving.run("text", "zoe").stdout
    erased = serving.json("erase", "zoe", "--yes")
    assert erased["complete"]
    assert sum(int(count["rows"]) for count in erased["counts"]) >= len(stores)
    assert serving.run("export", "zoe").stdout == ""


def test_json_never_asks(serving: Installation) -> None:
    """--json without --yes is wrong usage where a question would be asked."""
    assert serving.run("erase", "zoe", "--json").returncode == 2


def test_import_is_idempotent_and_writes_refused_lines_aside(serving: Installation) -> None:
    """What is recorded counts once; lines that are no events stand aside with line and reason."""
    good = _events("ivy", 3)
    (serving.folder / "mixed.jsonl").write_text(good + 'nonsense\n{"user_id": "ivy"}\n')
    first = serving.json("import", "events", "mixed.jsonl")[0]
    assert (first["accepted"], first["duplicates"], first["refused"]) == (4, 0, 2)
    aside = [json.loads(line) for line in Path(first["refused_file"]).read_text().splitlines()]
    assert sorted(row["line"] for row in aside) == [5, 6]
    assert all(row["reason"] for row in aside)
    second = serving.json("import", "events", "mixed.jsonl")[0]
    assert (second["accepted"], second["duplicates"], second["refused"]) == (0, 4, 2)


def test_backup_check_and_stats_run_beside_the_daemons(serving: Installation, until: Until) -> None:
    """A backup taken while daemons run is sound; compaction and restore are refused in words meanwhile."""
    _known(serving, until, "bea")
    assert serving.json("store", "check")["sound"]
    manifest = serving.json("store", "backup", "copy")
    assert set(manifest["environments"]) == {"profiles.lmdb", "activity.lmdb"}
    assert serving.json("store", "check", "copy")["sound"]
    assert {environment["name"] for environment in serving.json("store", "stats")} == {
        "profiles.lmdb",
        "activity.lmdb",
    }
    assert "profiles.due" in serving.run("store", "stats").stdout
    for command in (["compact"], ["restore", "copy", "--yes"]):
        refused = serving.run("store", *command)
        assert refused.returncode == 1
        assert "runs on the store" in refused.stderr


def test_everything_that_can_works_without_daemons(
    installation: Installation, up: subprocess.Popen[str], until: Until
) -> None:
    """With the daemons stopped, reads come from the store and imports go into it; the rest says what is missing."""
    text = _known(installation, until, "ada")["text"]
    assert installation.run("store", "backup", "copy").returncode == 0
    up.terminate()
    assert up.wait(timeout=30) == 0
    assert installation.json("text", "ada")["text"] == text
    told = installation.run("get", "ada", "-v")
    assert "from the store" in told.stderr
    assert json.loads(told.stdout)["profile"]["user_id"] == "ada"
    assert _import(installation, "later")["accepted"] == 7
    assert len(installation.run("export", "later").stdout.splitlines()) >= 15
    for command in (["status"], ["refresh", "ada"], ["erase", "ada", "--yes"]):
        refused = installation.run(*command)
        assert refused.returncode == 1, command
        assert "no sidecar answers" in refused.stderr
        assert "foreword up" in refused.stderr
    assert [result["name"] for result in installation.json("store", "compact")] == [
        "profiles.lmdb",
        "activity.lmdb",
    ]
    assert installation.run("store", "restore", "copy", stdin="n\n").returncode == 130
    assert installation.json("store", "restore", "copy", "--yes")["revision"] >= 1
    assert installation.json("store", "check")["sound"]
    assert installation.run("text", "later").stdout == ""


def test_an_address_that_was_named_is_meant(installation: Installation) -> None:
    """With --address, nothing else answers in its place, and an empty folder is said to be one."""
    refused = installation.run("text", "ada", "--address", "127.0.0.1:9", "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stderr)["error"]["reason"] == "UNAVAILABLE"
    empty = installation.run("text", "ada")
    assert empty.returncode == 1
    assert "holds no store" in empty.stderr


def test_store_check_finds_damage(installation: Installation) -> None:
    """A flipped byte is found, named, and ends the command with 1."""
    assert _import(installation, "ada")["accepted"] == 7
    data = installation.store / "activity.lmdb" / "data.mdb"
    content = bytearray(data.read_bytes())
    place = content.index(b"session.end")
    content[place - 40 : place + 40] = bytes(80)
    data.write_bytes(bytes(content))
    done = installation.run("store", "check", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["problems"]
    assert "problems in" in installation.run("store", "check").stdout


def test_evaluate_profiles_prints_rows(installation: Installation) -> None:
    """`evaluate profiles` prints one row a method with its interval."""
    day = 86_400
    lines = [
        {
            "event_id": f"{user}-{number}",
            "user_id": f"u{user}",
            "time": f"2026-{1 + number * 2 * day // (28 * day):02d}-{1 + number * 2 % 28:02d}T10:00:00Z",
            "type": "read",
            "topics": [f"t{(number + user) % 4}"],
        }
        for user in range(3)
        for number in range(60)
    ]
    (installation.folder / "e.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    report = installation.json("evaluate", "profiles", "--events", "e.jsonl", "--resamples", "20")
    row = next(row for row in report["rows"] if row["method"] == "foreword")
    assert row["recall_at_3_low"] <= row["recall_at_3"] <= row["recall_at_3_high"]
    assert report["users"] == 3
    assert (
        "hit@3" in installation.run("evaluate", "profiles", "--events", "e.jsonl", "--resamples", "20").stdout
    )
