"""`foreword import`, in this process and straight into a store."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from foreword.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, worked in, where no daemon runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOREWORD_SIDECAR__LISTEN", f'["unix:{tmp_path}/none.sock"]')
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, stdin: str = "") -> int:
    monkeypatch.setattr("sys.argv", ["foreword", "import", *arguments])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
    return main()


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
    assert capsys.readouterr().out == "stdin: 1 recorded, 0 known already, 0 refused\n"


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
    assert "most of it was refused" in capsys.readouterr().out.splitlines()[-1]


def test_a_wrong_delimiter_is_wrong_usage(folder: Path, monkeypatch, capsys) -> None:
    """A delimiter that cannot be one is refused in a sentence, before anything is read."""
    assert run(monkeypatch, "csv", "-", "--delimiter", "::") == 2
    assert "--delimiter: found '::'; allowed: one character, or " in capsys.readouterr().err
