"""Evaluating defaults against the first events of strangers, on small made data."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from evaluations.defaults import METHODS, evaluate_defaults
from evaluations.profile_report import Row
from evaluations.sources import EventFile
from foreword.cli.root import root
from foreword.config import Config
from foreword.errors import FieldError

START = datetime(2026, 1, 1, tzinfo=UTC)


def write(file: Path, *, turn: int = 0) -> Path:
    """Write a new user a day with an event a day for four days: of `old` topics, and of `new` ones from a day on."""
    with file.open("w", encoding="utf-8") as lines:
        for day in range(40):
            topics = ["new"] if day >= turn > 0 else ["old", "often"]
            for user in range(max(0, day - 3), day + 1):
                event = {
                    "event_id": f"e{day}",
                    "user_id": f"user{user}",
                    "time": (START + timedelta(days=day)).isoformat(),
                    "type": "read",
                    "topics": topics,
                }
                lines.write(json.dumps(event) + "\n")
    return file


def rows(file: Path, **cold_start: int) -> dict[str, Row]:
    config = Config.model_validate({"cold_start": cold_start})
    report = evaluate_defaults([EventFile(file)], bootstrap=20, config=config)
    return {row.method: row for row in report.whole.rows}


def test_what_everybody_does_is_foretold_once_enough_did_it(tmp_path: Path) -> None:
    """All but the events of the first days, when fewer than five users had come; a fixed default foretells nothing."""
    found = rows(write(tmp_path / "a.jsonl"))
    assert tuple(found) == METHODS
    assert 0.8 < found["foreword"].recall_at_3[0] < found["popularity"].recall_at_3[0] < 1
    assert found["fixed"].hit_at_3[0] == 0
    few = rows(write(tmp_path / "a.jsonl"), trend_users_min=2)
    assert few["foreword"].recall_at_3[0] > found["foreword"].recall_at_3[0]


def test_a_turn_is_followed_before_popularity_follows(tmp_path: Path) -> None:
    """What all do from a day on is foretold first sooner by what trends than by counts of all time."""
    found = rows(write(tmp_path / "a.jsonl", turn=25))
    assert found["foreword"].ndcg_at_5[0] > found["popularity"].ndcg_at_5[0]


def test_only_first_events_count(tmp_path: Path) -> None:
    """Three of each user are points, the fourth is not; a larger limit takes it in."""
    report = evaluate_defaults([EventFile(write(tmp_path / "a.jsonl"))], bootstrap=5)
    assert (report.whole.users, report.whole.points) == (40, 38 * 3 + 2 + 1)
    assert report.table().startswith("Each of a user's first events")


def test_a_file_without_topics_is_refused(tmp_path: Path) -> None:
    """The error says what is missing."""
    file = tmp_path / "a.jsonl"
    file.write_text('{"event_id": "1", "user_id": "u", "time": "2026-01-01T00:00:00Z", "type": "x"}\n')
    with pytest.raises(FieldError, match="no event with a topic"):
        evaluate_defaults([EventFile(file)])


def test_the_command_takes_files_and_prints_rows(tmp_path: Path) -> None:
    """As JSON with metrics and bounds; without files it is wrong usage."""
    file = write(tmp_path / "a.jsonl")
    done = CliRunner().invoke(
        root, ["evaluate", "defaults", "--events", str(file), "--resamples", "5", "--json"]
    )
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert data["rows"][0]["method"] == "foreword"
    assert {"hit_at_3", "hit_at_3_low", "recall_at_3_high"} <= set(data["rows"][0])
    assert CliRunner().invoke(root, ["evaluate", "defaults"]).exit_code == 2
