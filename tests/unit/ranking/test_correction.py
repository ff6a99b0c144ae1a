"""What all users taught since a training: learned, explained, kept, and gone back from."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from ranking import Action, Context, Example
from ranking import correction as module
from ranking.catching_up import CatchUp, CorrectionFolder, Taught
from ranking.correction import Correction
from ranking.model import GlobalModel

BOOK, CANCEL = Action("book", attributes={"kind": "write"}), Action("cancel", attributes={"kind": "write"})
ASKED = Context(0, {"last": "search", "outcome": "ok"}, "please cancel my flight")
ELSEWHERE = Context(0, {"last": "search", "outcome": "ok"}, "what is the weather")


def taught(count: int = 40) -> Correction:
    found = Correction()
    for _ in range(count):
        found.learn(ASKED, CANCEL, 0.0, 1.0)
        found.learn(ASKED, BOOK, 0.0, 0.0)
    return found


def test_what_is_asked_decides_which_action() -> None:
    """Forty times the same choice after the same words puts that action first there, less so after other words."""
    found = taught()
    book, cancel = found.logits(ASKED, [BOOK, CANCEL])
    assert cancel > 1 > -1 > book
    there = found.logits(ELSEWHERE, [BOOK, CANCEL])
    assert 0 < there[1] - there[0] < cancel - book


def test_what_is_new_is_left_as_the_model_has_it() -> None:
    """An action and a moment that share nothing with what was learned get no correction."""
    assert taught().logits(Context(0, {"last": "none"}, "hello"), [Action("other")]).tolist() == [0.0]


def test_a_model_that_is_wrong_is_believed_less() -> None:
    """Confident logits that turn out wrong bring trust down; right ones bring it up to 1, and never above."""
    wrong, right = Correction(), Correction()
    for number in range(300):
        moment = Context(number)
        wrong.learn(moment, Action(f"a{number}"), 3.0, float(number % 2))
        right.learn(moment, Action(f"a{number}"), 3.0 if number % 2 else -3.0, float(number % 2))
    assert 0 <= wrong.trust < 0.25
    assert 0.75 < right.trust <= 1


def test_an_explanation_adds_up() -> None:
    """The parts of a corrected model's explanation sum to the logit that it serves."""
    model = GlobalModel.seed().with_correction(taught())
    prior = model.prior()
    encoded = model.encode(ASKED, [BOOK, CANCEL])
    for place, action in enumerate((BOOK, CANCEL)):
        parts = dict(model.explain(ASKED, action, (), prior.mean))
        served = encoded.offset[place] + encoded.features[place] @ prior.mean
        assert sum(parts.values()) == pytest.approx(served, abs=1e-5)
        assert "context last=search × word cancel" in parts


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


def test_a_correction_read_again_learns_on_as_the_one_written(tmp_path: Path) -> None:
    """What is kept on disk says the same to the bit, and goes on learning the same."""
    written = taught()
    CorrectionFolder(tmp_path / "kept").save(written)
    read = CorrectionFolder(tmp_path / "kept").load()
    assert read is not None
    for each in (written, read):
        each.learn(ELSEWHERE, Action("new"), 0.5, 1.0)
    actions = [BOOK, CANCEL, Action("new")]
    for moment in (ASKED, ELSEWHERE):
        assert read.logits(moment, actions).tobytes() == written.logits(moment, actions).tobytes()
    assert (read.trust, read.count) == (written.trust, written.count)


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
    weights = tmp_path / "000000000006" / "moment.npy"
    weights.write_bytes(weights.read_bytes()[:-1])
    found = folder.load()
    assert found is not None
    assert found.count == 4
    folder.clear()
    assert folder.load() is None


def test_what_has_no_room_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the room for weights nothing new is learned, and what is known stays right."""
    monkeypatch.setattr(module, "CELLS_MAX", 256 * 16)
    monkeypatch.setattr(module, "ACTIONS_MAX", 3)
    found = taught()
    before = found.logits(ASKED, [CANCEL])
    for number in range(5_000):
        found.learn(Context(0, {"last": f"tool {number}"}), Action(f"a{number}"), 0.0, float(number % 2))
    after = found.logits(ASKED, [CANCEL])
    assert np.sign(after) == np.sign(before)
    assert found.logits(Context(0, {"last": "tool 4999"}), [Action("a4999")]).tolist() == [0.0]
