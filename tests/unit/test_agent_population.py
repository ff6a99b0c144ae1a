"""The population: a faded sum over users that stays within its limits."""

from __future__ import annotations

import pytest

from foreword.clock import DAY_MS
from foreword.store.v1 import store_pb2
from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.evidence import evidence_of
from scheduler.agent.memory import fold, to_proto
from scheduler.agent.population import TOPICS_MAX, PopulationDelta, PopulationView

NOW_MS = 1_760_000_000_000


def delta(topic: str, days_ago: float = 0.0, weight: float = 1.0) -> PopulationDelta:
    """Return one event of one topic."""
    return PopulationDelta(
        NOW_MS - int(days_ago * DAY_MS), {topic: (weight, 0.0, 1)}, total_weight=weight, user_count=1
    )


def test_shares_fade_with_time() -> None:
    """What lies a half-life back counts half."""
    view = PopulationView(60.0)
    view.fold(delta("old", days_ago=60))
    view.fold(delta("new"))
    assert view.share("old") == pytest.approx(1 / 3)
    assert view.share("new") == pytest.approx(2 / 3)
    assert view.share("never") == 0.0


def test_the_order_of_folding_does_not_matter() -> None:
    """A late delta weighs what it would have weighed on time."""
    one, two = PopulationView(60.0), PopulationView(60.0)
    for step in (delta("a", 10), delta("b", 3), delta("a", 0)):
        one.fold(step)
    for step in (delta("a", 0), delta("a", 10), delta("b", 3)):
        two.fold(step)
    assert one.share("a") == pytest.approx(two.share("a"))
    assert one.to_proto().total_weight == pytest.approx(two.to_proto().total_weight)


def test_a_stored_population_reads_back_the_same() -> None:
    """Nothing is lost between memory and store."""
    view = PopulationView(60.0)
    view.fold(delta("a", 30))
    view.fold(PopulationDelta(NOW_MS, {"b": (2.0, 1.0, 3)}, total_weight=3.0, lengths={4: 2.0}))
    row = store_pb2.Population.FromString(view.to_proto().SerializeToString())
    assert PopulationView.from_proto(row, 60.0).to_proto() == row


def test_an_erased_user_leaves_nothing() -> None:
    """Subtracting a user's memory takes out what folding put in."""
    events = []
    for number in range(5):
        made = event_pb2.Event(
            event_id=str(number), type="read", topics=["secret"], attributes={"length": "64"}
        )
        made.time.FromMilliseconds(NOW_MS - number * DAY_MS)
        events.append(made)
    memory, added = fold(None, evidence_of(events, None), 60.0)
    view = PopulationView(60.0)
    view.fold(delta("public"))
    view.fold(added)
    view.subtract(to_proto(memory))
    row = view.to_proto()
    assert [count.value for count in row.topics] == ["public"]
    assert row.total_weight == pytest.approx(1.0)
    assert row.user_count == 1
    assert sum(row.length_weights) == pytest.approx(0.0)


def test_the_weakest_topics_go_when_there_are_too_many() -> None:
    """The row never holds more than 2,000 topics, and the strongest stay."""
    view = PopulationView(60.0)
    for number in range(TOPICS_MAX + 700):
        view.fold(delta(f"t{number:05}", weight=1.0 + number))
    row = view.to_proto()
    assert len(row.topics) == TOPICS_MAX
    assert row.topics[0].value == f"t{TOPICS_MAX + 699:05}"


def test_decades_of_fading_do_not_overflow() -> None:
    """The scale is moved on before weights leave the range of numbers."""
    view = PopulationView(1.0)
    for year in range(10):
        view.fold(delta("a", days_ago=3650 - 365 * year))
    assert view.share("a") == pytest.approx(1.0)


def test_a_length_percentile_needs_enough_texts() -> None:
    """A handful of lengths says nothing; many place a text among them."""
    view = PopulationView(60.0)
    view.fold(PopulationDelta(NOW_MS, total_weight=5.0, lengths={5: 5.0}))
    assert view.length_percentile(64) is None
    view.fold(PopulationDelta(NOW_MS, total_weight=95.0, lengths={5: 45.0, 10: 50.0}))
    assert view.length_percentile(2) == 0
    assert view.length_percentile(500) == 50
    assert view.length_percentile(1_000_000) == 100


def test_an_event_of_1970_does_not_bar_the_namespace() -> None:
    """Over more than a thousand half-lives the old weight fades to nothing, and new weight is added as ever."""
    view = PopulationView(14.0)
    view.fold(PopulationDelta(NOW_MS // 1000, {"old": (1.0, 0.0, 1)}, total_weight=1.0, user_count=1))
    view = PopulationView.from_proto(view.to_proto(), 14.0)
    view.fold(delta("new"))
    assert view.share("new") == pytest.approx(1.0)
    assert view.share("old") == pytest.approx(0.0)
    assert view.user_count == 2


def test_spellings_stored_apart_are_one_topic() -> None:
    """Rows of an older version are merged when they are read, and an erased user's memory is taken from the sum."""
    row = store_pb2.Population(as_of_ms=NOW_MS, total_weight=10.0, user_count=2)
    for spelling, weight in (("Python", 3.0), ("python", 2.0)):
        row.topics.add(value=spelling, weight=weight, event_count=1).last_seen.FromMilliseconds(NOW_MS)
    view = PopulationView.from_proto(row, 60.0)
    assert view.share("python") == pytest.approx(0.5)
    assert len(view.to_proto().topics) == 1
    memory = profile_pb2.Memory(total_weight=5.0)
    memory.as_of.FromMilliseconds(NOW_MS)
    memory.topics.add(value="PYTHON", weight=5.0, event_count=2)
    view.subtract(memory)
    assert view.share("python") == 0.0
