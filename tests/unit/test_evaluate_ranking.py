"""`foreword evaluate ranking`: what is read, who is asked before being taught, and how it is counted."""

from __future__ import annotations

import gzip
import json
import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from shared_events import FOLDER, needs_shared_data

from evaluations.ranking.bandit import ByLot, Greedy, draw_rounds, play
from evaluations.ranking.bins import doubling, step
from evaluations.ranking.decisions import read_decisions
from evaluations.ranking.evaluation import evaluate_decisions, evaluate_trajectories
from evaluations.ranking.harness import foretell
from evaluations.ranking.learners import POPULARITY, TRIGRAM
from evaluations.ranking.measures import (
    auc_of,
    by_user,
    interval_of,
    log_losses,
    mean_of,
    mean_of_users,
    reciprocal_rank,
    resamples_of,
    second_half,
    values_of,
)
from evaluations.ranking.next_item import Company, Ease, MostTaken, find, gain, hold_last
from evaluations.ranking.options import Options
from evaluations.ranking.point import Point
from evaluations.ranking.popularity import Popularity
from evaluations.ranking.ratings import Rating, rated_points, read_items, read_ratings
from evaluations.ranking.report import make_report
from evaluations.ranking.rivals import Rivals, absent
from evaluations.ranking.trajectories import read_conversations, step_points
from evaluations.rival_process import ENVIRONMENT, is_installed
from foreword.cli.root import root
from foreword.errors import FieldError, ForewordError
from ranking.example import Action, Context, Example

ROOT = Path(__file__).parents[2]
RATINGS = "user_id,item_id,rating,timestamp\n"
ITEMS = "item_id,title,genres\n"
MEASURED = {"compCharLen": 40, "numTokens": 9, "numLines": 2, "confidence": 0.61, "meanLogProb": -0.5}


def some_ratings(users: int = 6, items: int = 24) -> str:
    draw = np.random.default_rng(1)
    rows = [
        f"u{user},i{item},{draw.integers(1, 6)},{1000 + user * 100 + item}"
        for user in range(users)
        for item in range(items)
    ]
    return RATINGS + "\n".join(rows) + "\n"


def written(file: Path, text: str) -> Path:
    file.write_bytes(gzip.compress(text.encode()) if file.suffix == ".gz" else text.encode())
    return file


def points_of(*rows: tuple[str, str, float]) -> list[Point]:
    return [
        Point(user, Context(number), (Action(item),), (reward,))
        for number, (user, item, reward) in enumerate(rows)
    ]


def row(state: str, second: int, suggestion: str = "x = 1", **fields: Any) -> dict[str, Any]:
    whole = {
        "UserId": 7,
        "TimeGenerated": f"2022-08-08T16:05:{second:02}.500Z",
        "StateName": state,
        "CurrentSuggestion": json.dumps(suggestion),
        "Measurements": MEASURED,
    }
    return whole | fields


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(each) + "\n" for each in rows)


def evaluate(*arguments: str) -> Result:
    given = ["evaluate", "ranking", "--rivals", "no-such-folder", "--resamples", "20", *arguments]
    return CliRunner().invoke(root, given)


def test_ratings_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    """A gzip by suffix, with the columns' other names and rows out of order, becomes ascending ratings."""
    file = written(tmp_path / "r.csv.gz", "userId,movieId,rating,timestamp\n1,2,4.0,20\n1,3,3.5,10\n")
    assert [(each.item, each.is_liked, each.time_ms) for each in read_ratings(file)] == [
        ("3", False, 10_000),
        ("2", True, 20_000),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RATINGS + "1,2,4,10\n1,2,nan,10\n", "r.csv:3: rating: found 'nan'; allowed: a number from 0 on"),
        (RATINGS + "1,2,much,10\n", "r.csv:2: rating: found 'much'"),
        (
            RATINGS + "1,2,4,1e15\n",
            "r.csv:2: timestamp: found '1e15'; allowed: a number from 0 on, at most 253",
        ),
        (RATINGS + "1,2,4\n", "r.csv:2: found 3 columns; allowed: 4, as in the header"),
        (RATINGS + ",2,4,1\n", "r.csv:2: user_id: found ''; allowed: 1 to 256 bytes"),
        (RATINGS + f"1,{'x' * 257},4,1\n", "r.csv:2: item_id"),
        (
            "user_id,rating,timestamp\n1,2,3\n",
            "r.csv:1: found columns user_id, rating, timestamp; allowed: one of item_id",
        ),
        (RATINGS, "r.csv: found no rating"),
    ],
)
def test_a_row_that_is_no_rating_is_named(tmp_path: Path, text: str, said: str) -> None:
    """File, line, field, what was found and what is allowed are in the error; no row is skipped."""
    with pytest.raises(FieldError) as caught:
        read_ratings(written(tmp_path / "r.csv", text))
    assert said in str(caught.value)


