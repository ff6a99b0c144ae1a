"""`foreword rank models` and `rollback`: what an operator is told of the hold after a rollback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from foreword.cli import main
from ranking.model import GlobalModel, Layout
from ranking.model_folder import Entry, ModelFolder, Verdict
from ranking.trainer import models_directory


def test_a_rollback_and_the_list_say_that_trainings_are_held_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback says so at once, and the list as long as it lasts, with the figures of what was left."""
    folder = ModelFolder(models_directory(tmp_path))
    for number in (1, 2):
        model = GlobalModel(number, number, Layout(), GlobalModel.seed().arrays)
        folder.publish(model, Entry(number, number, Verdict.TAKEN, examples=700 + number))
    monkeypatch.setenv("FOREWORD_STORE__DIRECTORY", str(tmp_path))

    def said(*words: str) -> str:
        assert main(["rank", *words]) == 0
        return capsys.readouterr().out

    assert "held back" not in said("models")
    assert "held back until `foreword rank train`" in said("rollback")
    assert "held back until `foreword rank train`" in said("models")
    shown = json.loads(said("models", "--json"))
    assert (shown["serving"], shown["held_back"]) == (1, True)
    assert [(each["state"], each["examples"]) for each in shown["models"]] == [
        ("rolled back", 702),
        ("serving", 701),
    ]
