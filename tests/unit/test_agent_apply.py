"""Applying operations: code decides what a provider's proposal becomes."""

from __future__ import annotations

import pytest

from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.apply import Applied, apply
from scheduler.agent.evidence import Evidence, evidence_of
from scheduler.agent.operations import (
    AddBelief,
    AddGoal,
    CloseBelief,
    CloseGoal,
    Operation,
    ReinforceBelief,
    ReviseBelief,
    SetExpertise,
    SetPreference,
    SetPresentation,
)
from scheduler.agent.proposal import Proposal


def known(count: int = 6, **fields: object) -> dict[str, Evidence]:
    """Return events `e0`, `e1`, … a second apart."""
    events = []
    for number in range(count):
        made = event_pb2.Event(**{"event_id": f"e{number}", "type": "read", **fields})  # type: ignore[arg-type]
        made.time.seconds = 1_000 + number
        events.append(made)
    return {item.event.event_id: item for item in evidence_of(events, None)}


def run(
    *operations: Operation, previous: Applied | None = None, events: dict[str, Evidence] | None = None
) -> Applied:
    """Apply operations to what an earlier run left."""
    profile = None
    if previous is not None:
        profile = profile_pb2.Profile(self_model=previous.self_model, presentation=previous.presentation)
    return apply([(Proposal(operations), None)], profile, events or known(), {})


def refused_field(applied: Applied) -> str:
    """Return the field of the only refusal."""
    (refusal,) = applied.refusals
    return refusal.error.field


def test_an_operation_that_cites_an_unknown_event_is_refused() -> None:
    """Evidence that nobody has seen is none."""
    applied = run(AddBelief("tea", "Likes tea.", ("e0", "e99")))
    assert refused_field(applied) == "event_ids"
    assert not applied.self_model.beliefs


def test_an_operation_without_evidence_is_refused() -> None:
    """A claim cites something."""
    assert refused_field(run(SetExpertise("sql", 0.5, ()))) == "event_ids"


def test_an_inference_needs_two_sources() -> None:
    """One action proves nothing, one event cited twice neither; a statement of the user's own is enough."""
    assert refused_field(run(AddBelief("tea", "Likes tea.", ("e0",)))) == "event_ids"
    assert refused_field(run(AddBelief("tea", "Likes tea.", ("e0", "e0")))) == "event_ids"
    said = run(AddBelief("tea", "Likes tea.", ("e0",)), events=known(type="statement"))
    assert said.self_model.beliefs[0].evidence[0].kind == profile_pb2.EVIDENCE_KIND_STATEMENT


def test_a_contradiction_closes_the_belief_before_it() -> None:
    """Two statements on one subject do not hold at once."""
    first = run(AddBelief("tea", "Likes tea.", ("e0", "e1")))
    second = run(AddBelief("tea", "Avoids tea.", ("e2", "e3")), previous=first)
    assert [(row.statement, row.HasField("valid_to")) for row in second.self_model.beliefs] == [
        ("Avoids tea.", False),
        ("Likes tea.", True),
    ]
    assert second.self_model.beliefs[1].valid_to.seconds == 1_003


def test_revising_keeps_the_subject_and_closes_the_old() -> None:
    """A revised belief is a new one on the same subject."""
    first = run(AddBelief("tea", "Likes tea.", ("e0", "e1")))
    belief_id = first.self_model.beliefs[0].belief_id
    second = run(ReviseBelief(belief_id, "Likes green tea.", ("e2", "e3")), previous=first)
    assert {row.subject for row in second.self_model.beliefs} == {"tea"}
    assert second.self_model.beliefs[0].statement == "Likes green tea."
    assert second.self_model.beliefs[0].belief_id != belief_id


def test_reinforcing_counts_each_event_once() -> None:
    """An event cited again adds nothing."""
    first = run(AddBelief("tea", "Likes tea.", ("e0", "e1")))
    belief_id = first.self_model.beliefs[0].belief_id
    second = run(ReinforceBelief(belief_id, ("e1", "e2")), previous=first)
    assert second.self_model.beliefs[0].evidence_count == 3
    again = run(ReinforceBelief(belief_id, ("e1", "e2")), previous=second)
    assert again.self_model == second.self_model


