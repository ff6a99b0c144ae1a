"""What `foreword rank` takes and says."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from answer_server import RefusedError
from ranking_server import ranking_server

from foreword.cli import main
from foreword.cli.rank_candidates import read_candidates
from foreword.cli.rank_text import ranking_rows
from foreword.errors import FieldError
from foreword.v1.event_pb2 import Feedback
from foreword.v1.ranking_pb2 import (
    Candidate,
    RankingContext,
    RankingDecision,
    RankingStatus,
    ScoreExplanation,
    ScorePart,
)
from foreword.v1.ranking_service_pb2 import (
    ExplainRankingResponse,
    RankActionsRequest,
    RankActionsResponse,
    RecordFeedbackResponse,
)

DECISION = "a" * 26
DECIDED = RankingDecision(
    decision_id=DECISION,
    user_id="ann\n",
    time={"seconds": 1_700_000_000},
    offered=[Candidate(action_id=name) for name in ("concise", "verbose", "tests")],
    scores=[0.5, 0.75, 0.25],
    propensities=[0.25, 0.5, 1],
    candidate_count=4,
    model_version=7,
    observation_count=1,
)
Run = Callable[..., tuple[int, str, str, list[Any]]]


def ranked(request: RankActionsRequest) -> RankActionsResponse:
    """Return an order that begins with the last candidate."""
    count = len(request.candidates)
    return RankActionsResponse(
        decision_id=DECISION,
        order=list(range(count - 1, -1, -1))[: request.limit or count],
        scores=[place / 8 for place in range(count)],
        propensities=([0.5] * count)[: request.limit or count],
        model_version=7,
        unknown=[0],
    )


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `foreword rank` against what a sidecar says; returns code, stdout, stderr, and what it was asked."""

    def running(says: dict[str, Any], *arguments: str) -> tuple[int, str, str, list[Any]]:
        with ranking_server(**says) as (address, service):
            code = main(["rank", "--address", address, *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err, service.asked

    return running


def test_an_order_is_a_table_with_what_to_do_next(run: Run) -> None:
    """Place, action, score and propensity go to stdout; the decision, feedback and why to stderr."""
    arguments = (
        "ann",
        "--candidates",
        "concise, verbose",
        "--context",
        "domain=python",
        "--context",
        "a=b=c",
    )
    code, out, err, (sent,) = run({"RankActions": ranked}, *arguments, "--text", "so", "--session", "s")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["place", "action", "score", "propensity"],
        ["1", "verbose", "0.125", "0.500"],
        ["2", "concise", "0.000", "0.500"],
    ]
    assert err.splitlines() == [
        "Ranked as for anybody, by the global model 7",
        "Never met before: 1 of 2 candidates, scored by their content",
        f"What came of the first: foreword rank feedback {DECISION} --accept (or --reject, …)",
        f"Why: foreword rank explain {DECISION}",
    ]
    context = RankingContext(attributes={"domain": "python", "a": "b=c"}, text="so", session_id="s")
    assert (sent.user_id, sent.context, sent.explore, sent.limit) == ("ann", context, True, 0)


def test_an_order_in_json(run: Run) -> None:
    """With --json it is one object, in the order shown."""
    code, out, err, (sent,) = run(
        {"RankActions": ranked},
        *("--json", "ann", "--candidates", "a,b,c", "--limit", "2", "--no-explore", "--namespace", "acme"),
    )
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "decision_id": DECISION,
        "order": [
            {"place": 1, "action_id": "c", "score": 0.25, "propensity": 0.5},
            {"place": 2, "action_id": "b", "score": 0.125, "propensity": 0.5},
        ],
        "model_version": 7,
        "is_uniform": False,
        "observation_count": 0,
        "unknown": ["a"],
    }
    assert (sent.namespace, sent.explore, sent.limit) == ("acme", False, 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--", "explain", "--candidates", "a,b"),
        ("--json", "--", "explain", "--candidates", "a,b"),
        ("--user", "explain", "--candidates", "a,b"),
        ("--candidates", "a,b", "--user", "explain"),
        ("--candidates", "a,b", "explain"),
        ("--candidates=a,b", "--limit", "2", "explain"),
    ],
)
def test_a_user_may_be_called_as_a_command(run: Run, arguments: tuple[str, ...]) -> None:
    """After `--`, by --user, or behind an option that only the order has, the name is a user's."""
    code, _, _, asked = run({"RankActions": ranked}, *arguments)
    assert code == 0
    assert [request.user_id for request in asked] == ["explain"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ann",), "Missing option '--candidates'"),
        (
            ("ann", "--candidates", "a,,b"),
            "--candidates: found 'a,,b'; allowed: ids with commas between them",
        ),
        (("ann", "--candidates", "a,b,a"), "--candidates: found 'a' twice; allowed: each id once"),
        (("ann", "--candidates", "@nowhere"), "nowhere, which cannot be read: No such file or directory"),
        (
            ("ann", "--candidates", "a", "--context", "domain"),
            "--context: found 'domain'; allowed: KEY=VALUE",
        ),
        (("ann", "--candidates", "a", "--context", "b=c", "--context", "b=d"), "--context: found b twice"),
        (("ann", "--user", "bob", "--candidates", "a"), "name the user once"),
        (("--candidates", "a"), "name the user once"),
        (("ann", "bob", "--candidates", "a"), "unexpected extra argument"),
        (("ann", "--candidates", "a", "--limit", "0"), "--limit"),
        (("ann", "--candidate", "a"), "No such option"),
        (("feedback", DECISION), "say what came of it"),
        (("feedback", DECISION, "--accept", "--correction", "so"), "two things; say one"),
        (("feedback", DECISION, "--reward", "1.5"), "--reward: found 1.5; allowed: 0 to 1"),
        (("feedback", DECISION, "--reward", "nan"), "--reward: found nan; allowed: 0 to 1"),
    ],
)
def test_wrong_usage_is_one_sentence_and_2(run: Run, arguments: tuple[str, ...], said: str) -> None:
    """What is wrong is said before anything is sent."""
    code, out, err, asked = run({}, *arguments)
    assert (code, out, asked) == (2, "", [])
    assert said in err
    assert len(err.splitlines()) == 1


