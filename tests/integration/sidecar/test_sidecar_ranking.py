"""Ranking at the sidecar, over a real socket: orders, feedback, explanations, and what is kept of them."""

from __future__ import annotations

import resource
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from unprivileged import read_only, unprivileged

from foreword import keys
from foreword.clock import DAY_MS
from foreword.store import databases as db
from foreword.store.check import inspect_store
from foreword.synthetic import NAMESPACE
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.event_pb2 import Event, Feedback
from foreword.v1.operator_service_pb2 import GetStatusRequest, GetStatusResponse
from foreword.v1.ranking_pb2 import Candidate, RankingContext
from foreword.v1.ranking_service_pb2 import (
    ExplainRankingRequest,
    ExplainRankingResponse,
    RankActionsRequest,
    RankActionsResponse,
    RecordFeedbackRequest,
    RecordFeedbackResponse,
)
from foreword.v1.user_data_service_pb2 import EraseUserRequest, ExportUserRequest, ExportUserResponse
from ranking.decided import Gathering
from ranking.example import Action, Example
from ranking.example import Context as MomentOf
from ranking.model import GlobalModel
from ranking.model_folder import Entry, ModelFolder, Verdict
from ranking.ranker import Ranker as Rules
from ranking.trainer import models_directory
from ranking.training import train

ANN, BOB = keys.user_key("ann"), keys.user_key("bob")
REJECT, ACCEPT = Feedback.FEEDBACK_REJECT, Feedback.FEEDBACK_ACCEPT
CORRECTION = Feedback.FEEDBACK_CORRECTION


def verbose(number: int) -> Candidate:
    return Candidate(action_id=f"refactor-{number}", topics=["refactoring"], attributes={"style": "verbose"})


def concise(number: int) -> Candidate:
    return Candidate(action_id=f"fix-{number}", topics=["fixes"], attributes={"style": "concise"})


def rank(running: Any, user_id: str = "ann", *candidates: Candidate, **fields: Any) -> RankActionsResponse:
    request = RankActionsRequest(
        user_id=user_id,
        candidates=candidates or (verbose(1), concise(1)),
        context=RankingContext(attributes={"domain": "python"}, text="tidy this up"),
        **{"explore": False, **fields},
    )
    return RankActionsResponse.FromString(
        running.call("RankingService/RankActions", request.SerializeToString())
    )


def say(running: Any, decision_id: str = "", **fields: Any) -> RecordFeedbackResponse:
    request = RecordFeedbackRequest(decision_id=decision_id, **fields)
    return RecordFeedbackResponse.FromString(
        running.call("RankingService/RecordFeedback", request.SerializeToString())
    )


def explain(running: Any, decision_id: str) -> ExplainRankingResponse:
    request = ExplainRankingRequest(decision_id=decision_id)
    return ExplainRankingResponse.FromString(
        running.call("RankingService/ExplainRanking", request.SerializeToString())
    )


def status(running: Any) -> Any:
    answer = running.call("OperatorService/GetStatus", GetStatusRequest().SerializeToString())
    return GetStatusResponse.FromString(answer).ranking


def block(running: Any, user: keys.UserKey) -> bytes | None:
    with closing(running.activity()) as reader:
        return reader.ranking_block(user)


def refused(running: Any, method: str, request: Any) -> Any:
    with pytest.raises(grpc.RpcError) as caught:
        running.call(f"RankingService/{method}", request.SerializeToString())
    return running.error_info(caught.value), caught.value.code()


@pytest.fixture(autouse=True)
def _checked(start: Any) -> Any:
    yield
    assert list(inspect_store(start.store)) == []


def test_three_rejects_turn_the_next_order_and_nobody_elses(running: Any) -> None:
    """Who rejects verbose refactorings three times is offered concise fixes first; others keep every byte."""
    say(running, user_id="bob", action=verbose(0), feedback=ACCEPT)
    before, bobs = rank(running, "bob"), block(running, BOB)
    for number in range(3):
        offered = rank(running, "ann", verbose(number), concise(number))
        assert say(running, offered.decision_id, action_id=f"refactor-{number}", feedback=REJECT).accepted
    answer = rank(running, "ann", verbose(9), concise(9))
    assert list(answer.order) == [1, 0]
    assert answer.observation_count == 3
    assert answer.scores[1] > answer.scores[0]
    assert block(running, BOB) == bobs
    after = rank(running, "bob")
    assert (list(after.order), list(after.scores)) == (list(before.order), list(before.scores))
    parts = explain(running, answer.decision_id).explanations[1].parts
    assert {part.feature for part in parts[:2]} == {"attribute style=verbose", "topic refactoring"}
    assert all(part.effect < 0 and part.is_personal for part in parts[:2])


