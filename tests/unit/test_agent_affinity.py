"""The order of topics, and why each stands where it stands."""

from __future__ import annotations

import pytest

from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.population import PopulationDelta, PopulationView
from tests.one_refresh import NOW_MS, event, run


def high(events: list[event_pb2.Event], **fields: object) -> list[profile_pb2.TopicAffinity]:
    """Return the topics that draw a user of these events."""
    return list(run(events, **fields).profile.content_preferences.high_affinity_topics)


def test_days_count_rather_than_events() -> None:
    """Six events of one afternoon weigh less than one event on each of four days."""
    afternoon = [event(number, 3, ["binge"]) for number in range(6)]
    days = [event(10 + number, number, ["habit"]) for number in range(4)]
    assert [row.topic for row in high([*afternoon, *days])] == ["habit", "binge"]


def test_what_the_user_says_goes_before_all_counts() -> None:
    """A no takes a topic off the list however often it is met since, until a yes."""
    met = [event(number, number, ["opera"]) for number in range(1, 20)]
    no = event(30, 12, ["opera"], type="mute")
    yes = event(31, 0.1, ["opera"], type="unmute")
    refused = run([*met, no]).profile.content_preferences
    assert not refused.high_affinity_topics
    assert refused.low_affinity_topics[0].explanation.startswith("said no on 20")
    (row,) = high([*met, no, yes])
    assert row.explanation.startswith("said yes on 20")


def test_a_place_is_explained_by_counts_that_hold() -> None:
    """Days are whole active days, events are all there were, and the topic is not named."""
    events = [event(number, number, ["opera"] if number < 3 else ["news"]) for number in range(9)]
    rows = {row.topic: row.explanation for row in high(events)}
    assert rows == {
        "opera": "3 of the last 9 active days; 3 of 9 events",
        "news": "6 of the last 9 active days; 6 of 9 events",
    }


def test_who_is_away_is_explained_by_when_it_was() -> None:
    """Without a day in the window there is the day of the last event."""
    (row,) = high([event(number, 100 + number, ["opera"]) for number in range(6)])
    assert row.explanation == "last on 2025-07-01; 6 of 6 events"


def test_a_topic_turned_down_is_explained_by_how_often() -> None:
    """Skips are counted against all events of the topic."""
    events = [event(number, number, ["ads"], type="skip") for number in range(4)]
    events += [event(10 + number, number, ["news"]) for number in range(6)] + [event(20, 5, ["ads"])]
    (row,) = run(events).profile.content_preferences.low_affinity_topics
    assert row.explanation == "turned down in 4 of its last 5 events; 5 of 11 events"


@pytest.mark.parametrize("is_common", [True, False])
def test_what_everybody_does_comes_first_among_equals(is_common: bool) -> None:
    """Two topics met alike are ordered by what the population does."""
    population = PopulationView(60.0)
    shares = {"a": 1.0, "b": 500.0} if is_common else {"a": 500.0, "b": 1.0}
    topics = {topic: (weight, 0.0, int(weight)) for topic, weight in shares.items()}
    population.fold(PopulationDelta(NOW_MS, topics, total_weight=1000.0))
    events = [event(number, number, ["a", "b"]) for number in range(6)]
    assert high(events, population=population)[0].topic == ("b" if is_common else "a")