def test_items_have_genres_and_a_decade(tmp_path: Path) -> None:
    """Genres become topics, a year at the end of the title its decade; an item twice is refused."""
    rows = '1,"Heat, the film (1995)",Action|Crime\n2,No year,(no genres listed)\n'
    items = read_items(written(tmp_path / "i.csv", ITEMS + rows))
    assert items == {"1": Action("1", ("Action", "Crime"), {"decade": "1990"}), "2": Action("2")}
    with pytest.raises(FieldError, match=r"i\.csv:3: item_id: found '1' a second time"):
        read_items(written(tmp_path / "i.csv", ITEMS + "1,a,b\n1,a,b\n"))


def test_a_decision_knows_nothing_but_what_was_shown(tmp_path: Path) -> None:
    """Measurements of the decision's own row change nothing; those of the row that showed the same suggestion count."""
    later = {"Measurements": MEASURED | {"numTokens": 500}}
    shown = [row("Shown", 1), row("Shown", 2, "y = 2", **later), row("Replay", 3)]
    for own in ({}, later):
        file = written(tmp_path / "d.jsonl", lines(*shown, row("Accepted", 4, **own)))
        (point,) = read_decisions(file).points
        assert point.actions[0].attributes["tokens"] == "8"
        assert point.actions[0].attributes["probability"] == "0.6"
        assert (point.user, point.rewards) == ("7", (1.0,))
        assert point.context.time_ms == 1_659_974_701_500


def test_what_was_never_shown_is_counted(tmp_path: Path) -> None:
    """A decision without a row before it is left out and said; the last decision before a suggestion is a fact."""
    rows = [row("Rejected", 1), row("Shown", 2), row("Accepted", 3), row("Shown", 4), row("Rejected", 5)]
    decisions = read_decisions(written(tmp_path / "d.jsonl.gz", lines(*rows)))
    assert decisions.unshown == 1
    assert [each.context.attributes["last_decision"] for each in decisions.points] == ["Rejected", "Accepted"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{\n", "d.jsonl:1: found no JSON"),
        ("[]\n", "d.jsonl:1: found JSON that is no object (list)"),
        (lines(row("Shown", 1, UserId=True)), "d.jsonl:1: UserId: found bool; allowed: int or str"),
        (
            lines(row("Shown", 1, TimeGenerated="noon")),
            "d.jsonl:1: TimeGenerated: found 'noon'; allowed: a time",
        ),
        (lines(row("Shown", 1), {"UserId": 1}), "d.jsonl:2: TimeGenerated: found nothing"),
        (
            lines(row("Shown", 1, Measurements={"confidence": "high"})),
            "Measurements.confidence: found 'high'",
        ),
        (lines(row("Shown", 1)), "d.jsonl: found no decision"),
    ],
)
def test_a_row_that_is_no_telemetry_is_named(tmp_path: Path, text: str, said: str) -> None:
    """File, line, field, what was found and what is allowed are in the error."""
    with pytest.raises(FieldError) as caught:
        read_decisions(written(tmp_path / "d.jsonl", text))
    assert said in str(caught.value)


def test_numbers_become_words_by_fixed_rules() -> None:
    """Sizes by powers of two, shares by multiples of a width, so that a bound belongs to what is above it."""
    assert [doubling(value) for value in (0, 0.5, 1, 7, 8)] == ["0", "0", "1", "4", "8"]
    assert [step(value, 0.1) for value in (0.3, 0.29, -0.05)] == ["0.3", "0.2", "-0.1"]


def call(*names: str) -> dict[str, Any]:
    calls = [{"function": {"name": name, "arguments": "{}"}} for name in names]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def conversation(*messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "task_id": 3,
        "info": {"task": {"user_id": "mia"}},
        "traj": [{"role": "system", "content": "x"}, *messages],
    }


