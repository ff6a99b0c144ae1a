"""How sure beliefs are, and what speaks against them."""

from __future__ import annotations

import pytest
from one_refresh import NOW_MS, event, run

from foreword.clock import DAY_MS
from foreword.reasons import reason
from foreword.v1 import profile_pb2
from scheduler.agent.apply import apply
from scheduler.agent.belief_kind import belief_kind
from scheduler.agent.confidence import CONFIDENCE_MAX, confidence
from scheduler.agent.evidence import evidence_of
from scheduler.agent.limits import fit
from scheduler.agent.operations import AddBelief
from scheduler.agent.proposal import Proposal

ACTION = profile_pb2.EVIDENCE_KIND_ACTION
FEEDBACK = profile_pb2.EVIDENCE_KIND_FEEDBACK
STATEMENT = profile_pb2.EVIDENCE_KIND_STATEMENT
TEA = [event(number, 30 - number, ["tea"]) for number in range(12)]


@pytest.mark.parametrize(
    ("kinds", "count", "days", "found"),
    [
        ([ACTION], 1, 1, 0.2),
        ([ACTION], 2, 2, 0.33),
        ([ACTION], 10, 1, 0.4),
        ([ACTION], 10, 10, 0.71),
        ([FEEDBACK], 10, 10, 0.83),
        ([STATEMENT], 1, 1, 0.75),
        ([STATEMENT, ACTION], 2, 2, 0.76),
        ([STATEMENT], 10_000, 1_000, CONFIDENCE_MAX),
    ],
)
def test_evidence_makes_sure(kinds: list[int], count: int, days: int, found: float) -> None:
    """Ten acts of one afternoon are hardly more than one, of ten days they are; what is said weighs most."""
    assert confidence(kinds, count, days) == found


def test_what_is_against_makes_less_sure() -> None:
    """And more of it less."""
    sure = confidence([ACTION], 10, 10)
    less = confidence([ACTION], 10, 10, against=2, against_days=2)
    assert confidence([ACTION], 10, 10, against=9, against_days=9) < less < sure


def test_acts_grow_old_and_words_do_not() -> None:
    """After half a year of other activity ten days of acts weigh as five; what was said holds."""
    old_ms = 180 * DAY_MS
    assert confidence([ACTION], 10, 10, age_ms=old_ms) == confidence([ACTION], 5, 5)
    assert confidence([STATEMENT], 1, 1, age_ms=old_ms) == 0.75


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ('Often reads about "not".', profile_pb2.BELIEF_KIND_INTEREST),
        ('Does not want "tea".', profile_pb2.BELIEF_KIND_DISLIKE),
        ('Turns away from "tea".', profile_pb2.BELIEF_KIND_DISLIKE),
        ('Prefers "tea".', profile_pb2.BELIEF_KIND_PREFERENCE),
        ('Always tests "tea" first.', profile_pb2.BELIEF_KIND_CONSTRAINT),
        ('Knows "tea" well.', profile_pb2.BELIEF_KIND_EXPERTISE),
    ],
)
def test_a_statement_says_what_kind_it_is(statement: str, kind: profile_pb2.BeliefKind) -> None:
    """By Foreword's own words, never by the names in it."""
    assert belief_kind(statement) == kind


def test_a_belief_tells_where_it_comes_from() -> None:
    """Counted acts are behaviour; first and last day and number of days stand beside them."""
    (belief,) = run(TEA).profile.self_model.beliefs
    assert belief.source == profile_pb2.BELIEF_SOURCE_BEHAVIOURAL
    assert belief.kind == profile_pb2.BELIEF_KIND_INTEREST
    assert belief.day_count == belief.evidence_count == 10
    assert belief.last_observed.ToMilliseconds() == NOW_MS - 19 * DAY_MS
    assert reason(belief) == "10 events on 10 days, the newest in September 2025"


def test_what_speaks_against_a_belief_is_kept_beside_it() -> None:
    """Two rejections lower it and stand in it, and the belief holds on."""
    first = run(TEA).profile
    against = [event(50 + number, number, ["tea"], type="reject") for number in range(2)]
    (belief,) = run([*TEA, *against], previous=first, new=against).profile.self_model.beliefs
    (before,) = first.self_model.beliefs
    assert belief.confidence < before.confidence
    assert [item.event_id for item in belief.contradictions] == ["e51", "e50"]
    assert (belief.contradiction_count, belief.evidence_count) == (2, before.evidence_count)
    assert not belief.HasField("valid_to")
    assert reason(belief).endswith("; 2 against")