def test_an_explanation_adds_up_to_the_score(running: Any) -> None:
    """What is said to have moved a score is all of it: the sum of the parts tells the order that was offered."""
    for number in range(3):
        say(running, user_id="ann", action=verbose(number), feedback=REJECT)
        say(running, user_id="ann", action=concise(number), feedback=ACCEPT)
    answer = rank(running, "ann", verbose(9), concise(9), explore=True)
    told = explain(running, answer.decision_id)
    assert told.decision.decision_id == answer.decision_id
    assert [offered.action_id for offered in told.decision.offered] == [
        ["refactor-9", "fix-9"][place] for place in answer.order
    ]
    assert list(told.decision.propensities) == list(answer.propensities)
    sums = {each.action_id: sum(part.effect for part in each.parts) for each in told.explanations}
    assert sums["fix-9"] > 0 > sums["refactor-9"]


def test_the_same_feedback_counts_once(running: Any) -> None:
    """Sent again, feedback changes no parameter; feedback of another kind or id is another one."""
    decision_id = rank(running).decision_id
    first = say(running, decision_id, feedback=REJECT)
    assert (first.accepted, first.observation_count) == (True, 1)
    once = block(running, ANN)
    again = say(running, decision_id, feedback=REJECT)
    assert (again.accepted, again.observation_count) == (False, 1)
    assert block(running, ANN) == once
    assert say(running, decision_id, reward=0.25).observation_count == 2
    assert say(running, user_id="ann", action=verbose(1), feedback=REJECT, feedback_id="mine").accepted
    assert not say(running, user_id="ann", action=verbose(1), feedback=REJECT, feedback_id="mine").accepted
    figures = status(running)
    assert (figures.feedback_count, figures.duplicate_count) == (3, 2)


def test_propensities_are_those_of_the_order_shown(running: Any) -> None:
    """Each place has a probability; without exploration all are 1, and an irreversible action keeps its place."""
    many = [verbose(number) for number in range(9)] + [
        Candidate(action_id="delete", irreversible=True, topics=["deleting"])
    ]
    for _ in range(3):
        say(running, user_id="ann", action=many[-1], feedback=REJECT)
    assert set(rank(running, "ann", *many).propensities) == {1.0}
    places = set()
    for _ in range(30):
        answer = rank(running, "ann", *many, explore=True)
        assert sorted(answer.order) == list(range(10))
        assert all(0 < chance <= 1 for chance in answer.propensities)
        place = list(answer.order).index(9)
        places.add((place, answer.propensities[place]))
    assert places == {(9, 1.0)}


def test_a_correction_counts_as_a_no_and_reaches_the_profile(running: Any) -> None:
    """A correction is an event with its words, from which the profile's self-model is made."""
    decision_id = rank(running).decision_id
    assert say(running, decision_id, feedback=CORRECTION, text="Show me the code first.").accepted
    with closing(running.activity()) as reader:
        (event,) = reader.every_event(ANN)
    assert (event.type, event.feedback, event.text) == (
        "rank.feedback",
        CORRECTION,
        "Show me the code first.",
    )
    assert event.item_id == "refactor-1"
    assert event.attributes["action.style"] == "verbose"
    assert event.attributes["domain"] == "python"


def test_what_was_said_before_counts_when_the_block_is_lost(running: Any) -> None:
    """Without a block, or with a damaged one, the user is new for one call; then their events tell who they are."""
    for number in range(4):
        say(running, user_id="ann", action=verbose(number), feedback=REJECT)
        running.clock.advance(1000)
    known = rank(running, "ann", verbose(9), concise(9))
    with running.server._activity._writer.begin() as txn:
        row = txn._txn.get(ANN, db=txn._db[db.RANKING_BLOCKS])
        txn._txn.put(ANN, row[:-1] + bytes([row[-1] ^ 1]), db=txn._db[db.RANKING_BLOCKS])
    assert rank(running, "ann", verbose(9), concise(9)).observation_count == 0
    running.eventually(
        lambda: rank(running, "ann", verbose(9), concise(9)).observation_count == 4,
        "the block to be made anew",
    )
    again = rank(running, "ann", verbose(9), concise(9))
    assert list(again.scores) == pytest.approx(list(known.scores), abs=1e-5)
    assert status(running).rebased_count == 1


