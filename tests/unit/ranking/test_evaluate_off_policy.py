"""Estimates of a policy from another's log, on made-up logs and on real ones of both."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from shared_events import FOLDER

from evaluations.ranking import evaluate_off_policy
from evaluations.ranking.bandit_log import read_logs
from foreword.errors import FieldError
from ranking.off_policy import NoVerdict, Verdict

OPEN_BANDIT = FOLDER / "open-bandit"
needs_open_bandit = pytest.mark.skipif(
    not OPEN_BANDIT.is_dir(), reason="FOREWORD_DATA has no Open Bandit Dataset here"
)
HEADER = ",item_id,position,click,propensity_score"


def write(file: Path, rows: Iterable[tuple[str, int, int, float]], header: str = HEADER) -> Path:
    lines = [header, *(f"{number},{','.join(map(str, row))}" for number, row in enumerate(rows))]
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    return file


def uniform(count: int) -> Iterable[tuple[str, int, int, float]]:
    """Yield rows of four items at two places, drawn uniformly; only `c` is ever clicked, half of the times."""
    drawn = random.Random(1)
    for _ in range(count):
        item = drawn.choice("abcd")
        yield item, drawn.choice([1, 2]), int(item == "c" and drawn.random() < 0.5), 0.25


def test_a_policy_is_worth_what_its_items_earned(tmp_path: Path) -> None:
    """A policy that always shows one item earns what that item earned in the log of the other; the verdict says so."""
    rows = list(uniform(2000))
    log = write(tmp_path / "log.csv.gz", rows)
    policy = write(tmp_path / "policy.csv.gz", [("c", place, 1, 1.0) for place in (1, 2)] * 50)
    report = evaluate_off_policy(log, policy, bootstrap=100, draws=5)
    clicks = [row[2] for row in rows if row[0] == "c"]
    values = report.found.values
    assert values["snips"].value == pytest.approx(sum(clicks) / len(clicks))
    assert values["ips"].value == pytest.approx(4 * sum(clicks) / len(rows))
    assert report.found.effective == pytest.approx(len(clicks))
    assert report.own.value == 1
    assert isinstance(report.found.verdict, Verdict)
    assert report.found.verdict.outcome == "better"


def test_items_are_the_same_in_both_files(tmp_path: Path) -> None:
    """Items and places are told by what they are called, in whatever order files have them."""
    log, policy = read_logs(
        [
            write(tmp_path / "log.csv.gz", [("a", 1, 0, 0.5), ("b", 2, 1, 0.25)]),
            write(tmp_path / "policy.csv.gz", [("c", 3, 0, 1.0), ("b", 2, 0, 1.0), ("b", 2, 1, 1.0)]),
        ]
    )
    assert log.shape == policy.shape == (3, 3)
    assert log.items[1] == policy.items[1]
    assert policy.per_cell()[log.places[1], log.items[1]] == 2
    assert policy.per_cell(policy.rewards).sum() == 1
    assert log.propensities.tolist() == [0.5, 0.25]


def test_few_rows_have_no_verdict(tmp_path: Path) -> None:
    """A short log says nothing, and the table and the JSON say why."""
    log = write(tmp_path / "log.csv.gz", uniform(60))
    report = evaluate_off_policy(log, log, bootstrap=20, draws=2)
    assert isinstance(report.found.verdict, NoVerdict)
    assert "No verdict: effective sample size" in report.table()
    assert json.loads(report.to_json())["verdict"].startswith("no verdict: effective sample size")


def test_the_report_names_methods_as_others_do(tmp_path: Path) -> None:
    """JSON has rows of a method with a metric and its bounds, those of the logs themselves among them."""
    log = write(tmp_path / "log.csv.gz", uniform(500))
    steps: set[str] = set()
    report = evaluate_off_policy(
        log, log, bootstrap=20, draws=3, on_progress=lambda step, _done, _total: steps.add(step)
    )
    said = json.loads(report.to_json())
    assert [row["method"] for row in said["rows"]] == ["logged", "policy", "ips", "snips", "clipped", "dr"]
    for row in said["rows"]:
        assert row["reward_low"] <= row["reward"] <= row["reward_high"]
    for row in said["rows"][2:]:
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]
    assert (said["points"], said["policy_points"], said["users"]) == (500, 500, None)
    assert steps == {"resamples of both logs", "made-up logs"}
    assert len(report.table().splitlines()) == 9


def test_the_same_seed_makes_the_same_report(tmp_path: Path) -> None:
    """A report depends on its files and its seed alone."""
    log = write(tmp_path / "log.csv.gz", uniform(200))
    one, other = (evaluate_off_policy(log, log, seed=4, bootstrap=20, draws=3) for _ in range(2))
    assert one.to_json() == other.to_json()


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("a,1,0,0", "log.csv:3: propensity"),
        ("a,1,0,nan", "log.csv:3: propensity"),
        ("a,1,0,1.5", "log.csv:3: propensity"),
        ("a,1,0,", "log.csv:3: propensity"),
        ("a,1,2,0.5", "log.csv:3: reward"),
        ("a,1,yes,0.5", "log.csv:3: reward"),
        ("a,1,0", "log.csv:3"),
    ],
)
def test_a_row_that_is_none_is_refused_with_its_place(tmp_path: Path, row: str, field: str) -> None:
    """A propensity of 0, or a cell that is no number, is refused with file, line and column."""
    file = tmp_path / "log.csv"
    file.write_text(f"item_id,position,click,propensity_score\na,1,0,0.5\n{row}\n", "utf-8")
    with pytest.raises(FieldError) as caught:
        read_logs([file])
    assert caught.value.field == field


@pytest.mark.parametrize(
    "text", ["item_id,position,click\na,1,0\n", "item_id,position,click,propensity_score\n"]
)
def test_a_file_that_is_no_log_is_refused(tmp_path: Path, text: str) -> None:
    """A file without a column, or without a row, is refused by name."""
    file = tmp_path / "log.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(FieldError, match=r"log\.csv"):
        read_logs([file])


@needs_open_bandit
@pytest.mark.parametrize(
    ("logged", "policy", "effective"), [("random", "bts", (2500, 3200)), ("bts", "random", (500, 750))]
)
def test_what_a_real_policy_earns_is_found_in_the_others_log(
    logged: str, policy: str, effective: tuple[float, float]
) -> None:
    """Of two policies of a real shop one's clicks by the other's log differ from its own by no more than chance."""
    report = evaluate_off_policy(
        OPEN_BANDIT / logged / "men" / "men.csv.gz",
        OPEN_BANDIT / policy / "men" / "men.csv.gz",
        bootstrap=200,
        draws=40,
    )
    assert effective[0] < report.found.effective < effective[1]
    assert report.found.weight.low <= 1 <= report.found.weight.high
    for row in report.rows:
        assert row.difference.low <= 0 <= row.difference.high
        # Four standard errors of 40 estimates, each of which is off by 0.0014.
        assert abs(row.simulated_error) < 0.0009
        # Some fifty clicks: a bootstrap of so few is too short, by how much is what the report is for.
        assert row.simulated_held >= 0.8
