"""The folder of global models: what is in force, what is kept, and what an operator may go back to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from foreword.errors import FieldError, StoreCorruptError, StoreError, StoreLockedError
from ranking.model import GlobalModel, Layout
from ranking.model_folder import By, Entry, ModelFolder, Verdict


def made(number: int) -> GlobalModel:
    seed = GlobalModel.seed()
    return GlobalModel(number, 1000 * number, Layout(), seed.arrays)


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    folder = ModelFolder(tmp_path / "ranking")
    for number in (1, 2, 3):
        with folder.locked():
            assert folder.next_number() == number
            folder.publish(made(number), Entry(number, 1000 * number, Verdict.TAKEN, examples=10 * number))
    return folder


def states(folder: ModelFolder) -> dict[int, str]:
    return {each.number: each.state for each in folder.listed()}


def test_nothing_was_published_yet(tmp_path: Path) -> None:
    """Without a folder the model that knows nothing is in force, and nothing is listed or made."""
    folder = ModelFolder(tmp_path / "ranking")
    assert folder.current() == 0
    assert folder.load(0).version == 0
    assert list(folder.listed()) == []
    assert folder.next_number() == 1
    assert not folder.directory.exists()


def test_what_is_published_is_in_force(folder: ModelFolder) -> None:
    """The newest model is in force, the others are kept, each with what its training came to."""
    assert folder.current() == 3
    assert folder.load(3).made_ms == 3000
    assert states(folder) == {3: "serving", 2: "kept", 1: "kept"}
    assert [entry.examples for entry in folder.history()] == [10, 20, 30]


def test_an_operator_goes_back_and_forth(folder: ModelFolder) -> None:
    """Without a number the one before is meant; a named one may be any that is there, or the one that knows nothing."""
    assert folder.roll_back(None, 9000) == 2
    assert states(folder) == {3: "rolled back", 2: "serving", 1: "kept"}
    assert folder.roll_back(3, 9000) == 3
    assert states(folder) == {3: "serving", 2: "kept", 1: "kept"}
    assert folder.roll_back(0, 9000) == 0
    assert folder.load(folder.current()).version == 0
    assert folder.next_number() == 4
    with pytest.raises(FieldError, match="none before"):
        folder.roll_back(None, 9000)
    with pytest.raises(FieldError, match="one of 0, 1, 2, 3"):
        folder.roll_back(7, 9000)


def test_a_rollback_leaves_what_trainings_came_to(folder: ModelFolder) -> None:
    """The models that an operator went from and to are still listed with their own training's figures."""
    folder.roll_back(2, 9000)
    assert {each.number: each.entry.examples for each in folder.listed() if each.entry} == {
        3: 30,
        2: 20,
        1: 10,
    }


def test_a_rollback_holds_the_trainer_back(folder: ModelFolder) -> None:
    """From a rollback until an operator trains, whatever the trainer noted in between."""
    assert not folder.is_held_back()
    folder.roll_back(2, 9000)
    assert folder.is_held_back()
    for verdict in (Verdict.HELD_BACK, Verdict.REFUSED):
        folder.note(Entry(folder.next_number(), 9500, verdict))
        assert folder.is_held_back()
    assert states(folder) == {5: "refused", 4: "held back", 3: "rolled back", 2: "serving", 1: "kept"}
    folder.note(Entry(6, 9600, Verdict.REFUSED, by=By.OPERATOR))
    assert not folder.is_held_back()


def test_the_history_says_who(folder: ModelFolder) -> None:
    """A rollback is an operator's; a line of before who did it was written down is the trainer's."""
    folder.roll_back(2, 9000)
    assert [entry.by for entry in folder.history()] == [By.TRAINER] * 3 + [By.OPERATOR]
    file = folder.directory / "HISTORY"
    file.write_text('{"number": 1, "at_ms": 5, "verdict": "taken"}\n')
    assert folder.history() == [Entry(1, 5, Verdict.TAKEN)]


def test_a_model_under_anothers_number_is_refused(folder: ModelFolder) -> None:
    """A copy of one model in another's directory is damage: blocks of that number are not its."""
    shutil.rmtree(folder.path(2))
    shutil.copytree(folder.path(1), folder.path(2))
    with pytest.raises(StoreCorruptError, match="holds global model 1"):
        folder.load(2)
    assert states(folder)[2].startswith("damaged: ")