def test_events_recorded_otherwise_count_from_the_first_order_on(running: Any) -> None:
    """A user whose likes came as events is known at the second call without ever having given feedback here."""
    events = [
        Event(event_id=f"e{n}", user_id="ann", type="like", item_id=f"i{n}", topics=["fixes"], feedback=1)
        for n in range(4)
    ]
    running.client.record(events)
    assert rank(running).observation_count == 0
    running.eventually(lambda: rank(running).observation_count == 4, "the events to count")
    assert list(rank(running).order) == [1, 0]


def test_feedback_on_no_decision_is_refused_and_counted(running: Any) -> None:
    """An unknown or expired decision is told with its reason; nothing is recorded."""
    decision_id = rank(running).decision_id
    info, code = refused(
        running, "RecordFeedback", RecordFeedbackRequest(decision_id="a" * 26, feedback=REJECT)
    )
    assert (info.reason, code) == ("DECISION_UNKNOWN", grpc.StatusCode.NOT_FOUND)
    assert info.metadata["hint"]
    assert say(running, decision_id, feedback=REJECT).accepted
    running.clock.advance(8 * DAY_MS)
    running.loop.call_soon_threadsafe(lambda: running.loop.create_task(running.server._ranking.maintain()))
    running.eventually(lambda: status(running).logged_count == 0, "the old decision to go")
    info, _ = refused(
        running, "RecordFeedback", RecordFeedbackRequest(decision_id=decision_id, feedback=ACCEPT)
    )
    assert info.reason == "DECISION_UNKNOWN"
    info, _ = refused(running, "ExplainRanking", ExplainRankingRequest(decision_id=decision_id))
    assert info.reason == "DECISION_UNKNOWN"
    assert status(running).unknown_count == 2


def test_feedback_that_names_a_user_is_on_a_decision_of_theirs(running: Any) -> None:
    """Whoever says whose decision it is, is held to it, namespace and all; the refusal does not say whose it is."""
    decision_id = rank(running).decision_id
    for whose, field, found in (
        ({"user_id": "bob"}, "user_id", "'bob'"),
        ({"user_id": "bob", "namespace": "shop"}, "user_id", "'bob'"),
        ({"user_id": "ann", "namespace": "shop"}, "namespace", "'shop'"),
    ):
        said = RecordFeedbackRequest(decision_id=decision_id, feedback=REJECT, **whose)
        info, code = refused(running, "RecordFeedback", said)
        assert (info.reason, code) == ("FIELD_INVALID", grpc.StatusCode.INVALID_ARGUMENT)
        assert (info.metadata["field"], info.metadata["found"]) == (field, found)
        assert "decision" in info.metadata["allowed"]
        assert "ann" not in info.metadata["allowed"]
    assert rank(running).observation_count == 0
    assert say(running, decision_id, user_id="ann", feedback=REJECT).accepted


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("RankActions", RankActionsRequest(user_id="ann"), "candidates"),
        ("RankActions", RankActionsRequest(candidates=[verbose(1)]), "user_id"),
        (
            "RankActions",
            RankActionsRequest(user_id="ann", candidates=[verbose(1), verbose(1)]),
            "candidates[1].action_id",
        ),
        ("RecordFeedback", RecordFeedbackRequest(user_id="ann", action=verbose(1)), "feedback"),
        (
            "RecordFeedback",
            RecordFeedbackRequest(user_id="ann", action=verbose(1), reward=float("nan")),
            "reward",
        ),
        ("RecordFeedback", RecordFeedbackRequest(user_id="ann", action=verbose(1), reward=1.5), "reward"),
        ("RecordFeedback", RecordFeedbackRequest(action=verbose(1), feedback=REJECT), "user_id"),
        ("RecordFeedback", RecordFeedbackRequest(user_id="ann", feedback=REJECT), "action.action_id"),
        ("RecordFeedback", RecordFeedbackRequest(decision_id="x", feedback=REJECT), "decision_id"),
        (
            "RecordFeedback",
            RecordFeedbackRequest(decision_id="a" * 26, action=verbose(1), feedback=REJECT),
            "action",
        ),
        (
            "RecordFeedback",
            RecordFeedbackRequest(user_id="ann", action=verbose(1), feedback=REJECT, text="why"),
            "text",
        ),
        ("ExplainRanking", ExplainRankingRequest(decision_id="no"), "decision_id"),
        (
            "RankActions",
            RankActionsRequest(user_id="ann", namespace=NAMESPACE, candidates=[verbose(1)]),
            "namespace",
        ),
        (
            "RecordFeedback",
            RecordFeedbackRequest(user_id="ann", namespace=NAMESPACE, action=verbose(1), feedback=REJECT),
            "namespace",
        ),
    ],
)
def test_a_malformed_request_names_its_field(running: Any, method: str, request_: Any, field: str) -> None:
    """Whatever is missing, malformed or contradictory is refused by name, and nothing is kept."""
    info, code = refused(running, method, request_)
    assert (info.reason, info.metadata["field"], code) == (
        "FIELD_INVALID",
        field,
        grpc.StatusCode.INVALID_ARGUMENT,
    )
    with closing(running.activity()) as reader:
        assert reader.users_count() == 0
        assert reader.ranking_counts() == (0, 0)


