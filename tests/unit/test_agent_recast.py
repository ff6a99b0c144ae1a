"""What is known of a user when two topics become one."""

from __future__ import annotations

from foreword.config import Config
from foreword.synonyms import Synonyms
from foreword.v1 import profile_pb2
from foreword.v1.topic_alias_pb2 import TopicAlias
from scheduler.agent.observed import EVIDENCE_KEPT
from scheduler.agent.population import PopulationView
from scheduler.agent.recast import recast_profile
from tests.one_refresh import event, run

MERGED = Synonyms([TopicAlias(topic="unit tests", canonical="pytest", is_applied=True)])
EVENTS = [
    *(event(number, 20 - number, ["pytest"]) for number in range(6)),
    *(event(10 + number, 6 - number, ["unit tests"]) for number in range(5)),
]


def held(profile: profile_pb2.Profile | None) -> list[profile_pb2.Belief]:
    """Return the beliefs that hold."""
    assert profile is not None
    return [belief for belief in profile.self_model.beliefs if not belief.HasField("valid_to")]


def test_beliefs_about_what_is_now_one_topic_become_one() -> None:
    """The events of both count once, the newest are kept, and it is no surer than the days of one make it."""
    before = run(EVENTS).profile
    first, second = sorted(held(before), key=lambda belief: belief.subject)
    after = recast_profile(before, MERGED)
    (belief,) = held(after)
    assert belief.evidence_count == first.evidence_count + second.evidence_count == 11
    assert belief.day_count == max(first.day_count, second.day_count) == 6
    assert [row.event_id for row in belief.evidence] == ["e11", "e12", "e13", "e14"]
    assert len(belief.evidence) == EVIDENCE_KEPT
    assert belief.first_observed == first.first_observed
    assert belief.last_observed == second.last_observed
    # 11 events on 6 days: 6 × (1 + ½ log₂(11 / 6)) = 8.6, of 8.6 + 4.
    assert belief.confidence == 0.68
    assert recast_profile(after, MERGED) == after
    assert before == run(EVENTS).profile


def test_an_event_behind_both_counts_once() -> None:
    """Events that carry both topics are not taken for twice as many."""
    both = [event(number, 9 - number, ["pytest", "unit tests"]) for number in range(4)]
    (belief,) = held(recast_profile(run(both).profile, MERGED))
    assert (belief.evidence_count, belief.day_count) == (4, 4)


def test_what_was_made_one_goes_on_being_observed() -> None:
    """The next refresh adds its news to the one that stays."""
    before = run(EVENTS).profile
    news = [event(30, 0.5, ["unit tests"])]
    population = PopulationView(Config().window.half_life_days, MERGED)
    (belief,) = held(run([*EVENTS, *news], previous=before, new=news, population=population).profile)
    assert (belief.evidence_count, belief.day_count) == (12, 7)
    assert belief.evidence[-1].event_id == "e30"
