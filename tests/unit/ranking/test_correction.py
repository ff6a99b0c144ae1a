"""What all users taught since a training: learned, explained, kept, and judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from taught_correction import ASKED, BOOK, CANCEL, taught

from ranking import Action, Context
from ranking import correction as module
from ranking.correction import Correction

ELSEWHERE = Context(0, {"last": "search", "outcome": "ok"}, "what is the weather")


def test_what_is_asked_decides_which_action() -> None:
    """Forty times the same choice after the same words puts that action first there, less so after other words."""
    found = taught()
    book, cancel = found.logits(ASKED, [BOOK, CANCEL])
    assert cancel > 1 > -1 > book
    there = found.logits(ELSEWHERE, [BOOK, CANCEL])
    assert 0 < there[1] - there[0] < cancel - book


def test_what_is_new_is_left_as_the_model_has_it() -> None:
    """An action that shares nothing with what was learned gets no correction."""
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


def test_it_says_whether_it_is_of_use() -> None:
    """It is better where rewards follow what it learns, and worse where they come by lot and the model knows that."""
    assert not Correction().is_better
    assert taught().is_better
    by_lot, draw = Correction(), np.random.default_rng(0)
    for _ in range(500):
        by_lot.learn(ASKED, BOOK, 0.0, float(draw.integers(2)))
    assert not by_lot.is_better


def test_an_explanation_adds_up() -> None:
    """What each fact adds, by name, sums to what is added, for actions with topics, a vector and no column, too."""
    found, draw = Correction(), np.random.default_rng(1)
    actions = [
        Action(f"a{number}", ("x", f"y{number % 3}"), {"d": str(number % 2)}, vector=(1.0, number / 10))
        for number in range(30)
    ]
    moments = [
        Context(
            0, {key: str(draw.integers(3)) for key in "abcde"[: number % 6]}, f"w{number % 4} w{number % 3}"
        )
        for number in range(50)
    ]
    for number in range(1_000):
        action = actions[int(draw.integers(29))]
        found.learn(moments[number % 50], action, float(draw.normal()), float(draw.integers(2)))
    for moment in moments:
        explained = [sum(amount for _, amount in found.explain(moment, action)) for action in actions]
        assert found.logits(moment, actions) == pytest.approx(explained, abs=1e-4)
    assert "context last=search × word cancel" in dict(taught().explain(ASKED, CANCEL))


def test_what_is_served_stays_while_learning_goes_on() -> None:
    """A copy says the same to the bit, whatever is learned after it."""
    found = taught()
    served = found.copy()
    before = served.logits(ASKED, [BOOK, CANCEL]).tobytes()
    for number in range(500):
        found.learn(ELSEWHERE, Action(f"new {number}"), 0.0, 1.0)
        found.learn(ASKED, CANCEL, 0.0, 0.0)
    assert served.logits(ASKED, [BOOK, CANCEL]).tobytes() == before
    assert found.logits(ASKED, [BOOK, CANCEL]).tobytes() != before


def test_an_action_that_changed_is_looked_at_anew() -> None:
    """The same id with other attributes, after the former was asked for, is corrected by its own."""
    found = taught()
    found.logits(ASKED, [BOOK])
    changed = Action("book", attributes={"kind": "read"})
    (amount,) = found.logits(ASKED, [changed])
    assert amount == pytest.approx(sum(each for _, each in found.explain(ASKED, changed)), abs=1e-5)
    assert amount != found.logits(ASKED, [BOOK])[0]


def test_a_correction_read_again_learns_on_as_the_one_written(tmp_path: Path) -> None:
    """What is kept on disk says the same to the bit, and goes on learning the same."""
    written = taught()
    written.save(tmp_path / "kept")
    read = Correction.load(tmp_path / "kept")
    for each in (written, read):
        each.learn(ELSEWHERE, Action("new"), 0.5, 1.0)
    actions = [BOOK, CANCEL, Action("new")]
    for moment in (ASKED, ELSEWHERE):
        assert read.logits(moment, actions).tobytes() == written.logits(moment, actions).tobytes()
    assert (read.trust, read.count, read.is_better) == (written.trust, written.count, written.is_better)


def test_what_has_no_room_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the room nothing new is learned, what is known stays right, and what an action is by itself is learned."""
    monkeypatch.setattr(module, "CELLS_MAX", 256 * 16)
    monkeypatch.setattr(module, "ACTIONS_MAX", 3)
    found = taught()
    before = found.logits(ASKED, [CANCEL])
    for number in range(2_000):
        found.learn(Context(0, {"last": f"tool {number}"}), Action(f"a{number}"), 0.0, float(number % 2))
    assert np.sign(found.logits(ASKED, [CANCEL])) == np.sign(before)
    moment = Context(0, {"last": "tool 1999"})
    assert found.logits(moment, [Action("a1999")])[0] > 0 > found.logits(moment, [Action("a1998")])[0]


def test_an_action_beyond_all_room_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no room left at all, an example is taken and teaches only what is known already."""
    monkeypatch.setattr(module, "OWN_MAX", 3)
    monkeypatch.setattr(module, "ACTIONS_MAX", 2)
    found = taught()
    found.learn(Context(0), Action("one more"), 0.0, 1.0)
    assert found.logits(Context(0), [Action("one more")]).tolist() == [0.0]
