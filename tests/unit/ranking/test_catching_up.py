"""What waits to be learned for all users: when it is, what is served meanwhile, and what is kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from taught_correction import ASKED, BOOK, CANCEL, taught

from foreword.errors import StoreNotWritableError
from ranking import Example
from ranking.catching_up import CatchUp, CorrectionFolder, Taught


def test_what_is_served_stays_while_learning_goes_on() -> None:
    """A published correction says the same to the bit, whatever is learned after it."""
    catch_up = CatchUp()
    catch_up.add(Taught(Example("ann", ASKED, CANCEL, 1.0), 0.0))
    served = catch_up.publish(0)
    before = served.logits(ASKED, [BOOK, CANCEL]).tobytes()
    for number in range(500):
        catch_up.add(Taught(Example("bob", ASKED, CANCEL, number % 2), 0.0))
    assert catch_up.publish(1).logits(ASKED, [BOOK, CANCEL]).tobytes() != before
    assert served.logits(ASKED, [BOOK, CANCEL]).tobytes() == before


@pytest.mark.parametrize(("passed_ms", "is_due"), [(0, False), (9_999, False), (10_000, True), (-5, True)])
def test_when_it_is_time(passed_ms: int, *, is_due: bool) -> None:
    """Ten seconds after the last is time, and so is any moment of a clock that was set back; with nothing, never."""
    catch_up = CatchUp()
    assert not catch_up.is_due(0, 10_000)
    catch_up.add(Taught(Example("ann", ASKED, CANCEL, 1.0), 0.0))
    assert catch_up.is_due(50_000, 10_000)
    catch_up.publish(50_000)
    catch_up.add(Taught(Example("ann", ASKED, CANCEL, 1.0), 0.0))
    assert catch_up.is_due(50_000 + passed_ms, 10_000) is is_due


def test_no_word_of_a_user_is_kept(tmp_path: Path) -> None:
    """Neither a text's words nor a moment's facts can be read in what is written."""
    CorrectionFolder(tmp_path / "kept").save(taught())
    for path in (tmp_path / "kept").rglob("*.*"):
        content = path.read_bytes()
        assert b"flight" not in content
        assert b"search" not in content


def test_a_damaged_correction_gives_way_to_the_one_before(tmp_path: Path) -> None:
    """Cut short, it gives way to the one before; one that was never written to its end is none."""
    folder = CorrectionFolder(tmp_path)
    for count in (1, 2, 3):
        folder.save(taught(count))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000000004", "000000000006"]
    shutil.copytree(tmp_path / "000000000006", tmp_path / "000000000008.new")
    weights = tmp_path / "000000000006" / "weights.npy"
    weights.write_bytes(weights.read_bytes()[:-1])
    found = folder.load()
    assert found is not None
    assert found.count == 4
    folder.clear()
    assert folder.load() is None


def test_what_is_learned_again_takes_the_place_of_what_was_damaged(tmp_path: Path) -> None:
    """After as many examples as the damaged one had, the next written is whole, and what was half written is gone."""
    folder = CorrectionFolder(tmp_path)
    folder.save(taught(2))
    weights = tmp_path / "000000000004" / "weights.npy"
    weights.write_bytes(weights.read_bytes()[:-1])
    shutil.copytree(tmp_path / "000000000004", tmp_path / "000000000002.new")
    folder.save(taught(2))
    found = folder.load()
    assert found is not None
    assert found.count == 4
    assert [path.name for path in tmp_path.iterdir()] == ["000000000004"]


def test_what_is_learned_anew_outlives_what_was_damaged(tmp_path: Path) -> None:
    """Where all were damaged, what is learned from nothing is kept, however many examples their names claim."""
    folder = CorrectionFolder(tmp_path)
    for count in (20, 21):
        folder.save(taught(count))
    for path in tmp_path.glob("*/weights.npy"):
        path.write_bytes(path.read_bytes()[:-1])
    assert folder.load() is None
    assert "weights.npy" in folder.damage
    folder.save(taught(1))
    found = folder.load()
    assert found is not None
    assert (found.count, folder.damage) == (2, "")
    assert [path.name for path in tmp_path.iterdir()] == ["000000000002"]


def test_what_cannot_be_removed_is_said(tmp_path: Path) -> None:
    """A folder in which something else stands cannot be cleared, and the error names it."""
    (tmp_path / "000000000004").write_text("no directory")
    with pytest.raises(StoreNotWritableError, match="cannot be cleared"):
        CorrectionFolder(tmp_path).clear()