def test_each_step_of_an_agent_is_a_choice_among_all_tools(tmp_path: Path) -> None:
    """An answer without a tool is one too; the moment knows the tools before, the user's words and the outcome."""
    said = {"role": "user", "content": "Cancel it"}
    result = {"role": "tool", "name": "find", "content": "Error: none"}
    answer = {"role": "assistant", "content": "Sorry"}
    file = written(tmp_path / "t.json.gz", json.dumps([conversation(said, call("find"), result, answer)]))
    first, second = step_points(read_conversations(file))
    assert [action.id for action in first.actions] == ["find", "respond"]
    assert (first.rewards, second.rewards) == ([1.0, 0.0], [0.0, 1.0])
    assert (first.user, first.context.text, first.context.attributes["last_1"]) == (
        "mia",
        "Cancel it",
        "none",
    )
    assert second.context.attributes["outcome"] == "find error"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "t.json: found JSON that is no array (dict)"),
        ([3], "t.json[0]: found int"),
        ([{"task_id": 1}], "t.json[0]: traj: found nothing"),
        ([{"traj": [{"role": "judge"}]}], "t.json[0].traj[0]: role: found 'judge'"),
        (
            [{"traj": [{"role": "assistant", "tool_calls": [{}]}]}],
            "t.json[0].traj[0]: tool_calls: found [{}]",
        ),
        ([{"traj": []}], "t.json: found no step"),
    ],
)
def test_what_is_no_trajectory_is_named(tmp_path: Path, value: object, said: str) -> None:
    """File, entry, field, what was found and what is allowed are in the error."""
    with pytest.raises(FieldError) as caught:
        read_conversations(written(tmp_path / "t.json", json.dumps(value)))
    assert said in str(caught.value)


class Spy:
    """A learner that writes down what it is asked and taught."""

    def __init__(self, says: float = 0.5) -> None:
        self.log: list[tuple[str, str]] = []
        self._says = says

    def predict(self, user: str, _context: Context, actions: Sequence[Action]) -> Any:
        """Say the same of all."""
        self.log.append(("asked", f"{user} {' '.join(action.id for action in actions)}"))
        return np.full(len(actions), self._says)

    def learn(self, example: Example) -> None:
        """Write it down."""
        self.log.append(("taught", f"{example.user} {example.action.id} {example.reward:g}"))


def test_nobody_is_taught_a_point_before_being_asked() -> None:
    """Each point is foretold first, then learned, action by action; nothing that is asked holds a reward."""
    spy = Spy()
    many = Point("b", Context(9), (Action("x"), Action("y")), (0.0, 1.0))
    said = foretell(spy, [*points_of(("a", "x", 1.0)), many], lambda _done, _total: None)
    assert spy.log == [
        ("asked", "a x"),
        ("taught", "a x 1"),
        ("asked", "b x y"),
        ("taught", "b x 0"),
        ("taught", "b y 1"),
    ]
    assert [each.tolist() for each in said] == [[0.5], [0.5, 0.5]]


@pytest.mark.parametrize("says", [math.nan, -0.1, 1.5])
def test_what_is_no_probability_ends_the_run(says: float) -> None:
    """A learner that breaks is an error, and no row."""
    with pytest.raises(ForewordError, match="no probabilities"):
        foretell(Spy(says), points_of(("a", "x", 1.0)), lambda _done, _total: None)


def test_a_chooser_sees_no_reward_but_its_own() -> None:
    """Of a round's ten items one is taught, after the choice, and the earned reward is that one's."""
    rated = points_of(*((user, f"i{item}", float(item % 2)) for user in "ab" for item in range(25)))
    rounds = draw_rounds(rated, np.random.default_rng(0))
    assert sorted(each.user for each in rounds) == ["a", "a", "b", "b"]
    for user in "ab":
        items = [action.id for each in rounds if each.user == user for action in each.actions]
        assert len(items) == len(set(items)) == 20
    spy = Spy()
    rewards = play(Greedy(spy, np.random.default_rng(1)), rounds, lambda _done, _total: None)
    taught = [said for kind, said in spy.log if kind == "taught"]
    assert [kind for kind, _ in spy.log] == ["asked", "taught"] * 4
    assert [float(said.rpartition(" ")[2]) for said in taught] == rewards.tolist()