def test_a_damaged_model_is_named_and_passed_over(folder: ModelFolder) -> None:
    """A model with a changed byte or a missing file is listed as damaged, is refused, and is not gone back to."""
    file = next(folder.path(2).glob("*.npy"))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert states(folder)[2].startswith("damaged: ")
    with pytest.raises(StoreError):
        folder.roll_back(2, 9000)
    assert folder.current() == 3
    assert folder.roll_back(None, 9000) == 1
    next(folder.path(3).glob("*.npy")).unlink()
    assert states(folder)[3].startswith("damaged: ")


def test_a_name_that_names_nothing_is_refused(folder: ModelFolder) -> None:
    """A file `CURRENT` with anything but a number is an error that says what to do; a rollback to a number mends it."""
    (folder.directory / "CURRENT").write_text("three")
    with pytest.raises(StoreCorruptError, match="rollback"):
        folder.current()
    assert states(folder) == {3: "kept", 2: "kept", 1: "kept"}
    assert folder.next_number() == 4
    assert folder.roll_back(2, 9000) == folder.current() == 2


def test_what_is_old_goes_but_for_the_one_before(folder: ModelFolder) -> None:
    """The newest are kept, and always the model in force and the one before it; a number is never given out again."""
    for number in (4, 5):
        folder.publish(made(number), Entry(number, 0, Verdict.TAKEN))
    folder.roll_back(2, 9000)
    assert folder.prune(2) == [3]
    assert states(folder) == {5: "rolled back", 4: "kept", 3: "removed", 2: "serving", 1: "kept"}
    folder.roll_back(5, 9000)
    assert folder.prune(2) == [2, 1]
    assert folder.next_number() == 6


def test_one_changes_the_folder_at_a_time(folder: ModelFolder) -> None:
    """A second training is refused while one is under way; leftovers of a killed one are removed by the next."""
    (folder.directory / "000004.incoming").mkdir()
    (folder.directory / "CURRENT.incoming").write_text("4")
    with folder.locked():
        assert not list(folder.directory.glob("*.incoming"))
        with pytest.raises(StoreLockedError):
            folder.locked()
    with folder.locked():
        pass


def test_a_history_that_was_cut_keeps_its_whole_lines(folder: ModelFolder) -> None:
    """A line that cannot be read is passed over; the others, and what is added, stay."""
    file = folder.directory / "HISTORY"
    file.write_text(file.read_text() + '{"number": 4, "at')
    folder.note(Entry(5, 0, Verdict.REFUSED, held_out=3, logloss=0.7, serving_number=3, serving_logloss=0.6))
    assert [entry.number for entry in folder.history()] == [1, 2, 3, 5]
    assert states(folder)[5] == "refused"


def test_the_last_whole_model_is_none_that_was_left(folder: ModelFolder) -> None:
    """Where the one in force is damaged the one before is meant, or the one that an operator had gone back to."""

    def last() -> int | None:
        found = folder.last_whole()
        return None if found is None else found.version

    assert last() == 3
    (folder.path(3) / "model.json").write_bytes(b"{")
    assert last() == 2
    folder.roll_back(1, 9000)
    (folder.directory / "CURRENT").write_bytes(b"\xff")
    assert last() == 1
    (folder.path(1) / "model.json").write_bytes(b"{")
    assert last() == 2
    shutil.rmtree(folder.path(2))
    assert last() is None


def test_damaged_lines_of_the_history_are_left_out(folder: ModelFolder) -> None:
    """Bytes that are no text cost their line, and no other."""
    history = folder.directory / "HISTORY"
    first, second, third = history.read_bytes().splitlines(keepends=True)
    history.write_bytes(first + b"\xff\xfe" + second[9:] + third)
    assert [entry.number for entry in folder.history()] == [1, 3]


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    """Where a file stands in the folder's place, listing and going back are refused in words."""
    folder = ModelFolder(tmp_path / "ranking")
    folder.directory.write_text("")
    for ask in (lambda: list(folder.listed()), lambda: folder.roll_back(1, 0)):
        with pytest.raises(StoreError, match="cannot be read"):
            ask()
