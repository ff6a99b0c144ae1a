"""`foreword evaluate answers`: which pairs are served, and how they are counted."""

from __future__ import annotations

import gzip
import json
import sys
import textwrap
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result
from model_servers import running_model_server

from evaluations.answer_report import Count, make_report
from evaluations.answers import Matching, evaluate_answers
from evaluations.question_pairs import Pair, read_pairs
from evaluations.rivals import ENVIRONMENT, RIVALS, absent, served_by
from foreword.cli.root import root
from foreword.config import Config
from foreword.errors import FieldError, ForewordError

SAME_FORM = Pair("Hi, how do I return a sofa? Thanks!", "How do I return a sofa?", True, "greeting")
SAME_WORDS = Pair("Where can I park at the museum?", "At the museum, where can I park?", True, "wording")
OTHER_NUMBER = Pair(
    "Can I return a sofa within 14 days?", "Can I return a sofa within 30 days?", False, "number"
)
OTHER_THING = Pair("When does the museum open?", "How is cheese made?", False, "thing")
ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "data" / "same_questions.jsonl"
ABSENT = Path("no-such-folder")
PAIRS = [SAME_FORM, SAME_WORDS, OTHER_NUMBER, OTHER_THING]


def written(file: Path, pairs: list[Pair]) -> Path:
    rows = [dict(zip(("asked", "stored", "same", "category"), pair, strict=True)) for pair in pairs]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Four pairs in our own form."""
    return written(tmp_path / "pairs.jsonl", PAIRS)


def evaluate(*arguments: str, settings: Path | None = None) -> Result:
    env = {"FOREWORD_CONFIG": str(settings)} if settings else {}
    return CliRunner().invoke(root, ["evaluate", "answers", "--rivals", str(ABSENT), *arguments], env=env)


def test_pairs_come_in_two_forms(tmp_path: Path, file: Path) -> None:
    """The data set's own names and ours mean the same, blank lines count for nothing, and files may be compressed."""
    row = {
        "a": "How is it made?",
        "b": "How do they make it?",
        "same_answer": True,
        "category": "x",
        "more": 1,
    }
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(json.dumps(row).encode() + b"\n\n"))
    assert read_pairs([packed, file]) == [
        Pair("How do they make it?", "How is it made?", True, "x"),
        *PAIRS,
    ]


@pytest.mark.parametrize(
    ("line", "field", "found"),
    [
        ("{", "p:2", "no JSON"),
        ("[1]", "p:2", "list"),
        ("[" * 20_000, "p:2", "no JSON"),
        ('{"asked": "a?"}', "p:2: stored", "nothing"),
        ('{"asked": "a?", "stored": "b?"}', "p:2: same", "nothing"),
        ('{"asked": "a?", "stored": "b?", "same": 1}', "p:2: same", "int"),
        ('{"asked": 7, "stored": "b?", "same": true}', "p:2: asked", "int"),
        ('{"asked": "a?", "stored": " ", "same": true}', "p:2: stored", "nothing"),
        ('{"asked": "a?", "stored": "b?", "same": true, "category": null}', "p:2: category", "NoneType"),
        (json.dumps({"asked": "a" * 2001, "stored": "b?", "same": True}), "p:2: asked", "2001 bytes"),
        (json.dumps({"asked": "a" * 70_000}), "p:2", "more than 64,000 bytes"),
        ('{"asked": "a\\u0000", "stored": "b?", "same": true}', "p:2: asked", "control"),
    ],
)
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, line: str, field: str, found: str) -> None:
    """The line and the field at fault are named, also of what is hostile."""
    file = written(tmp_path / "p", PAIRS[:1])
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(FieldError) as caught:
        read_pairs([file])
    assert caught.value.field == field
    assert found in caught.value.found