def test_adding_what_is_held_reinforces_it() -> None:
    """The same statement on the same subject does not stand twice."""
    first = run(AddBelief("tea", "Likes tea.", ("e0", "e1")))
    second = run(AddBelief("tea", "Likes tea.", ("e2", "e3")), previous=first)
    (belief,) = second.self_model.beliefs
    assert belief.evidence_count == 4


def test_a_closed_belief_cannot_be_closed_again() -> None:
    """Only what holds can end."""
    first = run(AddBelief("tea", "Likes tea.", ("e0", "e1")))
    belief_id = first.self_model.beliefs[0].belief_id
    second = run(CloseBelief(belief_id, ("e2",)), previous=first)
    assert refused_field(run(CloseBelief(belief_id, ("e3",)), previous=second)) == "belief_id"


def test_an_empty_proposal_changes_no_byte() -> None:
    """What was known stays as it was."""
    first = run(AddBelief("tea", "Likes tea.", ("e0", "e1")), SetExpertise("sql", 0.5, ("e0",)))
    second = run(previous=first)
    assert second.self_model.SerializeToString() == first.self_model.SerializeToString()


def test_untouched_sections_stay_byte_for_byte() -> None:
    """An operation on goals leaves beliefs and expertise alone."""
    first = run(AddBelief("tea", "Likes tea.", ("e0", "e1")), SetExpertise("sql", 0.5, ("e0",)))
    second = run(AddGoal("Ship the release.", ("e2", "e3")), previous=first)
    assert [row.SerializeToString() for row in second.self_model.beliefs] == [
        row.SerializeToString() for row in first.self_model.beliefs
    ]
    assert second.self_model.expertise == first.self_model.expertise
    goal_id = second.self_model.goals[0].goal_id
    third = run(CloseGoal(goal_id, ("e4",)), previous=second)
    assert third.self_model.goals[0].HasField("valid_to")


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        (AddBelief("tea", "x" * 201, ("e0", "e1")), "statement"),
        (AddBelief("tea", "one\ntwo", ("e0", "e1")), "statement"),
        (AddBelief("", "Likes tea.", ("e0", "e1")), "subject"),
        (SetExpertise("sql", 1.5, ("e0",)), "level"),
        (SetPreference("", "x", ("e0", "e1")), "key"),
        (CloseGoal("nope", ("e0",)), "goal_id"),
        (ReinforceBelief("nope", ("e0",)), "belief_id"),
    ],
)
def test_an_operation_out_of_bounds_names_its_field(operation: Operation, field: str) -> None:
    """Nothing is cut to fit behind the provider's back."""
    assert refused_field(run(operation)) == field


def test_one_refusal_does_not_stop_the_others() -> None:
    """Operations stand alone."""
    applied = run(AddBelief("tea", "Likes tea.", ("e99",)), SetPreference("language", "sql", ("e0", "e1")))
    assert len(applied.refusals) == 1
    assert applied.self_model.preferences[0].value == "sql"


def test_presentation_is_set_as_a_whole() -> None:
    """The proposed presentation replaces the one before."""
    first = run(SetPresentation(profile_pb2.Presentation(tone="formal", emphasis=["code"]), ("e0",)))
    second = run(SetPresentation(profile_pb2.Presentation(tone="direct"), ("e1",)), previous=first)
    assert second.presentation == profile_pb2.Presentation(tone="direct")


def test_current_beliefs_have_a_limit() -> None:
    """A provider cannot fill the profile with beliefs."""
    applied = run(*(AddBelief(f"s{number}", "Is so.", ("e0", "e1")) for number in range(48)))
    assert len(applied.self_model.beliefs) == 40
    assert {refusal.error.field for refusal in applied.refusals} == {"self_model.beliefs"}