def test_a_draw_by_lot_earns_the_mean() -> None:
    """Who knows nothing earns what there is on average, and the same seed the same."""
    rated = points_of(
        *((f"u{user}", f"i{item}", float(item < 30)) for user in range(60) for item in range(100))
    )
    rounds = draw_rounds(rated, np.random.default_rng(0))
    assert len(rounds) == 600
    first, second = (
        play(ByLot(np.random.default_rng(2)), rounds, lambda _done, _total: None) for _ in range(2)
    )
    assert first.tolist() == second.tolist()
    assert first.mean() == pytest.approx(0.3, abs=0.05)


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    """By hand: of 2 x 3 pairs 3 are right and 1 is tied; a user drawn twice counts twice, one not drawn never."""
    scores, labels = np.array([0.9, 0.3, 0.5, 0.3, 0.8]), np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    users = np.array([0, 0, 1, 1, 2])
    measure = auc_of(scores, labels, users)
    assert measure(np.ones(3)) == pytest.approx(3.5 / 6)
    # Without the last: 0.9 beats both, 0.3 loses to 0.5 and ties.
    assert measure(np.array([1.0, 2.0, 0.0])) == pytest.approx(2.5 / 4)
    assert math.isnan(measure(np.array([1.0, 0.0, 0.0])))


def test_logloss_ranks_and_gains_by_hand() -> None:
    """Each measure has the value that its formula gives on paper, ties in the middle of their orders."""
    assert log_losses(np.array([0.8, 0.8]), np.array([1.0, 0.0])).tolist() == pytest.approx(
        [-math.log(0.8), -math.log(0.2)]
    )
    assert log_losses(np.array([0.0]), np.array([1.0]))[0] == pytest.approx(-math.log(1e-6))
    assert reciprocal_rank(np.array([0.1, 0.7, 0.2]), np.array([0.0, 0.0, 1.0])) == 0.5
    assert reciprocal_rank(np.array([0.5, 0.5]), np.array([0.0, 1.0])) == 0.75
    assert gain(np.array([3.0, 2.0, 1.0]), 1) == pytest.approx(1 / math.log2(3))
    assert gain(np.array([1.0, 1.0]), 0) == pytest.approx((1 + 1 / math.log2(3)) / 2)
    assert gain(np.arange(11.0), 0) == 0


def test_the_second_half_is_each_users_own() -> None:
    """Of three points the last two are late, of two the last; a user without any has no number, and is left out."""
    users = np.array([0, 1, 0, 1, 0])
    assert second_half(users, 3).tolist() == [False, False, True, True, True]
    means = by_user(users, 3, lambda places: float(places.sum()))
    assert means[:2].tolist() == [6.0, 4.0]
    assert math.isnan(means[2])
    assert mean_of_users(means)(np.ones(3)) == 5.0


def test_intervals_come_from_users_drawn_again() -> None:
    """The value is that of all; the bounds those of resamples by user, which the same seed repeats."""
    draw = np.random.default_rng(3)
    users = np.repeat(np.arange(200), 5)
    # Points of one user are alike, so that points drawn by themselves would seem to know five times as much.
    values = np.repeat(draw.standard_normal(200), 5)
    found = interval_of(values_of(mean_of(values, users, 200), resamples_of(200, 2000, 0)))
    assert found is not None
    mean, low, high = found
    assert mean == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(200), rel=0.1)
    assert np.array_equal(resamples_of(4, 9, 5), resamples_of(4, 9, 5))
    assert interval_of(np.array([math.nan, 1.0])) is None


def test_differences_are_paired() -> None:
    """Two methods of which one is always a tenth better differ by a tenth, however wide their own intervals are."""
    values = np.random.default_rng(4).normal(size=101)
    report = make_report({"foreword": {"auc": values + 0.1}, "vw": {"auc": values}}, 60, 500, ["A note."])
    ours, theirs = report.rows
    assert not ours.differences
    assert theirs.differences["auc"] == pytest.approx((0.1, 0.1, 0.1))
    assert json.loads(report.to_json())["rows"][1]["auc_difference_low"] == 0.1
    assert "too few people" not in report.table()
    assert "21 users: too few people" in make_report({"vw": {"auc": values}}, 21, 5, []).table()