def test_a_file_without_pairs_is_refused(tmp_path: Path) -> None:
    """Nothing to measure is an error and no empty table."""
    with pytest.raises(FieldError, match="no pair"):
        read_pairs([written(tmp_path / "p", [])])


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        # As prop.test of R has them, without correction.
        (Count(0, 148), (0.0, 0.0, 0.0253)),
        (Count(60, 150), (0.4, 0.3250, 0.4800)),
        (Count(10, 10), (1.0, 0.7225, 1.0)),
        (Count(1, 1), (1.0, 0.2065, 1.0)),
    ],
)
def test_intervals_are_wilsons(count: Count, expected: tuple[float, float, float]) -> None:
    """They hold where nothing or everything is served, and never leave out the share itself."""
    assert count.interval() == pytest.approx(expected, abs=1e-4)


def test_should_hits_and_traps_are_counted_apart() -> None:
    """Each kind of pair has its own count, and a category that both have is two of them."""
    pairs = [Pair("a", "b", is_same, "one") for is_same in (True, True, False)]
    report = make_report([*pairs, Pair("a", "b", True, "")], {"some": [True, False, True, True]}, [])
    assert report.rows["some"] == {
        "should_hits": Count(2, 3),
        "traps": Count(1, 1),
        "same: one": Count(1, 2),
        "other: one": Count(1, 1),
    }


def test_what_each_way_serves(file: Path) -> None:
    """A form alike is served by all of ours, other words by the guarded mode, and another number by cosine alone."""
    rows = evaluate_answers([file], config=Config(), rivals=ABSENT).rows
    assert {way: [count.served for count in counts.values()] for way, counts in rows.items()} == {
        "normal form": [1, 0, 1, 0, 0, 0],
        "cosine >= 0.80": [2, 1, 1, 1, 1, 0],
        "cosine >= 0.90": [1, 1, 0, 1, 1, 0],
        "cosine >= 0.95": [1, 0, 0, 1, 0, 0],
        "normal form, veto": [2, 0, 1, 1, 0, 0],
        "foreword": [2, 0, 1, 1, 0, 0],
    }


def test_the_sample_of_this_repository_is_served_without_a_wrong_answer() -> None:
    """Of its pairs none that asks something else is served, and other words are served that one form would not be."""
    rows = evaluate_answers([SAMPLE], config=Config(), rivals=ABSENT).rows
    assert rows["foreword"]["traps"].served == 0
    served = {way: rows[way]["should_hits"].served for way in ("normal form", "foreword")}
    assert served["foreword"] > served["normal form"]


def test_what_may_be_private_is_never_near() -> None:
    """A question about the asker's own things finds no stored answer but by its own form."""
    mine = Pair("What is the status of my order?", "What's my order status?", True, "")
    matching = Matching(Config())
    assert matching.is_passed(mine)
    assert not matching.is_guarded(mine)
    assert matching.is_guarded(mine._replace(stored="what is the status of my order"))


def test_rivals_are_left_out_where_they_are_not_installed(file: Path) -> None:
    """Without their environment it is said how to get it, and all else is measured."""
    result = evaluate("--pairs", str(file))
    assert result.exit_code == 0
    assert "GPTCache and RedisVL are left out" in result.stdout
    assert "make rivals" in result.stdout


def test_a_rival_answers_a_line_each(tmp_path: Path) -> None:
    """Each pair is put to another process, and what it says is the row; what it prints beside is not."""
    rivals = environment(
        tmp_path,
        """
        for line in sys.stdin:
            asked, stored = json.loads(line)
            print("warning", file=sys.stderr)
            print(json.dumps(asked.split()[-1] == stored.split()[-1]))
        """,
    )
    done: list[tuple[int, int]] = []
    served = served_by("RedisVL, minilm", rivals, PAIRS, lambda count, total: done.append((count, total)))
    assert served == [False, False, True, False]
    assert done[-1] == (4, 4)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("sys.exit('No module named redis')", "RedisVL, minilm does not run: No module named redis"),
        ("print('true')", "it ended early"),
        ("print('true\\n' * 4); sys.exit('lost')", "lost"),
    ],
)
def test_a_rival_that_fails_is_no_rival_that_serves_nothing(tmp_path: Path, program: str, said: str) -> None:
    """Its last words are the error, and no row is made of half of the pairs."""
    with pytest.raises(ForewordError, match=said):
        served_by("RedisVL, minilm", environment(tmp_path, program), PAIRS, lambda _done, _total: None)