def test_feedback_on_an_action_that_was_not_offered_names_those_that_were(running: Any) -> None:
    """The refusal lists what the decision offered."""
    decision_id = rank(running).decision_id
    request = RecordFeedbackRequest(decision_id=decision_id, action_id="other", feedback=REJECT)
    info, _ = refused(running, "RecordFeedback", request)
    assert info.metadata["field"] == "action_id"
    assert "'refactor-1'" in info.metadata["allowed"]


def test_erasing_a_user_leaves_nothing_of_their_ranking(running: Any) -> None:
    """Block, decisions and feedback go with the user, also a decision that was on its way; export had shown them."""
    say(running, rank(running).decision_id, feedback=REJECT)
    say(running, rank(running, "bob").decision_id, feedback=ACCEPT)
    request = ExportUserRequest(user_id="ann").SerializeToString()
    stream = running.channel.unary_stream("/foreword.v1.UserDataService/ExportUser")
    records = [ExportUserResponse.FromString(data) for data in stream(request, timeout=10)]
    (exported,) = [each.ranking_block for each in records if each.HasField("ranking_block")]
    assert exported.observation_count == 1
    assert len(exported.mean) == len(exported.deviation) > 0
    (decision,) = [each.ranking_decision for each in records if each.HasField("ranking_decision")]
    assert [offered.action_id for offered in decision.offered] == ["refactor-1", "fix-1"]
    rank(running)
    erase = EraseUserRequest(user_id="ann")
    erase.wait.FromMilliseconds(10)
    running.call("UserDataService/EraseUser", erase.SerializeToString())
    with closing(running.activity()) as reader:
        assert reader.ranking_block(ANN) is None
        assert list(reader.ranking_decisions(ANN)) == []
        assert reader.ranking_block(BOB) is not None
        assert len(list(reader.ranking_decisions(BOB))) == 1


def test_where_ranking_is_off_it_says_so(start: Any) -> None:
    """With `ranking.mode = "off"` each call is refused with what to set, and the status has no figures."""
    running = start(start.config(ranking={"mode": "off"}))
    info, code = refused(running, "RankActions", RankActionsRequest(user_id="ann", candidates=[verbose(1)]))
    assert (info.reason, code) == ("EXTRA_MISSING", grpc.StatusCode.UNIMPLEMENTED)
    assert "ranking.mode" in info.metadata["hint"]
    assert ErrorReason.Value(f"ERROR_REASON_{info.reason}")


def test_orders_are_logged_to_the_limit_and_answered_whole(start: Any) -> None:
    """Only the top of a long order is logged, all of it is answered, and `limit` shortens both."""
    running = start(start.config(ranking={"logged_max": 3}))
    many = [verbose(number) for number in range(10)]
    answer = rank(running, "ann", *many)
    assert len(answer.order) == len(answer.propensities) == len(answer.scores) == 10
    assert len(explain(running, answer.decision_id).decision.offered) == 3
    assert len(rank(running, "ann", *many, limit=2).order) == 2