def test_last_items_are_found_among_what_was_not_met() -> None:
    """Each user's last item is held back; popularity counts, company asks the newest items, EASE all of them."""
    rows = [(f"u{user}", item, 1.0) for user in range(8) for item in ("a", "b", "c")]
    points = points_of(*rows, ("new", "a", 0.0), ("new", "b", 0.0), ("new", "c", 0.0), ("once", "d", 1.0))
    last = hold_last(points)
    assert [point.actions[0].id for point in last.held] == ["c"] * 9
    assert [action.id for action in last.unmet("new")] == ["c", "d"]
    # No held item is in any history but that of a user who met it earlier.
    for recommender in (MostTaken(last), Company(last), Ease(last)):
        assert recommender.scores(last.held[-1], last.unmet("new")).shape == (2,)
    more = points_of(
        *rows,
        *((f"v{user}", item, 1.0) for user in range(9) for item in ("a", "b", "c", "d")),
        ("w", "a", 1.0),
        ("w", "b", 1.0),
        ("w", "c", 1.0),
    )
    held = hold_last(more)
    for recommender in (MostTaken(held), Company(held), Ease(held)):
        assert find(recommender, held, lambda _done, _total: None)[-1] == 1.0
    with pytest.raises(FieldError, match="two ratings"):
        hold_last(points_of(("a", "x", 1.0)))


def test_ease_solves_what_its_formula_says() -> None:
    """By the inverse over items, as published: weights are the inverse's rows over its negative diagonal."""
    draw = np.random.default_rng(6)
    met = [(f"u{user}", f"i{item}", 1.0) for user in range(9) for item in range(12) if draw.random() < 0.6]
    last = hold_last(points_of(*met))
    items, users = list(last.items), list(last.met)
    table = np.array([[float(item in last.met[user]) for item in items] for user in users])
    inverse = np.linalg.inv(table.T @ table + 300 * np.eye(len(items)))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    held = last.held[0]
    unmet = last.unmet(held.user)
    expected = (table @ weights)[users.index(held.user), [items.index(action.id) for action in unmet]]
    assert Ease(last).scores(held, unmet) == pytest.approx(expected)


def test_popularity_draws_the_unknown_to_the_mean() -> None:
    """An action never seen has the mean of all, one seen often its own."""
    popularity = Popularity()
    for _ in range(100):
        popularity.learn(Example("u", Context(0), Action("good"), 1.0))
        popularity.learn(Example("u", Context(0), Action("bad"), 0.0))
    good, bad, new = popularity.predict("u", Context(0), [Action("good"), Action("bad"), Action("new")])
    assert good > 0.95 > 0.05 > bad
    assert new == pytest.approx(0.5)


