"""SIGKILL at every named point of putting a global model in force: one of the two is, whole, and the history tells
of it."""

from __future__ import annotations

import shutil
from functools import partial
from itertools import count
from pathlib import Path

from crash.failpoint_deaths import points_until_death

from ranking.model import GlobalModel, Layout
from ranking.model_folder import Entry, ModelFolder, Verdict

POINTS = {"MODEL_WRITTEN", "MODEL_STANDS", "MODEL_NAMED", "MODEL_IN_FORCE"}


def publish(directory: Path) -> None:
    """Do what a training does at its end."""
    folder = ModelFolder(directory)
    with folder.locked():
        number = folder.next_number()
        model = GlobalModel(number, 1, Layout(), GlobalModel.seed().arrays)
        folder.publish(model, Entry(number, 1, Verdict.TAKEN))


def test_a_kill_at_any_point_leaves_one_model_in_force(tmp_path: Path) -> None:
    """Killed at its first point, its second, …, the former or the new model is in force and whole; the next goes on."""
    pristine, directory = tmp_path / "pristine", tmp_path / "ranking"
    publish(pristine)
    points = set()
    for number in count(1):
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(pristine, directory)
        passed, has_ended = points_until_death(partial(publish, directory), number)
        points.update(passed)
        folder = ModelFolder(directory)
        where = f"killed at point {number}, {passed[-1] if passed else 'none'}"
        assert folder.current() in (1, 2), where
        assert folder.load(folder.current()).version == folder.current(), where
        assert not any("damaged" in each.state for each in folder.listed()), where
        noted = {entry.number for entry in folder.history()}
        assert folder.current() in noted, f"{where}: no line of the history tells of the model in force"
        before = folder.next_number()
        publish(directory)
        assert folder.current() == before, where
        assert folder.load(before).version == before, where
        assert not list(directory.glob("*.incoming")), where
        if has_ended:
            break
    assert points >= POINTS
