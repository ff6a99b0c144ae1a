"""Evaluating profiles against the week after, on small made data."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluations.bootstrap import draw, mean_interval
from evaluations.profiles import BASELINES, evaluate_profiles
from foreword.errors import FieldError

START = datetime(2026, 1, 1, tzinfo=UTC)


def write(file: Path, days: int = 70, turn: int | None = None) -> Path:
    """Write two users with an event a day each; `ann` turns from `old` topics to `new` on day `turn`."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "wt", encoding="utf-8") as lines:
        for day in range(days):
            time = (START + timedelta(days=day)).isoformat()
            ann = ["new"] if turn is not None and day >= turn else ["old"]
            for user, topics in (("ann", ann), ("bob", ["x", "y"])):
                event = {
                    "event_id": f"{user}{day}",
                    "user_id": user,
                    "time": time,
                    "type": "read",
                    "topics": topics,
                }
                lines.write(json.dumps(event) + "\n")
    return file


def test_steady_users_are_foretold_by_every_method_of_their_own(tmp_path: Path) -> None:
    """Who always does the same is foretold with recall 1 by the profile and by each personal baseline."""
    report = evaluate_profiles([write(tmp_path / "a.jsonl.gz")], bootstrap=50)
    recalls = {row.method: row.recall_at_3[0] for row in report.rows}
    assert recalls["foreword"] == recalls["uniform_28d"] == recalls["last_event"] == 1.0
    assert report.users == 2
    assert report.points == 2 * 9


def test_points_need_five_events_before_and_one_after(tmp_path: Path) -> None:
    """With four days of events no cut qualifies, and the error says so."""
    with pytest.raises(FieldError, match="5 events"):
        evaluate_profiles([write(tmp_path / "a.jsonl", days=4)])


def test_the_profile_knows_nothing_of_the_week_it_foretells(tmp_path: Path) -> None:
    """A turn in the last week cannot be foretold by any method."""
    file = write(tmp_path / "a.jsonl", days=36, turn=28)
    with_turn = {row.method: row.hit_at_3[0] for row in evaluate_profiles([file], bootstrap=10).rows}
    assert all(share < 1 for method, share in with_turn.items() if method != "popularity")


def test_files_are_namespaces_of_their_own(tmp_path: Path) -> None:
    """The same user in two files is two users, and each file has its own population."""
    one, two = write(tmp_path / "a.jsonl"), write(tmp_path / "b.jsonl")
    assert evaluate_profiles([one, two], bootstrap=10).users == 4


def test_ignored_topics_are_neither_foretold_nor_asked_for(tmp_path: Path) -> None:
    """Leaving out all of a user's topics leaves out the user."""
    report = evaluate_profiles([write(tmp_path / "a.jsonl")], bootstrap=10, ignored_topics={"old"})
    assert report.users == 1


def test_json_has_the_contracts_shape(tmp_path: Path) -> None:
    """Rows carry method, metrics and their bounds; every baseline the paired difference to the product."""
    data = json.loads(evaluate_profiles([write(tmp_path / "a.jsonl")], bootstrap=20).to_json())
    assert set(data) == {"rows", "users", "points"}
    assert [row["method"] for row in data["rows"]] == ["foreword", *BASELINES]
    for row in data["rows"]:
        for metric in ("hit_at_3", "recall_at_3"):
            assert row[f"{metric}_low"] <= row[metric] <= row[f"{metric}_high"]
        assert ("recall_at_3_difference" in row) == (row["method"] != "foreword")


def test_the_table_names_every_method(tmp_path: Path) -> None:
    """The terminal's table has a line per method and says how much was measured."""
    table = evaluate_profiles([write(tmp_path / "a.jsonl")], bootstrap=20).table()
    assert all(method in table for method in ("foreword", *BASELINES))
    assert "18 points of 2 users" in table


def test_a_broken_line_is_named_by_file_and_number(tmp_path: Path) -> None:
    """Who evaluates a file with a broken line learns which."""
    file = tmp_path / "a.jsonl"
    file.write_text('{"event_id": "1"}\n{"event_id": 1, "nonsense": 2}\n')
    with pytest.raises(FieldError, match=r"a\.jsonl:2"):
        evaluate_profiles([file])


def test_intervals_come_from_resampled_users_not_points() -> None:
    """One user with many points counts as one draw, so two unlike users give the widest interval."""
    values = {"a": [0.0] * 100, "b": [1.0] * 100}
    mean, low, high = mean_interval(values, draw(2, 200, seed=1))
    assert (mean, low, high) == (0.5, 0.0, 1.0)


def test_the_same_seed_gives_the_same_draws() -> None:
    """Results can be repeated."""
    assert draw(5, 3, seed=7) == draw(5, 3, seed=7) != draw(5, 3, seed=8)