def test_ratings_give_all_measures(tmp_path: Path) -> None:
    """With `--json` each method's row has all measures with their bounds, the product's as `foreword`, and counts."""
    file = written(tmp_path / "r.csv", some_ratings())
    result = evaluate("--ratings", str(file), "--methods", "foreword,popularity,vw", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert [each["method"] for each in told["rows"]] == ["foreword", "popularity"]
    assert (told["users"], told["points"]) == (6, 144)
    for each in told["rows"]:
        for measure in ("auc", "logloss", "reward", "ndcg_at_10"):
            assert each[f"{measure}_low"] <= each[measure] <= each[f"{measure}_high"]
    assert "auc_difference" in told["rows"][1]
    assert any("vw is left out" in note and "make rivals" in note for note in told["notes"])


def test_a_table_says_who_is_missing_and_where_people_are_few(tmp_path: Path) -> None:
    """Rivals that are not installed are named with the command that brings them, and few people are said to be few."""
    rows = [row("Shown" if second % 2 else "Accepted", second) for second in range(1, 20)]
    result = evaluate("--decisions", str(written(tmp_path / "d.jsonl", lines(*rows))))
    assert result.exit_code == 0, result.output
    assert "river fm is left out" in result.stdout
    assert "1 users: too few people to show a personal gain" in result.stdout


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    """Two kinds of files, items without ratings, and a method that nobody knows are told before anything runs."""
    file = str(written(tmp_path / "r.csv", some_ratings()))
    assert evaluate("--ratings", file, "--decisions", file).exit_code == 2
    assert evaluate("--decisions", file, "--items", file).exit_code == 2
    assert evaluate().exit_code == 2
    unknown = evaluate("--ratings", file, "--methods", "xgboost")
    assert unknown.exit_code != 0
    assert "xgboost" in str(unknown.exception) + unknown.output


def environment(folder: Path, program: str) -> Path:
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/usr/bin/env python3\nimport json, sys\n" + textwrap.dedent(program))
    python.chmod(0o755)
    return folder


def test_a_rival_is_another_process(tmp_path: Path) -> None:
    """It is told points line by line; the setting with the least loss counts, of a bandit the one that earns most."""
    rivals = Rivals(
        environment(
            tmp_path,
            """
            program, rival, task, settings, seed = sys.argv[1:]
            for line in sys.stdin:
                told = json.loads(line)
                sure = 0.9 if "-l 1" in settings else 0.5
                print(json.dumps([sure] if task == "foretell" else 1 if "1000" in settings else 0))
            """,
        ),
        0,
    )
    points = points_of(("a", "x", 1.0), ("b", "y", 1.0))
    said = rivals.vw(
        "ratings", points, lambda said: -float(np.concatenate(said).sum()), lambda _done, _total: None
    )
    assert [each.tolist() for each in said] == [[0.9], [0.9]]
    rounds = [Point("a", Context(0), (Action("x"), Action("y")), (0.0, 1.0))]
    assert rivals.vw_rewards([rounds], lambda _done, _total: None)[0].tolist() == [1.0]


def test_a_rival_that_fails_is_an_error(tmp_path: Path) -> None:
    """Its last words are told, and no row is made of half of the points."""
    rivals = Rivals(environment(tmp_path, "sys.exit('no such option')"), 0)
    with pytest.raises(ForewordError, match="river fm does not run: no such option"):
        rivals.river(points_of(("a", "x", 1.0)), lambda _done, _total: None)
    assert absent(["foreword", "vw"], tmp_path).keys() == {"vw"}


@pytest.mark.skipif(
    not is_installed(ROOT / ENVIRONMENT, "vowpalwabbit"),
    reason="other learners are not installed: make rivals",
)
def test_rivals_run_for_real() -> None:
    """Each learns that one item is good and another is not, and the bandit comes to choose the good one."""
    rivals = Rivals(ROOT / ENVIRONMENT, 0)
    points = points_of(*((f"u{number % 3}", "ab"[number % 2], float(number % 2)) for number in range(1200)))
    for said in (
        rivals.vw("ratings", points, lambda said: float(said[-1][0]), lambda _done, _total: None),
        rivals.river(points, lambda _done, _total: None),
    ):
        assert float(said[-2][0]) < 0.2 < 0.8 < float(said[-1][0])
    rounds = [Point("u", Context(0), (Action("a"), Action("b")), (0.0, 1.0)) for _ in range(300)]
    assert rivals.vw_rewards([rounds], lambda _done, _total: None)[0][-100:].mean() > 0.8


@needs_shared_data
def test_the_shared_files_are_read_as_a_whole() -> None:
    """1,095 of 1,096 decisions had something shown before; simple rivals reach what others reported of 2,454 steps."""
    decisions = read_decisions(FOLDER / "copilot-decisions" / "events.jsonl.gz")
    assert (len(decisions.points), decisions.unshown) == (1095, 1)
    options = Options(methods=(POPULARITY, TRIGRAM), resamples=20, rivals=Path("no-such-folder"))
    report = evaluate_trajectories(FOLDER / "tau-bench-airline" / "gpt-4o-airline.json.gz", options)
    assert (report.points, report.users) == (2454, 34)
    popularity, trigram = (each.measures["mrr"][0] for each in report.rows)
    assert popularity == pytest.approx(0.662, abs=0.005)
    assert trigram == pytest.approx(0.741, abs=0.01)


@needs_shared_data
def test_a_logistic_regression_foretells_decisions() -> None:
    """Without anything of users it reaches what others reported, from rows in which suggestions were shown."""
    options = Options(methods=("global logistic",), resamples=20, rivals=Path("no-such-folder"))
    report = evaluate_decisions(FOLDER / "copilot-decisions" / "events.jsonl.gz", options)
    assert report.rows[0].measures["auc"][0] == pytest.approx(0.7195, abs=0.005)
    assert report.notes[-1].startswith("21 users: too few people")


def test_unrated_items_are_their_ids() -> None:
    """An item that is not among the items is an action without topics."""
    (point,) = rated_points([Rating("u", "i", True, 5)], {})
    assert (point.actions[0], point.rewards) == (Action("i"), (1.0,))
