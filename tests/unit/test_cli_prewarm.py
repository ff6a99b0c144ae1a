"""What `foreword answer prewarm` says before it asks anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from foreword.cli import main
from foreword.store.lock import FileLock

# Nobody listens there: what is asked fails.
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    config = tmp_path / "foreword.toml"
    config.write_text(
        f'[store]\ndirectory = "{tmp_path}/store"\n[tiering]\nprovider = "anthropic"\n[agent]\nbase_url = "{NOBODY}"\n'
    )
    file = tmp_path / "questions.txt"
    file.write_text("How do I export invoices?\nWhen was my last invoice sent?\n")
    return ["--config", str(config), "answer", "prewarm", str(file)]


def test_dry_run_says_what_it_can_cost(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is asked; what is not shared is named by its line, with the reason."""
    assert main([*arguments, "--dry-run"]) == 0
    said = capsys.readouterr()
    rows = dict(line.rsplit(maxsplit=1) for line in said.out.splitlines())
    assert (rows["to ask"], rows["not shared"]) == ("1", "1")
    assert 0 < float(rows["at most USD"]) < 1
    assert "Line 2 is about the asker: When was my last invoice sent?" in said.err
    assert main([*arguments, "--dry-run", "--json"]) == 0
    fields = json.loads(capsys.readouterr().out)
    assert fields["not_shared"] == [{"line": 2, "reason": "is about the asker"}]
    assert fields["most_micro_usd"] == round(float(rows["at most USD"]) * 1e6)


def test_limit_is_the_operators(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What goes beyond it is left out, and said."""
    assert main([*arguments, "--max-usd", "0.000001", "--yes", "--json"]) == 0
    fields = json.loads(capsys.readouterr().out)
    assert (fields["to_ask"], fields["left_out"]) == (0, {"beyond_the_limit": 1})


def test_nothing_is_asked_unconfirmed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A script that does not say --yes is told what it would have asked."""
    assert main(arguments) == 2
    assert "this asks 1 questions for at most 0.0" in capsys.readouterr().err


def test_two_at_once_are_refused(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second would read the answers of the first one's batches too."""
    with FileLock(tmp_path / "store" / "answers" / "prewarming.lock", "a test"):
        assert main([*arguments, "--yes"]) == 1
    assert "are prewarmed already" in capsys.readouterr().err


def test_address_of_a_sidecar_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It works on files, which may be another machine's there."""
    assert main([*arguments, "--address", "127.0.0.1:1"]) == 2
    assert "run it where they are" in capsys.readouterr().err
