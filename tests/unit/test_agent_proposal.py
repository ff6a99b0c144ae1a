"""A model's proposal on top of what code counts: what becomes of it, and what stays."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any as PackedMessage

from foreword.v1 import profile_pb2
from scheduler.agent.operations import AddGoal, Operation
from scheduler.agent.proposal import Proposal, Usage
from scheduler.agent.refresh import RefreshResult, code_version, complete, draft
from tests.one_refresh import CONFIG, event, make_input

EVENTS = [
    event(number, 10 - number / 10, ["app/queue", "python"], type="commit", text=text)
    for number, text in enumerate(
        [
            "Send mail through the jobs table instead of celery",
            "Move image jobs from celery to the jobs table",
            "Fix typo",
            "Add retries to the worker",
            "Move report jobs from celery to the jobs table",
            "Document the worker",
        ]
    )
]
GOAL = AddGoal("Moving jobs from celery to the jobs table", ("e1", "e4"))


def proposal(*operations: Operation, product: PackedMessage | None = None) -> Proposal:
    """Return what a model proposes."""
    return Proposal(operations, "anthropic", "claude-haiku-4-5", "refresh-1", Usage(900, 80, 1300), product)


def run(*operations: Operation, previous: profile_pb2.Profile | None = None) -> RefreshResult:
    """Refresh with a model's proposal; on top of a former profile nothing is new."""
    source = make_input(EVENTS, previous, new=None if previous is None else [])
    return complete(draft(source, CONFIG), [proposal(*operations)])


def test_a_proposal_stands_beside_what_code_counts() -> None:
    """The goal is there, and so is every belief that code has."""
    alone = complete(draft(make_input(EVENTS), CONFIG)).profile
    result = run(GOAL)
    (goal,) = result.profile.self_model.goals
    assert goal.statement == 'Moving jobs from "celery" to the jobs table'
    assert goal.proposed_by == "anthropic"
    assert list(result.profile.self_model.beliefs) == list(alone.self_model.beliefs)
    assert result.applied_count == 1
    assert result.refusals == []


def test_provenance_says_who_proposed_and_by_which_rules() -> None:
    """The version of code's rules is told from the prompt's, so that a new prompt alone computes nobody anew."""
    provenance = run(GOAL).profile.provenance
    assert provenance.generator == "anthropic"
    assert provenance.model == "claude-haiku-4-5"
    assert provenance.cost_micro_usd == 1300
    alone = complete(draft(make_input(EVENTS), CONFIG)).profile.provenance
    assert provenance.prompt_version == f"{alone.prompt_version}+refresh-1"
    assert code_version(provenance) == code_version(alone) == alone.prompt_version


def test_a_proposal_of_which_nothing_holds_leaves_what_code_writes() -> None:
    """The profile is code's, to the byte; the refusals say why, and the usage what it cost."""
    first = run(GOAL).profile
    result = run(AddGoal("Moving jobs", ("gone",)), AddGoal("Moving jobs", ("e1",)), previous=first)
    assert result.applied_count == 0
    assert [refusal.error.field for refusal in result.refusals] == ["event_ids", "event_ids"]
    assert result.profile == complete(draft(make_input(EVENTS, first, new=[]), CONFIG)).profile
    assert result.usage == Usage(900, 80, 1300)


def test_the_operators_message_is_carried_until_another_comes() -> None:
    """A refresh by code keeps it, and a model's replaces it."""
    source = make_input(EVENTS)
    product = PackedMessage(type_url="type.googleapis.com/app.Feed", value=b"\x08\x01")
    result = complete(draft(source, CONFIG), [proposal(product=product)])
    assert result.profile.product == product
    assert result.profile.provenance.generator == "anthropic"
    again = make_input(EVENTS, result.profile, new=[])
    assert complete(draft(again, CONFIG), [proposal()]).profile.product == product
