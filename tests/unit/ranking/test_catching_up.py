"""What waits to be learned for all users: when it is, what is served meanwhile, and what is kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ranking import Action, Context, Example
from ranking.catching_up import CatchUp, CorrectionFolder, Taught
from ranking.correction import Correction

BOOK, CANCEL = Action("book", attributes={"kind": "write"}), Action("cancel", attributes={"kind": "write"})
ASKED = Context(0, {"last": "search", "outcome": "ok"}, "please cancel my flight")


def taught(count: int = 40) -> Correction:
    found = Correction()
    for _ in range(count):
        found.learn(ASKED, CANCEL, 0.0, 1.0)
        found.learn(ASKED, BOOK, 0.0, 0.0)
    return found


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
