"""Evaluating profiles against the week after, on small made data."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluations.bootstrap import draw, mean_interval
from evaluations.foretelling import Scores
from evaluations.profiles import METHODS, evaluate_profiles
from evaluations.sources import EventFile, Ratings
from foreword.errors import FieldError
from foreword.v1.event_pb2 import Feedback

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


def write_ratings(folder: Path) -> tuple[Path, Path]:
    """Write a rating a day of two films, one without genres, as MovieLens writes them."""
    ratings, items = folder / "ratings.csv", folder / "movies.csv"
    items.write_text("movieId,title,genres\n1,Glory (1989),Drama|War\n2,Home (1990),(no genres listed)\n")
    rows = [
        f"9,{1 + day % 2},{4.0 - 2 * (day % 2)},{int((START + timedelta(days=day)).timestamp())}"
        for day in range(60)
    ]
    ratings.write_text("\n".join(["userId,movieId,rating,timestamp", *rows]) + "\n")
    return ratings, items


def test_steady_users_are_foretold_by_every_method_of_their_own(tmp_path: Path) -> None:
    """Who always does the same is foretold with recall 1 by the profile and by each personal baseline."""
    whole = evaluate_profiles([EventFile(write(tmp_path / "a.jsonl.gz"))], bootstrap=50).whole
    for row in whole.rows:
        if row.method in ("foreword", "uniform_28d", "last_event"):
            assert row.recall_at_3[0] == row.ndcg_at_5[0] == 1.0
    assert whole.users == 2


def test_points_need_five_events_before_and_one_after(tmp_path: Path) -> None:
    """With four days of events no cut qualifies, and the error says so."""
    with pytest.raises(FieldError, match="5 events"):
        evaluate_profiles([EventFile(write(tmp_path / "a.jsonl", days=4))])


def test_the_profile_knows_nothing_of_the_week_it_foretells(tmp_path: Path) -> None:
    """A turn in the last week cannot be foretold by any method."""
    file = write(tmp_path / "a.jsonl", days=36, turn=28)
    with_turn = {
        row.method: row.hit_at_3[0] for row in evaluate_profiles([EventFile(file)], bootstrap=10).whole.rows
    }
    assert all(share < 1 for method, share in with_turn.items() if method != "popularity")


def test_files_are_namespaces_of_their_own(tmp_path: Path) -> None:
    """The same user in two files is two users, and each file has its own population."""
    one, two = write(tmp_path / "a.jsonl"), write(tmp_path / "b.jsonl")
    assert evaluate_profiles([EventFile(one), EventFile(two)], bootstrap=10).whole.users == 4


def test_ignored_topics_are_neither_foretold_nor_asked_for(tmp_path: Path) -> None:
    """Leaving out all of a user's topics leaves out the user."""
    report = evaluate_profiles([EventFile(write(tmp_path / "a.jsonl"))], bootstrap=10, ignored_topics={"old"})
    assert report.whole.users == 1


def test_json_has_the_contracts_shape(tmp_path: Path) -> None:
    """Rows carry method, metrics and their bounds; every baseline the paired difference to the product."""
    data = json.loads(evaluate_profiles([EventFile(write(tmp_path / "a.jsonl"))], bootstrap=20).to_json())
    assert set(data) == {"rows", "users", "points", "data_sets"}
    assert [row["method"] for row in data["rows"]] == list(METHODS)
    (part,) = data["data_sets"]
    assert part == {"name": tmp_path.name} | {name: data[name] for name in ("rows", "users", "points")}
    for row in data["rows"]:
        for metric in ("hit_at_3", "recall_at_3", "ndcg_at_5"):
            assert row[f"{metric}_low"] <= row[metric] <= row[f"{metric}_high"]
        for metric in ("recall_at_3_difference", "ndcg_at_5_difference"):
            assert (metric in row) == (row["method"] != "foreword")


def test_the_table_names_every_method(tmp_path: Path) -> None:
    """The terminal's table has a line per method and says how much was measured."""
    table = evaluate_profiles([EventFile(write(tmp_path / "a.jsonl"))], bootstrap=20).table()
    assert all(method in table for method in METHODS)
    assert f"{tmp_path.name}: 130 points of 2 users" in table


def test_cuts_fall_on_every_weekday(tmp_path: Path) -> None:
    """Each user has a point on every day with five events before it and one after, not on one a week."""
    whole = evaluate_profiles([EventFile(write(tmp_path / "a.jsonl", days=70))], bootstrap=10).whole
    assert whole.points == 2 * (70 - 5)