def published(running: Any, number: int = 1) -> ModelFolder:
    """Train a model on made answers, and put it in force beside the running sidecar."""
    random = np.random.default_rng(number)
    told = []
    for place in range(400):
        style = ("verbose", "concise")[int(random.integers(2))]
        action = Action(f"{style}-{place % 9}", (style,), {"style": style})
        # Half of the users like one, half the other.
        chance = 0.8 if (style == "verbose") == (place % 2 == 0) else 0.2
        context = MomentOf(running.now_ms - (400 - place) * 1000)
        told.append(Example(f"u{place % 30}", context, action, float(random.random() < chance)))
    model = train(told, number=number, now_ms=running.now_ms, random=random)
    folder = ModelFolder(models_directory(running.store))
    with folder.locked():
        folder.publish(model, Entry(number, running.now_ms, Verdict.TAKEN))
    return folder


def test_a_new_model_is_taken_over_under_load_without_a_failed_call(running: Any) -> None:
    """While many ask, a swap fails no call; users are served by the former model, then by the new one."""
    for number in range(3):
        say(running, user_id="ann", action=verbose(number), feedback=REJECT)
    stop, failures, versions = threading.Event(), [], []

    def ask() -> None:
        while not stop.is_set():
            try:
                answer = rank(running, "ann", verbose(9), concise(9))
            except grpc.RpcError as exc:
                failures.append(exc)
                return
            assert answer.observation_count == 3
            assert list(answer.order) == [1, 0]
            versions.append(answer.model_version)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        running.eventually(lambda: len(versions) > 50, "calls before the swap")
        published(running)
        running.eventually(lambda: versions[-1] == 1, "the new model to serve the user")
        published(running, 2)
        running.eventually(lambda: versions[-1] == 2, "the next model to serve the user")
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert failures == []
    assert versions[:50] == [0] * 50
    figures = status(running)
    assert (figures.model_version, figures.rebased_count, figures.other_version_count) == (2, 2, 0)


def test_a_damaged_model_is_not_taken_over(running: Any) -> None:
    """With a file cut short the model that serves goes on, the status says why, and a rollback ends that."""
    rank(running)
    folder = published(running)
    running.eventually(lambda: status(running).model_version == 1, "the first model")
    aside = folder.path(2)
    shutil.copytree(folder.path(1), aside)
    next(aside.glob("*.npy")).write_bytes(b"short")
    (folder.directory / "CURRENT").write_text("2\n")
    running.eventually(
        lambda: "stays in force" in running.problems().get("sidecar.ranking", ""), "it to be told"
    )
    assert rank(running).model_version == 1
    folder.roll_back(0, running.now_ms)
    running.eventually(lambda: status(running).model_version == 0, "the rollback")
    assert "sidecar.ranking" not in running.problems()


def test_a_block_of_a_model_that_is_gone_is_made_anew(running: Any, start: Any) -> None:
    """After a restart nobody has the former model: the user is new for one call, which is counted, and then known."""
    for number in range(3):
        say(running, user_id="ann", action=verbose(number), feedback=REJECT)
    published(running)
    running.eventually(lambda: rank(running).model_version == 1, "the block to be the model's")
    published(running, 2)
    running.stop()
    again = start()
    first = rank(again, "ann", verbose(9), concise(9))
    assert (first.model_version, first.observation_count) == (2, 0)
    assert status(again).other_version_count == 1
    # Until then it may be served by its own model, once that is at hand again.
    again.eventually(
        lambda: (found := rank(again)).model_version == 2 and found.observation_count == 3,
        "the block to be made anew",
    )
    assert list(rank(again, "ann", verbose(9), concise(9)).order) == [1, 0]
    told = explain(again, rank(again).decision_id)
    assert told.decision.model_version == 2
    assert told.explanations
    assert not told.absent


def test_a_decision_of_a_model_that_is_gone_says_so(running: Any) -> None:
    """When the model is no longer kept, the decision is told without an explanation, and why."""
    rank(running)
    folder = published(running)
    running.eventually(lambda: rank(running).model_version == 1, "the model")
    decision_id = rank(running).decision_id
    for number in (2, 3):
        published(running, number)
        running.eventually(lambda number=number: rank(running).model_version == number, "the model")
    shutil.rmtree(folder.path(1))
    told = explain(running, decision_id)
    assert "1" in told.absent
    assert len(told.decision.offered) == 2
    assert not told.explanations


