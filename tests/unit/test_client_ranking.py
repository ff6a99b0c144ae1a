"""What the clients send of candidates and feedback, and what they make of what comes back, or does not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from answer_server import RefusedError
from ranking_server import ranking_server

from foreword.client import AsyncForeword, Foreword, Ranking
from foreword.errors import FieldError, ServiceError
from foreword.v1.event_pb2 import Feedback
from foreword.v1.ranking_pb2 import Candidate, RankingContext, ScoreExplanation
from foreword.v1.ranking_service_pb2 import (
    ExplainRankingResponse,
    RankActionsRequest,
    RankActionsResponse,
    RecordFeedbackRequest,
    RecordFeedbackResponse,
)

NOWHERE = "unix:/nonexistent/foreword.sock"
DECISION = "a" * 26


def reverse(request: RankActionsRequest) -> RankActionsResponse:
    """Return an order that begins with the last candidate."""
    count = len(request.candidates)
    places = range(count - 1, -1, -1)
    return RankActionsResponse(
        decision_id=DECISION,
        order=list(places)[: request.limit or count],
        scores=[place / 8 for place in range(count)],
        propensities=([0.5] * count)[: request.limit or count],
        model_version=3,
        observation_count=4,
        unknown=[0],
    )


def taken(_request: RecordFeedbackRequest) -> RecordFeedbackResponse:
    return RecordFeedbackResponse(accepted=True, observation_count=5, model_version=3)


def off(_request: Any) -> Any:
    raise RefusedError(grpc.StatusCode.UNIMPLEMENTED, "EXTRA_MISSING", "ranking is off here")


def test_an_order_holds_the_candidates_as_they_were_given() -> None:
    """Ids, mappings and messages come back as they are, best first, with all that the sidecar says by their ids."""
    message = Candidate(action_id="tests", irreversible=True)
    given: list[Any] = ["concise", {"id": "verbose", "topics": ["style"], "vector": np.ones(2)}, message]
    with ranking_server(RankActions=reverse) as (address, service), Foreword(address) as client:
        ranking = client.rank(
            "ada",
            iter(given),
            context={"domain": "python"},
            text="refactor",
            session_id="s",
            namespace="acme",
        )
        assert list(ranking) == ranking.order == given[::-1]
        assert (ranking.best, len(ranking)) == (message, 3)
        assert (ranking.is_ranked, ranking.decision_id, ranking.model_version) == (True, DECISION, 3)
        assert ranking.scores == {"concise": 0, "verbose": 0.125, "tests": 0.25}
        assert ranking.propensities == dict.fromkeys(("tests", "verbose", "concise"), 0.5)
        assert (ranking.observation_count, ranking.unknown) == (4, ["concise"])
        first = client.rank("ada", ["a", "b"], limit=1, explore=False, context=RankingContext(text="so"))
        assert (first.order, first.propensities) == (["b"], {"b": 0.5})
    sent, plain = service.asked
    assert (sent.user_id, sent.namespace, sent.explore, sent.limit) == ("ada", "acme", True, 0)
    assert sent.context == RankingContext(attributes={"domain": "python"}, text="refactor", session_id="s")
    verbose = Candidate(action_id="verbose", topics=["style"], vector=[1, 1])
    assert list(sent.candidates) == [Candidate(action_id="concise"), verbose, message]
    assert (plain.explore, plain.limit, plain.context.text) == (False, 1, "so")


@pytest.mark.parametrize("says", [None, off], ids=["no sidecar", "ranking off"])
def test_without_ranking_the_candidates_stand_as_given(
    says: Callable[[Any], Any] | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nobody ranks, the order is the given one and says so; feedback on it is not taken, without a word."""

    def check(address: str) -> None:
        with Foreword(address) as client, caplog.at_level(logging.WARNING, "foreword.client"):
            ranking = client.rank("ada", ("b", "a", "c"), limit=2)
            assert repr(ranking) == "Ranking(['b', 'a'], is_ranked=False)"
            assert (ranking.order, ranking.decision_id, ranking.scores) == (["b", "a"], "", {})
            assert len(caplog.records) == 1
            assert not client.feedback(ranking.decision_id, accepted=True).accepted
            assert len(caplog.records) == 1
        with Foreword(address, raises=True) as client:
            with pytest.raises(ServiceError):
                client.rank("ada", ["a"])
            with pytest.raises(FieldError, match="decision_id: found that of an unranked order"):
                client.feedback("", accepted=True)

    if says is None:
        check(NOWHERE)
    else:
        with ranking_server(RankActions=says) as (address, service):
            check(address)
            assert len(service.asked) == 2


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        ("concise", r"candidates: found 'concise' \(str\); allowed: a list of candidates"),
        ({"id": "a"}, "candidates: found .*; allowed: a list of candidates"),
        (5, r"candidates: found 5 \(int\)"),
        ([5], r"candidates\[0\]: found 5 \(int\); allowed: an id, a mapping of id, topics"),
        (["a", {"name": "b"}], r"candidates\[1\]\.id: found none"),
        ([{"id": 5}], r"candidates\[0\]\.id: found 5 \(int\); allowed: text"),
        ([{"id": "a", "topic": ["b"]}], r"candidates\[0\]\.topic: found a field that no candidate has"),
        ([{"id": "a", "topics": ["b", 5]}], r"candidates\[0\]\.topics\[1\]: found 5"),
        ([{"id": "a", "attributes": {"depth": 3}}], r"candidates\[0\]\.attributes\['depth'\]: found 3"),
        ([{"id": "a", "vector": "text"}], r"candidates\[0\]\.vector: found 'text'"),
        ([{"id": "a", "irreversible": 1}], r"candidates\[0\]\.irreversible: found 1 \(int\)"),
        ([{"id": "a", "text": 55}], r"candidates\[0\]\.text: found a value of the type int"),
    ],
)
def test_a_candidate_of_the_wrong_kind_is_named(
    candidates: Any, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is sent; with `raises` the field is named, else once in the log, and what can be is given back."""
    with Foreword(NOWHERE, raises=True) as client, pytest.raises(FieldError, match=message):
        client.rank("ada", candidates)
    with Foreword(NOWHERE) as client:
        ranking = client.rank("ada", candidates)
    assert ranking.order == (candidates if isinstance(candidates, list) else [])
    assert not ranking.is_ranked
    assert "not sent" in caplog.text


@pytest.mark.parametrize(
    ("said", "feedback", "reward", "text"),
    [
        ({"accepted": True}, Feedback.FEEDBACK_ACCEPT, None, ""),
        ({"accepted": False}, Feedback.FEEDBACK_REJECT, None, ""),
        ({"liked": True}, Feedback.FEEDBACK_LIKE, None, ""),
        ({"liked": False, "accepted": False}, Feedback.FEEDBACK_DISLIKE, None, ""),
        ({"correction": "Shorter."}, Feedback.FEEDBACK_CORRECTION, None, "Shorter."),
        ({"accepted": False, "correction": "Shorter."}, Feedback.FEEDBACK_CORRECTION, None, "Shorter."),
        ({"reward": 0.25}, Feedback.FEEDBACK_UNSPECIFIED, 0.25, ""),
        ({"reward": 0, "accepted": True}, Feedback.FEEDBACK_ACCEPT, 0, ""),
    ],
)
def test_feedback_is_sent_as_what_says_most(
    said: dict[str, Any], feedback: Feedback, reward: float | None, text: str
) -> None:
    """Of several things that agree the one that says most is sent; a reward stands beside them."""
    with ranking_server(RecordFeedback=taken) as (address, service), Foreword(address) as client:
        assert client.feedback(DECISION, action_id="concise", **said) == taken(RecordFeedbackRequest())
    (sent,) = service.asked
    expected = RecordFeedbackRequest(
        decision_id=DECISION, action_id="concise", feedback=feedback, reward=reward, text=text
    )
    assert sent == expected


def test_feedback_without_a_decision_names_user_and_action() -> None:
    """It has an id of its own, so that a retry counts once and the same said again another day counts again."""
    with (
        ranking_server(RecordFeedback=taken) as (address, service),
        Foreword(address, namespace="acme") as client,
    ):
        for _ in range(2):
            client.feedback(
                user_id="ada", action={"id": "a", "topics": ["b"]}, context={"c": "d"}, liked=True
            )
        client.feedback("", user_id="ada", action="a", liked=True, feedback_id="mine")
    one, again, own = service.asked
    assert (one.user_id, one.namespace, one.decision_id) == ("ada", "acme", "")
    assert one.action == Candidate(action_id="a", topics=["b"])
    assert dict(one.context.attributes) == {"c": "d"}
    assert len(one.feedback_id) == 32
    assert one.feedback_id != again.feedback_id
    assert own.feedback_id == "mine"


@pytest.mark.parametrize(
    ("decision_id", "fields", "message"),
    [
        (DECISION, {}, "accepted: found none of accepted, liked, correction and reward"),
        (DECISION, {"accepted": True, "liked": False}, "liked: found False beside accepted=True"),
        (DECISION, {"liked": True, "correction": "No."}, "correction: found a correction beside liked=True"),
        (DECISION, {"accepted": "yes"}, r"accepted: found 'yes' \(str\); allowed: True or False"),
        (DECISION, {"reward": 1.5}, r"reward: found 1\.5 \(float\); allowed: 0 to 1"),
        (DECISION, {"reward": float("nan")}, r"reward: found nan \(float\); allowed: 0 to 1"),
        (DECISION, {"correction": 77}, "correction: found a value of the type int; allowed: text"),
        (DECISION, {"liked": True, "action": "a"}, "action: found 'a' .*beside a decision.*action_id says"),
        (DECISION, {"liked": True, "context": {"a": "b"}}, "context: found .*beside a decision"),
        (5, {"liked": True}, r"decision_id: found 5 \(int\); allowed: text"),
        (None, {"liked": True}, "decision_id: found none; allowed: the decision_id of a ranking, or user_id"),
        (None, {"liked": True, "user_id": "ada"}, "action: found None"),
        (None, {"liked": True, "action": 5, "user_id": "a"}, "action: found 5"),
        (None, {"liked": True, "action": "a"}, "user_id: found 0 bytes|user_id"),
        (
            "",
            {"liked": True, "action": "a", "user_id": "a", "action_id": "b"},
            "action_id: .*without a decision",
        ),
    ],
)
def test_feedback_that_says_nothing_or_two_things_is_refused(
    decision_id: Any, fields: dict[str, Any], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The argument is named: raised with `raises`, else logged once, and the feedback not taken."""

    def refuse(request: RecordFeedbackRequest) -> RecordFeedbackResponse:
        raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID", f"user_id: {request.user_id!r}")

    with ranking_server(RecordFeedback=refuse) as (address, _):
        with (
            Foreword(address, raises=True) as client,
            pytest.raises((FieldError, ServiceError), match=message),
        ):
            client.feedback(decision_id, **fields)
        with Foreword(address) as client:
            assert not client.feedback(decision_id, **fields).accepted
    assert caplog.records
    assert "77" not in caplog.text


def test_a_retry_of_feedback_has_the_same_id() -> None:
    """What is sent again after a passing failure is the same message."""
    answers = iter([grpc.StatusCode.UNAVAILABLE, None])

    def say(request: RecordFeedbackRequest) -> RecordFeedbackResponse:
        code = next(answers)
        if code is not None:
            raise RefusedError(code, "DRAINING", "in a moment")
        return taken(request)

    with ranking_server(RecordFeedback=say) as (address, service), Foreword(address) as client:
        assert client.feedback(user_id="ada", action="a", accepted=True).accepted
    first, second = service.asked
    assert first == second
    assert first.feedback_id


def test_an_explanation_always_raises() -> None:
    """What explains an order, or the refusal, whatever `raises` says."""
    why = ExplainRankingResponse(explanations=[ScoreExplanation(action_id="a", score=0.5)])

    def explain(request: Any) -> ExplainRankingResponse:
        if request.decision_id != DECISION:
            raise RefusedError(grpc.StatusCode.NOT_FOUND, "DECISION_UNKNOWN", "no such decision")
        return why

    with ranking_server(ExplainRanking=explain) as (address, service), Foreword(address) as client:
        assert client.explain_ranking(DECISION, 2) == why
        assert service.asked[0].limit == 2
        with pytest.raises(ServiceError) as refused:
            client.explain_ranking("b" * 26)
        assert refused.value.reason == "DECISION_UNKNOWN"


def test_the_asyncio_client_does_the_same() -> None:
    """An order, feedback on it and its explanation; without a sidecar the order given."""

    async def use(address: str) -> None:
        async with AsyncForeword(address) as client:
            ranking = await client.rank("ada", ["a", "b"], context={"c": "d"})
            assert (ranking.order, ranking.is_ranked) == (["b", "a"], True)
            assert (await client.feedback(ranking.decision_id, accepted=False)).accepted
            assert not (await client.feedback("", accepted=False)).accepted
            assert await client.explain_ranking(ranking.decision_id) == ExplainRankingResponse(absent="gone")
        async with AsyncForeword(NOWHERE) as client:
            unranked: Ranking[str] = await client.rank("ada", ["a", "b"])
            assert (unranked.order, unranked.is_ranked) == (["a", "b"], False)

    says = {"RankActions": reverse, "RecordFeedback": taken}
    with ranking_server(**says, ExplainRanking=lambda _: ExplainRankingResponse(absent="gone")) as (
        address,
        it,
    ):
        asyncio.run(use(address))
        assert len(it.asked) == 3
