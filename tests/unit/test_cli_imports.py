"""`foreword import`, in this process and straight into a store."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from foreword.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, worked in, where no daemon runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOREWORD_SIDECAR__LISTEN", f'["unix:{tmp_path}/none.sock"]')
    return tmp_path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with six commits of two authors."""
    commits = []
    for number in range(6):
        author, area = ("ann" if number < 4 else "bob"), ("docs" if number % 2 else "src")
        identity = f"{author} <{author}@example.org> {1_760_000_000 + number} +0000"
        commits.append(
            f"commit refs/heads/main\nauthor {identity}\ncommitter {identity}\ndata 6\nchange\n"
            f"M 100644 inline {area}/{number}.py\ndata 1\n{number}\n"
        )
    path = tmp_path / "project"
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(path)], check=True)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=path, input="".join(commits), text=True, check=True)
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, stdin: str = "") -> int:
    return command(monkeypatch, "import", *arguments, stdin=stdin)


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str, stdin: str = "") -> int:
    monkeypatch.setattr("sys.argv", ["foreword", *arguments])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
    return main()


def exported(monkeypatch, capsys, user: str) -> list[dict[str, Any]]:
    """Return the events kept of a user."""
    capsys.readouterr()
    assert command(monkeypatch, "export", user) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [row["event"] for row in rows if row["store"] == "activity.events"]


def event(number: int, **more: object) -> str:
    return (
        json.dumps({"event_id": str(number), "user_id": "ada", "type": "read", "time": 1763600000, **more})
        + "\n"
    )


def test_events_come_through_stdin(folder: Path, monkeypatch, capsys) -> None:
    """`-` is stdin, for events and for tables, and the report names it so."""
    assert run(monkeypatch, "events", "-", stdin=event(1) + event(2)) == 0
    assert capsys.readouterr().out == "stdin: 2 recorded, 0 known already, 0 refused\n"
    assert run(monkeypatch, "csv", "-", stdin="user_id;type\nada;read\n") == 0
    assert capsys.readouterr().out.splitlines() == [
        "stdin: 1 recorded, 0 known already, 0 refused",
        "  without a time, so taken as of now: 1",
    ]


def test_what_no_event_has_is_said_and_strictly_refused(folder: Path, monkeypatch, capsys) -> None:
    """Unknown fields are counted, with the field that was probably meant; with --strict their lines are refused."""
    (folder / "e.jsonl").write_text(event(1, topic=["x"]) + event(2, topic=["y"], colour="red") + event(3))
    assert run(monkeypatch, "events", "e.jsonl") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1] == "  ignored, no field of an event: 'topic' in 2 rows (meant: topics?), 'colour' in 1 row"
    assert run(monkeypatch, "events", "e.jsonl", "--strict", "--json") == 1
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["duplicates"], report["refused"], report["ignored"]) == (1, 2, {})


def test_an_import_that_is_mostly_refused_fails(folder: Path, monkeypatch, capsys) -> None:
    """Half refused is a file with bad rows; more is no file of events, and exit code 1."""
    (folder / "half.jsonl").write_text("{\n" + event(1))
    (folder / "most.jsonl").write_text("{\n{\n" + event(2))
    assert run(monkeypatch, "events", "half.jsonl") == 0
    assert run(monkeypatch, "events", "half.jsonl", "most.jsonl") == 1
    assert (
        "most.jsonl: 1 recorded, 0 known already, 2 refused, which are most of them"
        in capsys.readouterr().out
    )


def test_a_wrong_delimiter_is_wrong_usage(folder: Path, monkeypatch, capsys) -> None:
    """A delimiter that cannot be one is refused in a sentence, before anything is read."""
    assert run(monkeypatch, "csv", "-", "--delimiter", "::") == 2
    assert "--delimiter: found '::'; allowed: one character, or " in capsys.readouterr().err


def test_an_empty_file_is_no_failure(folder: Path, monkeypatch, capsys) -> None:
    """Nothing to import is nothing wrong; nothing but what is refused is."""
    (folder / "empty.jsonl").write_text("")
    assert run(monkeypatch, "events", "empty.jsonl") == 0
    assert run(monkeypatch, "events", "-", stdin="nonsense\n") == 1