def said_by_many(running: Any) -> None:
    """Thirty users take the concise fix, and turn the verbose one down."""
    context = RankingContext(attributes={"domain": "python"}, text="tidy this up")
    for number in range(30):
        say(running, user_id=f"u{number}", action=concise(1), context=context, feedback=ACCEPT)
        say(running, user_id=f"u{number}", action=verbose(1), context=context, feedback=REJECT)


def test_what_all_users_said_is_caught_up_with(start: Any) -> None:
    """A catch-up moves a newcomer's order by what others said, and no block but the sayers'; a restart keeps it."""
    running = start(start.config(ranking={"catch_up_seconds": 10}))
    before = rank(running, "newcomer")
    say(running, user_id="bob", action=concise(0), feedback=ACCEPT)
    bobs = block(running, BOB)
    said_by_many(running)
    # A minute, so that it is written as well: what is on disk has been served, with all 61 examples.
    running.clock.advance(60_000)
    written = models_directory(running.store) / "catch_up" / f"{61:012}"
    running.eventually(written.exists, "the catch-up")
    assert rank(running, "newcomer").scores != before.scores
    answer = rank(running, "newcomer")
    assert list(answer.order) == [1, 0]
    assert answer.scores[0] < 0.4
    assert answer.scores[1] > 0.6
    assert block(running, BOB) == bobs
    parts = explain(running, answer.decision_id).explanations[0].parts
    assert any("context domain=python" in part.feature and not part.is_personal for part in parts)
    running.stop()
    again = start(start.config(ranking={"catch_up_seconds": 10}))
    assert rank(again, "newcomer").scores == answer.scores


def test_what_others_said_moves_nobody_unless_asked_for(running: Any) -> None:
    """As it comes, thirty users' feedback and a day later a newcomer's scores are the same to the bit."""
    before = rank(running, "newcomer")
    said_by_many(running)
    running.clock.advance(DAY_MS)
    running.eventually(lambda: status(running).feedback_count == 60, "the feedback to be counted")
    assert rank(running, "newcomer").scores == before.scores


def test_going_back_to_an_earlier_model_drops_what_was_caught_up(start: Any) -> None:
    """After a rollback the earlier model serves as it was trained."""
    running = start(start.config(ranking={"catch_up_seconds": 10}))
    plain = rank(running, "newcomer")
    folder = published(running)
    running.eventually(lambda: status(running).model_version == 1, "the model")
    trained = rank(running, "newcomer")
    said_by_many(running)
    running.clock.advance(10_000)
    running.eventually(lambda: rank(running, "newcomer").scores != trained.scores, "the catch-up")
    folder.roll_back(0, running.now_ms)
    running.eventually(lambda: status(running).model_version == 0, "the rollback")
    running.eventually(lambda: rank(running, "newcomer").scores == plain.scores, "nothing to be left of it")


def test_a_model_is_judged_by_what_it_would_have_scored(running: Any) -> None:
    """From the log of a sidecar that explored, the model in force expects of each action what was served then."""
    random = np.random.default_rng(2)
    for number in range(60):
        offered = rank(running, f"user-{number % 3}", verbose(number), concise(number), explore=True)
        running.clock.advance(60_000)
        say(running, offered.decision_id, feedback=(REJECT, ACCEPT)[int(random.integers(2))])
        running.clock.advance(60_000)
    with closing(running.activity()) as reader:
        decided = Gathering(reader, [GlobalModel.seed()], Rules()).run()
    assert len(decided) == 60
    assert len({score for one in decided for score in one.scores.tolist()}) > 60
    for one in decided:
        assert one.by_model[0] == pytest.approx(one.scores, abs=1e-6)


# -- broken disks ----------------------------------------------------------------------------------------------