def test_data_sets_are_reported_apart_and_together(tmp_path: Path) -> None:
    """Files of one folder are one data set, a table of ratings is another, and the whole has the points of both."""
    folder = tmp_path / "events"
    folder.mkdir()
    ratings, items = write_ratings(tmp_path)
    sources = [
        EventFile(write(folder / "a.jsonl")),
        EventFile(write(folder / "b.jsonl")),
        Ratings(ratings, items),
    ]
    report = evaluate_profiles(sources, bootstrap=10)
    assert [(part.name, part.users) for part in report.parts] == [("events", 4), (tmp_path.name, 1)]
    assert report.whole.points == sum(part.points for part in report.parts)
    assert "all: " in report.table()


def test_processes_change_nothing(tmp_path: Path) -> None:
    """Lives gone through side by side give the report of lives gone through in turn."""
    source = EventFile(write(tmp_path / "a.jsonl", days=30))
    assert evaluate_profiles([source], bootstrap=10) == evaluate_profiles([source], bootstrap=10, processes=2)


def test_genres_are_what_ratings_count_for(tmp_path: Path) -> None:
    """A rating is an event with the item's genres, and says by its height whether the user liked it."""
    events = Ratings(*write_ratings(tmp_path)).read()
    assert list(events[0].topics) == ["Drama", "War"]
    assert not events[1].topics
    assert {Feedback.Name(event.feedback) for event in events} == {"FEEDBACK_LIKE", "FEEDBACK_DISLIKE"}


def test_a_table_without_users_is_named_with_what_is_wanted(tmp_path: Path) -> None:
    """Who evaluates another table learns which columns it has to have."""
    ratings, items = write_ratings(tmp_path)
    ratings.write_text(ratings.read_text().replace("userId", "who"))
    with pytest.raises(FieldError, match="user_id, userId"):
        Ratings(ratings, items).read()


def test_ndcg_rewards_the_order() -> None:
    """The best order gains one, a topic further down less, and one below the fifth nothing."""
    scores = Scores()
    for place in range(6):
        top = ["-"] * place + ["x"]
        scores.add("m", (0, "u"), top, {"x"})
    assert scores.ndcgs["m"][0, "u"] == pytest.approx([1, 0.6309, 0.5, 0.4307, 0.3869, 0], abs=1e-4)


def test_a_broken_line_is_named_by_file_and_number(tmp_path: Path) -> None:
    """Who evaluates a file with a broken line learns which."""
    file = tmp_path / "a.jsonl"
    file.write_text('{"event_id": "1"}\n{"event_id": 1, "nonsense": 2}\n')
    with pytest.raises(FieldError, match=r"a\.jsonl:2"):
        evaluate_profiles([EventFile(file)])


def test_a_broken_line_is_named_by_processes_too(tmp_path: Path) -> None:
    """An error comes back whole from the process that met it."""
    bad = tmp_path / "a.jsonl"
    bad.write_text("{}}\n")
    with pytest.raises(FieldError, match=r"a\.jsonl:1") as caught:
        evaluate_profiles([EventFile(bad)], bootstrap=10, processes=2)
    assert caught.value.allowed == "an event a line"


def test_intervals_come_from_resampled_users_not_points() -> None:
    """One user with many points counts as one draw, so two unlike users give the widest interval."""
    values = {"a": [0.0] * 100, "b": [1.0] * 100}
    mean, low, high = mean_interval(values, draw(2, 200, seed=1))
    assert (mean, low, high) == (0.5, 0.0, 1.0)


def test_the_same_seed_gives_the_same_draws() -> None:
    """Results can be repeated."""
    assert draw(5, 3, seed=7) == draw(5, 3, seed=7) != draw(5, 3, seed=8)


def test_what_ranking_learned_stands_beside(tmp_path: Path) -> None:
    """With a weight the profiles that take it in are compared with the product's; without, there is no such row."""
    pytest.importorskip("numpy")
    file = tmp_path / "events.jsonl"
    lines = []
    for user in range(8):
        for day in range(120):
            topic = ("jazz", "opera", "chess")[(day + user) % 3]
            is_liked = (topic == "jazz") == (user % 2 == 0)
            lines.append(
                {
                    "event_id": f"{user}-{day}",
                    "user_id": f"u{user}",
                    "time": f"{1_700_000_000 + 86_400 * day + user}",
                    "type": "read",
                    "item_id": f"{topic}{day % 5}",
                    "topics": [topic],
                    "feedback": "FEEDBACK_ACCEPT" if is_liked else "FEEDBACK_REJECT",
                }
            )
    file.write_text("\n".join(map(json.dumps, lines)))
    report = evaluate_profiles([EventFile(file)], bootstrap=10, ranking_weight=1.0)
    rows = {row["method"]: row for row in json.loads(report.to_json())["rows"]}
    assert {"foreword", "foreword, ranked"} <= rows.keys()
    assert "recall_at_3_difference" in rows["foreword, ranked"]
    without = json.loads(evaluate_profiles([EventFile(file)], bootstrap=10).to_json())
    assert "foreword, ranked" not in {row["method"] for row in without["rows"]}