def test_csv_maps_columns(folder: Path, monkeypatch, capsys) -> None:
    """Rows of a table become events by --map; values become likes and dislikes by their limits."""
    (folder / "r.csv").write_text(
        "who,what,tags,stars,when\n7,Babe,Comedy|Drama,5,1763600000\n7,Jaws,Horror,1,1763600009\n"
    )
    rules = ["type==rate", "user_id=who", "item_id=what", "topics=tags", "value=stars", "time=when"]
    maps = [part for rule in rules for part in ("--map", rule)]
    assert run(monkeypatch, "csv", "r.csv", *maps, "--like-at", "4", "--dislike-at", "2") == 0
    events = exported(monkeypatch, capsys, "7")
    assert [event["feedback"] for event in events] == ["FEEDBACK_LIKE", "FEEDBACK_DISLIKE"]
    assert events[0]["topics"] == ["Comedy", "Drama"]
    assert run(monkeypatch, "csv", "r.csv", "--map", "user_id=nobody") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_git_pseudonymises(folder: Path, repository: Path, monkeypatch, capsys) -> None:
    """Commits become events of authors under pseudonyms; asked again, only newer commits are read."""
    assert run(monkeypatch, "git", str(repository), "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["accepted"] == 6
    assert run(monkeypatch, "git", str(repository), "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["rows"] == 0
    assert b"example.org" not in (folder / "var/foreword/activity.lmdb/data.mdb").read_bytes()
    assert exported(monkeypatch, capsys, "ann@example.org") == []
    assert run(monkeypatch, "git", str(repository), "--plain-authors") == 0
    assert len(exported(monkeypatch, capsys, "ann@example.org")) == 4


def conversation(**more: object) -> str:
    messages = [
        {"role": "user", "content": "book a flight"},
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "search", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "Error: timed out"},
        {"role": "assistant", "content": "None found."},
        {"role": "user", "content": "No, by train"},
    ]
    return json.dumps({"messages": messages, **more}) + "\n"


def test_trajectories_are_recorded_once(folder: Path, monkeypatch, capsys) -> None:
    """A log's turns, calls and outcome are events of its user; read again they count no second time."""
    (folder / "log.jsonl").write_text(conversation(user="ada", session_id="s", reward=1))
    wanted = ["trajectories", "log.jsonl", "--start", "2026-01-02T03:04:05Z", "--attribute", "domain=travel"]
    assert run(monkeypatch, *wanted) == 0
    assert capsys.readouterr().out.splitlines() == [
        "log.jsonl: 4 recorded, 0 known already, 0 refused",
        "  1 conversation: 1 agent.follow_up, 1 agent.outcome, 1 agent.request, 1 agent.tool_call",
        "  without a time, so taken as one second apart from 2026-01-02T03:04:05Z on (--start): 6 messages",
    ]
    assert run(monkeypatch, *wanted, "--json") == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["accepted"], report["duplicates"], report["kinds"]["agent.tool_call"]) == (0, 4, 1)
    kept = {row["type"]: row for row in exported(monkeypatch, capsys, "ada")}
    assert kept["agent.tool_call"]["item_id"] == "tool:search"
    assert kept["agent.tool_call"]["attributes"]["error_type"] == "timeout"
    assert kept["agent.follow_up"]["feedback"] == "FEEDBACK_CORRECTION"
    assert kept["agent.outcome"]["value"] == 1
    assert {row["attributes"]["domain"] for row in kept.values()} == {"travel"}


def test_refused_trajectories_are_written_aside_and_the_rest_kept(folder: Path, monkeypatch, capsys) -> None:
    """A record that names no user stands aside with its line and the reason, and is taken with --user."""
    log = folder / "log.jsonl"
    log.write_text(conversation(user="ada") + conversation() + "{}\n")
    assert run(monkeypatch, "trajectories", "log.jsonl", "--json") == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["accepted"], report["refused"]) == (3, 2)
    aside = [json.loads(row) for row in Path(report["refused_file"]).read_text().splitlines()]
    assert [(row["line"], row["reason"].partition(":")[0]) for row in aside] == [(2, "user"), (3, "record")]
    assert aside[0]["row"] == conversation().strip()
    assert run(monkeypatch, "trajectories", "log.jsonl", "--user", "bob", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["accepted"] == 3


def test_trajectories_come_through_stdin(folder: Path, monkeypatch, capsys) -> None:
    """`-` is stdin; a log of which most is refused ends with 1."""
    assert run(monkeypatch, "trajectories", "-", stdin=conversation(user="ada")) == 0
    assert capsys.readouterr().out.startswith("stdin: 3 recorded")
    assert run(monkeypatch, "trajectories", "-", stdin=conversation()) == 1


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--start", "soon"), "--start: found 'soon'; allowed: an RFC 3339 time"),
        (("--attribute", "domain"), "--attribute: found 'domain'; allowed: NAME=VALUE"),
        (("--form", "csv"), "is not one of 'openai', 'anthropic', 'tau-bench', 'telemetry'"),
    ],
)
def test_an_option_of_trajectories_that_cannot_be_is_named(
    folder: Path, monkeypatch, capsys, option: tuple[str, str], said: str
) -> None:
    """A wrong value is named with what is allowed, and nothing is recorded."""
    assert run(monkeypatch, "trajectories", "-", *option, stdin=conversation(user="ada")) != 0
    assert said in capsys.readouterr().err


def test_the_forms_offered_are_those_there_are() -> None:
    """The command's list of forms, kept apart so that it need not be imported, is the importer's."""
    from foreword.cli.imports import _FORMS
    from foreword.importers import Form

    assert tuple(Form) == _FORMS