@contextmanager
def full_disk(store: Path) -> Iterator[None]:
    """Let no file of this process grow beyond the store's: what a full disk does, but only to us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (store / "activity.lmdb" / "data.mdb").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def wide(number: int) -> Candidate:
    return Candidate(action_id=f"wide-{number}", text="x" * 2000)


def test_on_a_full_disk_orders_go_on_without_an_id(running: Any) -> None:
    """Orders are answered, bear no id and are counted; feedback is refused in words, and what was taken stays."""
    assert say(running, rank(running).decision_id, feedback=REJECT).accepted
    with full_disk(running.store):
        many = [wide(number) for number in range(20)]
        running.eventually(lambda: not rank(running, "bob", *many).decision_id, "the disk to be full")
        answer = rank(running)
        assert (len(answer.order), answer.decision_id, answer.observation_count) == (2, "", 1)
        taken, refusal = 0, None
        while refusal is None:
            try:
                say(running, user_id="ann", action=wide(taken), feedback=ACCEPT)
                taken += 1
            except grpc.RpcError as exc:
                refusal = running.error_info(exc)
        assert refusal.reason in {"STORE_FULL", "STORE_NOT_WRITABLE"}
        figures = status(running)
        assert figures.unlogged_count >= 2
        assert figures.unknown_count == 0
        assert figures.feedback_count == 1 + taken
        assert "sidecar.activity" in running.problems()
    running.eventually(lambda: rank(running).decision_id, "orders to be logged again")
    assert say(running, rank(running).decision_id, feedback=REJECT).accepted
    assert rank(running).observation_count == 2 + taken


def test_a_read_only_store_ranks_by_what_it_knows(start: Any) -> None:
    """Orders follow the user's parameters and bear no id; feedback is refused with the reason, and nothing else."""
    start.store = Path(tempfile.mkdtemp(prefix="fw-store-"))
    running = start()
    for number in range(3):
        say(running, user_id="ann", action=verbose(number), feedback=REJECT)
    kept = block(running, ANN)
    running.stop()
    start.sockets.chmod(0o777)
    try:
        with read_only(start.store), unprivileged():
            again = start(
                start.config(sidecar={"listen": [f"unix:{start.sockets}/t.sock"]}), with_profiles=False
            )
            answer = rank(again, "ann", verbose(9), concise(9))
            assert (list(answer.order), answer.decision_id, answer.observation_count) == ([1, 0], "", 3)
            info, code = refused(
                again,
                "RecordFeedback",
                RecordFeedbackRequest(user_id="ann", action=verbose(9), feedback=REJECT),
            )
            assert (info.reason, code) == ("STORE_NOT_WRITABLE", grpc.StatusCode.UNAVAILABLE)
            assert status(again).unlogged_count == 1
            assert block(again, ANN) == kept
            again.stop()
        assert list(inspect_store(start.store)) == []
    finally:
        shutil.rmtree(start.store)
        start.store = Path(tempfile.mkdtemp(prefix="fw-store-"))


def test_a_start_on_a_model_cut_in_half_serves_the_one_before(running: Any, start: Any) -> None:
    """Who was known under it still is; the status says why, and the next model that is whole is taken over."""
    for number in range(3):
        say(running, user_id="ann", action=verbose(number), feedback=REJECT)
    folder = published(running)
    running.eventually(lambda: rank(running).model_version == 1, "the block to be the model's")
    running.stop()
    published(running, 2)
    for path in folder.path(2).iterdir():
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    again = start()
    answer = rank(again, "ann", verbose(9), concise(9))
    assert (list(answer.order), answer.model_version, answer.observation_count) == ([1, 0], 1, 3)
    assert explain(again, answer.decision_id).explanations
    assert say(again, answer.decision_id, feedback=ACCEPT).model_version == 1
    assert "global model 1 stays in force" in again.problems()["sidecar.ranking"]
    published(again, 3)
    again.eventually(lambda: status(again).model_version == 3, "the next model")
    assert "sidecar.ranking" not in again.problems()


def test_a_damaged_correction_is_told_and_learned_again(start: Any) -> None:
    """Cut in half, what all users taught gives way to nothing, which is told until it is written anew, and kept."""
    config = start.config(ranking={"catch_up_seconds": 10})
    running = start(config)
    plain = rank(running, "newcomer")
    said_by_many(running)
    running.clock.advance(60_000)
    corrections = models_directory(running.store) / "catch_up"
    running.eventually((corrections / f"{60:012}").exists, "the catch-up")
    running.stop()
    for path in (corrections / f"{60:012}").iterdir():
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    again = start(config)
    assert rank(again, "newcomer").scores == plain.scores
    assert "what all users taught is learned on from nothing" in again.problems()["sidecar.ranking"]
    say(again, user_id="bob", action=concise(0), feedback=ACCEPT)
    again.clock.advance(60_000)
    again.eventually(lambda: "sidecar.ranking" not in again.problems(), "it to be written anew")
    assert [path.name for path in corrections.iterdir()] == [f"{1:012}"]