def test_candidates_come_from_a_file_or_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One a line with all its fields; blank lines are none."""
    lines = (
        '{"id": "concise", "topics": ["style"], "attributes": {"length": "short"}, "text": "Fix it."}\n\n'
        '{"id": "delete", "irreversible": true, "vector": [0.5, 1]}\n'
    )
    file = tmp_path / "tools.jsonl"
    file.write_text(lines, encoding="utf-8")
    expected = [
        Candidate(action_id="concise", topics=["style"], attributes={"length": "short"}, text="Fix it."),
        Candidate(action_id="delete", irreversible=True, vector=[0.5, 1]),
    ]
    assert read_candidates(f"@{file}") == expected
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    assert read_candidates("-") == expected


@pytest.mark.parametrize(
    ("lines", "place", "said"),
    [
        (b'{"id": "a"}\n{"id": 5}\n', "line 2: id", "found 5 (int); allowed: text"),
        (b'{"id": "a"}\n\n{"id": "a"}\n', "line 3: id", "found 'a', as in line 1; allowed: each id once"),
        (
            b'{"id": "a", "topic": []}\n',
            "line 1: topic",
            "found a field that no candidate has; allowed: id, topics",
        ),
        (b'{"topics": ["a"]}\n', "line 1: id", "found none"),
        (b'{"id": ""}\n', "line 1: id", "found nothing"),
        (b'{"id": "a", "topics": [""]}\n', "line 1: topics[0]", "found nothing"),
        (b'{"id": "a", "attributes": {"b": 5}}\n', "line 1: attributes['b']", "found 5 (int); allowed: text"),
        (b"concise\n", "line 1", "found no JSON ("),
        (b'"concise"\n', "line 1", "allowed: one candidate in JSON"),
        (b'{"id": "\xff"}\n', "line 1", "found a byte at 8 that is not UTF-8"),
        (b"[" * 100_000, "line 1", "found no JSON ("),
        (b'{"id": "a", "text": "' + b"x" * (1 << 20), "line 1", "found over 1,048,576 bytes"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, lines: bytes, place: str, said: str) -> None:
    """The file, the line, the field, what was found, and what is allowed."""
    file = tmp_path / "tools.jsonl"
    file.write_bytes(lines)
    with pytest.raises(FieldError) as refused:
        read_candidates(f"@{file}")
    assert refused.value.message.startswith(f"--candidates {file} {place}: ")
    assert said in refused.value.message
    assert len(refused.value.message) < 500 + len(str(file))


def test_all_bad_lines_are_told_of_and_no_more_than_may_be_is_read(tmp_path: Path) -> None:
    """Beside the first the others by their numbers; a file of none, or of too many, is refused."""
    file = tmp_path / "tools.jsonl"
    file.write_text('{"id": 1}\n{"id": "a"}\n' + "{}\n" * 12)
    with pytest.raises(FieldError, match="line 1: id") as refused:
        read_candidates(f"@{file}")
    assert refused.value.hint == "bad are also the lines 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more"
    for text, found in (("\n", "0 candidates"), ("".join(f'{{"id": "{n}"}}\n' for n in range(900)), "501")):
        file.write_text(text)
        with pytest.raises(FieldError, match=found):
            read_candidates(f"@{file}")


@pytest.mark.parametrize(
    ("arguments", "feedback"),
    [
        (("--accept",), Feedback.FEEDBACK_ACCEPT),
        (("--reject", "--reward", "0.25"), Feedback.FEEDBACK_REJECT),
        (("--like",), Feedback.FEEDBACK_LIKE),
        (("--dislike",), Feedback.FEEDBACK_DISLIKE),
        (("--correction", "Shorter."), Feedback.FEEDBACK_CORRECTION),
        (("--reward", "0.5"), Feedback.FEEDBACK_UNSPECIFIED),
    ],
)
def test_feedback_is_sent(run: Run, arguments: tuple[str, ...], feedback: Feedback) -> None:
    """Each word of it, of the first action or a named one; what counted before is said to."""
    answers = iter([True, False])

    def say(_request: Any) -> RecordFeedbackResponse:
        return RecordFeedbackResponse(accepted=next(answers), observation_count=3)

    code, out, _, (sent,) = run(
        {"RecordFeedback": say}, "feedback", DECISION, "--action", "concise", *arguments
    )
    assert (code, out) == (0, "Taken: the user has said something of an action 3 times\n")
    assert (sent.decision_id, sent.action_id, sent.feedback) == (DECISION, "concise", feedback)
    assert sent.text == ("Shorter." if feedback == Feedback.FEEDBACK_CORRECTION else "")
    assert sent.HasField("reward") == ("--reward" in arguments)
    assert run({"RecordFeedback": say}, "feedback", DECISION, *arguments)[1].startswith("Taken before")


def test_an_unknown_decision_is_one_sentence_and_1(run: Run) -> None:
    """What the sidecar says of it, with its hint, and in JSON with its reason."""

    def refuse(_request: Any) -> Any:
        status = grpc.StatusCode.NOT_FOUND
        raise RefusedError(
            status, "DECISION_UNKNOWN", "no such decision is in the log", hint="see decision_days"
        )

    says = {"RecordFeedback": refuse, "ExplainRanking": refuse}
    said = "Error: no such decision is in the log (see decision_days)\n"
    assert run(says, "feedback", DECISION, "--accept")[:3] == (1, "", said)
    assert run(says, "explain", DECISION)[:3] == (1, "", said)
    error = json.loads(run(says, "explain", DECISION, "--json")[2])["error"]
    assert error["reason"] == "DECISION_UNKNOWN"


def test_an_order_is_explained(run: Run) -> None:
    """What moved each score and for whom, where it stands by its score, and what was left to chance."""
    parts = [
        ScorePart(feature="attribute length=short", effect=1.25, is_personal=True),
        ScorePart(feature="everybody", effect=-0.5),
        *(ScorePart(feature=f"topic {number}", effect=0.01) for number in range(9)),
    ]
    why = ExplainRankingResponse(
        decision=DECIDED, explanations=[ScoreExplanation(action_id="concise", score=0.5, parts=parts)]
    )
    code, out, err, (sent,) = run({"ExplainRanking": lambda _: why}, "explain", DECISION, "--limit", "1")
    lines = out.splitlines()
    assert (code, err, sent.limit) == (0, "", 1)
    assert lines[0].startswith(r"Offered to ann\n 2023-11-14T22:13:20")
    assert lines[0].endswith("3 of 4 candidates, by the global model 7 and 1 thing the user had said")
    assert lines[1] == (
        "Exploration: 2 places were drawn from what is not certain of the user; "
        "2 of the actions stand elsewhere than by their scores"
    )
    assert lines[3] == (
        "1. concise: score 0.500, by which it is number 2; came to this place with probability 0.250"
    )
    assert lines[4].split() == ["feature", "effect", "of"]
    assert lines[5].split() == ["attribute", "length=short", "+1.250", "this", "user"]
    assert lines[6].split() == ["everybody", "-0.500", "everybody"]
    assert lines[-1] == "   and 3 more; --verbose shows all"
    assert len(run({"ExplainRanking": lambda _: why}, "explain", DECISION, "-v")[1].splitlines()) == 16
    assert (
        len(
            json.loads(run({"ExplainRanking": lambda _: why}, "explain", DECISION, "--json")[1])[
                "explanations"
            ]
        )
        == 1
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"is_uniform": True}, "Exploration: all of it"),
        ({"propensities": [1, 1, 1]}, "Exploration: none; the order is that of the scores"),
        ({"scores": [0.75, 0.5, 0.25]}, "they fell as the scores have it"),
    ],
)
def test_what_was_left_to_chance_is_said(run: Run, changes: dict[str, Any], said: str) -> None:
    """All of an order, none of it, or what came out as without it."""
    decision = RankingDecision()
    decision.CopyFrom(DECIDED)
    for name, value in changes.items():
        decision.ClearField(name)  # type: ignore[arg-type]
        decision.MergeFrom(RankingDecision(**{name: value}))
    response = ExplainRankingResponse(decision=decision, absent="global model 7 is no longer kept")
    code, out, err, _ = run({"ExplainRanking": lambda _: response}, "explain", DECISION)
    assert code == 0
    assert said in out
    assert err == "Why is not known any more: global model 7 is no longer kept\n"


def test_the_status_of_ranking_is_two_rows() -> None:
    """What is kept and what was asked; nothing before the first order, and of faults only those there were."""
    assert not list(ranking_rows(RankingStatus()))
    status = RankingStatus(
        model_version=2,
        block_count=1,
        logged_count=1200,
        decision_count=4,
        unlogged_count=1,
        feedback_count=3,
    )
    assert dict(ranking_rows(status)) == {
        "ranking": "global model 2; 1 user with parameters of their own, 1,200 decisions in the log",
        "ranked": "4 orders since the start; 1 that could not be logged; 3 of feedback taken",
    }
    assert dict(ranking_rows(RankingStatus(unknown_count=1, other_version_count=2)))["ranked"] == (
        "0 orders since the start; 1 of a decision that nobody knows; 2 served as new until they were"
    )