@pytest.mark.skipif(bool(absent(ROOT / ENVIRONMENT)), reason="other caches are not installed: make rivals")
@pytest.mark.parametrize("rival", [name for name in RIVALS if "wordllama" in name])
def test_rivals_run_for_real(rival: str) -> None:
    """Each serves the same words, and nothing that has no word in common."""
    pairs = [Pair(OTHER_THING.stored, OTHER_THING.stored, True, ""), OTHER_THING]
    assert served_by(rival, ROOT / ENVIRONMENT, pairs, lambda _done, _total: None) == [True, False]


def test_the_configuration_decides_what_is_near(file: Path) -> None:
    """With a higher bound, or in a language without a veto, nothing but the normal form is served."""
    for tiering in ({"similarity_min": 1.0}, {"locale": "de"}):
        matching = Matching(Config.model_validate({"tiering": tiering}))
        assert not matching.is_guarded(SAME_WORDS)


def test_a_model_judges_what_the_veto_lets_pass(file: Path, tmp_path: Path) -> None:
    """One pair is asked about, its verdict counts as served, and the cost is said before."""
    with running_model_server() as server:
        settings = judged_by(server.url, tmp_path)
        result = evaluate("--pairs", str(file), "--judge", "--json", settings=settings)
        asked = server.count()
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(result.stdout)
    (row,) = [row for row in report["rows"] if row["method"] == "foreword, verified"]
    assert (row["served"], row["traps_wrong"]) == (1, 0)
    assert 0 <= row["served_low"] <= row["served"] <= row["served_high"] <= 1
    assert (report["users"], report["points"]) == (0, 4)
    assert "asked about 1 pairs; 0 answers were of no use" in report["notes"][1]
    assert [row["calls"] for row in asked["tokens"]] == [1]
    assert "at most, in micro-USD" in result.stderr


def test_a_judge_that_cannot_answer_serves_nothing(file: Path, tmp_path: Path) -> None:
    """An answer that is lost leaves the normal form alone, and is counted."""
    with running_model_server() as server:
        server.faults("overloaded", times=9)
        result = evaluate("--pairs", str(file), "--judge", "--json", settings=judged_by(server.url, tmp_path))
    report = json.loads(result.stdout)
    assert report["rows"][-1]["served"] == 0.5
    assert "1 answers were of no use" in report["notes"][1]


def test_a_judge_wants_a_provider_and_a_budget(file: Path, tmp_path: Path) -> None:
    """Without either nothing is asked, and it is said what is missing."""
    away, near = judged_by("http://model.example", tmp_path), judged_by("http://127.0.0.1:9", tmp_path)
    for settings, arguments, said in (
        (None, (), "tiering.provider: found none"),
        (near, ("--budget-micro-usd", "0"), "fewer --pairs"),
        (away, (), "agree with --yes"),
    ):
        result = evaluate("--pairs", str(file), "--judge", *arguments, settings=settings)
        assert said in str(result.exception)


def test_the_table_says_what_it_shows(file: Path) -> None:
    """A method a line, a kind of pair a column, and what to know below."""
    lines = evaluate("--pairs", str(file)).stdout.splitlines()
    assert lines[1].split("  ")[0] == "method"
    assert "should-hits (2)" in lines[1]
    assert "traps, wrongly (2)" in lines[1]
    assert any(line.startswith("foreword") and "100.0% (34 to 100)" in line for line in lines)
    assert "at least 0.8" in lines[-2]


def environment(folder: Path, program: str) -> Path:
    """Make what stands for a virtual environment: its Python runs a program in place of the runner."""
    (folder / "program.py").write_text("import json, sys\n" + textwrap.dedent(program))
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder}/program.py"\n')
    python.chmod(0o700)
    return folder


def judged_by(url: str, folder: Path) -> Path:
    settings = folder / f"{urlsplit(url).hostname}.toml"
    settings.write_text(
        f'[agent]\nbase_url = "{url}"\n[tiering]\nprovider = "anthropic"\njudge_model = "claude-haiku-4-5"\n'
    )
    return settings
