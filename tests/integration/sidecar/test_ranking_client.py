"""Ranking as an agent author and an operator use it, on a real sidecar."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from foreword.cli import main
from foreword.client import Foreword
from foreword.errors import ServiceError

Captured = pytest.CaptureFixture[str]

VERBOSE = {"id": "explain-and-refactor", "topics": ["refactoring"], "attributes": {"length": "verbose"}}
CONCISE = {"id": "concise-fix", "topics": ["fixes"], "attributes": {"length": "concise"}}
CONTEXT = {"domain": "python"}


def first(client: Foreword, user: str, *actions: dict[str, Any]) -> str:
    """Return what a user is offered first, with nothing left to chance."""
    best = client.rank(user, actions or (VERBOSE, CONCISE), context=CONTEXT, explore=False).best
    return str(best["id"])


def run(running: Any, *arguments: str) -> int:
    """Run a command against the sidecar."""
    return main([*arguments, "--address", running.address])


def test_three_rejects_move_one_user_at_the_next_call(running: Any) -> None:
    """Who turns down verbose refactorings three times is offered the concise fix first, also among actions nobody has
    met; another user's scores stay what they were, to the bit.
    """
    client = running.client
    assert first(client, "ann") == first(client, "bob") == VERBOSE["id"]
    scores = client.rank("bob", [VERBOSE, CONCISE], context=CONTEXT, explore=False).scores
    for _ in range(3):
        ranking = client.rank("ann", [VERBOSE, CONCISE], context=CONTEXT)
        taken = client.feedback(ranking.decision_id, action_id=VERBOSE["id"], accepted=False)
        assert taken.accepted
    assert taken.observation_count == 3
    assert first(client, "ann") == CONCISE["id"]
    rename = [
        {"id": f"rename-{length}", "attributes": {"length": length}} for length in ("verbose", "concise")
    ]
    assert first(client, "ann", *rename) == "rename-concise"
    assert first(client, "bob") == VERBOSE["id"]
    assert client.rank("bob", [VERBOSE, CONCISE], context=CONTEXT, explore=False).scores == scores


def test_the_same_feedback_counts_once_and_another_day_again(running: Any) -> None:
    """Of one decision the same word counts once, another one too; without a decision each call counts."""
    client = running.client
    decision_id = client.rank("ann", [VERBOSE, CONCISE]).decision_id
    first_time, again = (client.feedback(decision_id, action_id=CONCISE["id"], liked=True) for _ in range(2))
    assert (first_time.accepted, again.accepted, again.observation_count) == (True, False, 1)
    assert client.feedback(decision_id, action_id=CONCISE["id"], reward=0.5).accepted
    for _ in range(2):
        assert client.feedback(user_id="ann", action=CONCISE, context=CONTEXT, accepted=True).accepted
    assert client.rank("ann", ["a"]).observation_count == 4


def test_a_decision_nobody_knows_is_told_by_its_reason(running: Any) -> None:
    """Feedback on it raises where failures are raised, with DECISION_UNKNOWN; else it is not taken."""
    for call in (running.client.feedback, running.client.explain_ranking):
        with pytest.raises(ServiceError) as refused:
            call("a" * 26, **({"accepted": True} if call == running.client.feedback else {}))
        assert refused.value.reason == "DECISION_UNKNOWN"
        assert refused.value.hint
    with Foreword(running.address) as client:
        assert not client.feedback("a" * 26, accepted=True).accepted


def test_a_sidecar_that_does_not_rank_leaves_the_order(start: Any) -> None:
    """With ranking off the candidates stand as given, and whoever asks for errors is told why; status is silent."""
    running = start(start.config(ranking={"mode": "off"}))
    with pytest.raises(ServiceError, match="off") as refused:
        running.client.rank("ann", ["a", "b"])
    assert refused.value.reason == "EXTRA_MISSING"
    with Foreword(running.address) as client:
        ranking = client.rank("ann", ["b", "a"])
        assert (ranking.order, ranking.is_ranked) == (["b", "a"], False)
    assert not running.client.status().HasField("ranking")


def test_a_field_out_of_range_is_named_by_the_sidecar(running: Any, capsys: Captured) -> None:
    """An id twice is wrong usage on the command line, and an error with its field in Python."""
    with pytest.raises(ServiceError, match=r"candidates\[1\]\.action_id: found 'a'") as refused:
        running.client.rank("ann", ["a", "a"])
    assert refused.value.reason == "FIELD_INVALID"
    assert run(running, "rank", "", "--candidates", "a") == 2
    assert "user_id" in capsys.readouterr().err


def test_an_operator_ranks_tells_and_asks_why(running: Any, capsys: Captured) -> None:
    """`rank`, `rank feedback`, `rank explain`, `status` and `export` go through one decision and what came of it."""
    order = ("rank", "ann", "--candidates", "verbose,concise", "--context", "domain=python", "--no-explore")
    for _ in range(3):
        assert run(running, *order, "--json") == 0
        decision_id = json.loads(capsys.readouterr().out)["decision_id"]
        assert run(running, "rank", "feedback", decision_id, "--action", "verbose", "--reject") == 0
        taken = capsys.readouterr().out
    assert taken == "Taken: the user has said something of an action 3 times\n"
    assert run(running, *order) == 0
    shown = capsys.readouterr()
    assert [line.split()[1] for line in shown.out.splitlines()[1:]] == ["concise", "verbose"]
    assert [line.split()[3] for line in shown.out.splitlines()[1:]] == ["1.000", "1.000"]
    assert shown.err.startswith("Ranked from 3 things the user said, by the global model 0\n")
    named = re.search(r"rank explain (\w{26})", shown.err)
    assert named is not None
    assert run(running, "rank", "explain", named[1]) == 0
    why = capsys.readouterr().out
    assert "Exploration: none; the order is that of the scores" in why
    assert re.search(r"^2\. verbose: score 0\.[0-4]", why, re.M)
    assert re.search(r"-\d\.\d{3}  this user$", why, re.M)
    assert run(running, "status") == 0
    status = capsys.readouterr().out
    assert "ranking" in status
    assert "4 orders since the start; 3 of feedback taken" in status
    assert run(running, "export", "ann") == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    blocks = [record["ranking_block"] for record in records if "ranking_block" in record]
    decisions = [record["ranking_decision"] for record in records if "ranking_decision" in record]
    assert [block["observation_count"] for block in blocks] == [3]
    assert {decision["user_id"] for decision in decisions} == {"ann"}
    assert named[1] in {decision["decision_id"] for decision in decisions}