def test_what_the_user_said_is_not_overturned_by_what_they_do() -> None:
    """A mute holds against fifty reads after it, which stand beside it; an unmute ends it, and it stays readable."""
    mute = [event(1, 20, ["tea"], type="mute")]
    said = run([*mute, *(event(10 + number, 25, ["news"]) for number in range(6))]).profile
    reads = [event(100 + number, 15 - number / 4, ["tea"]) for number in range(50)]
    later = run([*mute, *reads], previous=said, new=reads).profile
    (belief,) = [row for row in later.self_model.beliefs if row.subject == "tea"]
    assert belief.source == profile_pb2.BELIEF_SOURCE_EXPLICIT
    assert belief.kind == profile_pb2.BELIEF_KIND_DISLIKE
    assert belief.contradiction_count == 50
    assert not belief.HasField("valid_to")
    assert belief.confidence == 0.75
    unmute = [event(200, 1, ["tea"], type="unmute")]
    ended = run([*mute, *reads, *unmute], previous=later, new=unmute).profile
    rows = [row for row in ended.self_model.beliefs if row.subject == "tea"]
    assert [row.statement.split()[0] for row in rows if row.HasField("valid_to")] == ["Does"]
    assert [row.statement.split()[0] for row in rows if not row.HasField("valid_to")] == ["Often"]


def test_rows_of_a_former_version_are_completed() -> None:
    """Kind, source and days are read out of what the row has."""
    profile = run(TEA).profile
    (belief,) = profile.self_model.beliefs
    for field in ("kind", "source", "day_count", "first_observed", "last_observed"):
        belief.ClearField(field)
    (after,) = run(TEA, previous=profile, new=[]).profile.self_model.beliefs
    assert after.kind == profile_pb2.BELIEF_KIND_INTEREST
    assert after.source == profile_pb2.BELIEF_SOURCE_BEHAVIOURAL
    assert (after.day_count, after.evidence_count) == (4, 10)
    assert after.first_observed == after.valid_from


def test_a_better_supported_belief_takes_the_place_of_the_least_useful() -> None:
    """The least sure of a model's twenty-four end, and stays readable; one that was stated never gives way to acts."""
    events = [event(number, 40 - number / 2, [f"t{number % 25}"]) for number in range(120)]
    known = {item.event.event_id: item for item in evidence_of(events, None)}
    ids = [tuple(item.event_id for item in events if f"t{topic}" in item.topics) for topic in range(25)]
    ops = [AddBelief(f"t{topic}", f'Works on "t{topic}".', ids[topic][:3]) for topic in range(24)]
    held = apply([(Proposal(ops, "anthropic"), None)], None, known, {})
    assert len(held.self_model.beliefs) == 24
    held.self_model.beliefs[0].source = profile_pb2.BELIEF_SOURCE_EXPLICIT
    first = profile_pb2.Profile(self_model=held.self_model)
    better = apply(
        [(Proposal([AddBelief("t24", 'Works on "t24".', ids[24])], "anthropic"), None)], first, known, {}
    )
    rows = better.self_model.beliefs
    assert not better.refusals
    assert sum(not row.HasField("valid_to") for row in rows) == 24
    assert [row.subject for row in rows if row.HasField("valid_to")] == ["t1"]
    worse = [AddBelief("t24", 'Works on "t24".', ids[24][:2])]
    (refusal,) = apply([(Proposal(worse, "anthropic"), None)], first, known, {}).refusals
    assert refusal.error.field == "self_model.beliefs"


def test_a_profile_too_large_drops_its_least_useful_beliefs() -> None:
    """First what ended, then the least sure, never what the user said."""
    profile = profile_pb2.Profile()
    for number in range(30):
        belief = profile.self_model.beliefs.add(
            belief_id=f"{number:02}", statement="x" * 100, confidence=number / 100
        )
        belief.source = (
            profile_pb2.BELIEF_SOURCE_EXPLICIT if number == 0 else profile_pb2.BELIEF_SOURCE_BEHAVIOURAL
        )
    profile.self_model.beliefs.add(
        belief_id="ended", statement="x" * 100, confidence=0.9
    ).valid_to.seconds = 1
    fit(profile, 400)
    assert [row.belief_id for row in profile.self_model.beliefs] == ["00", "28", "29"]
