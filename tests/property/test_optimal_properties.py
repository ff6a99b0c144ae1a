"""Rules of the optimal policy, for any population."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from foreword.v1.profile_pb2 import Profile, TopicAffinity
from foreword.v1.refresh_pb2 import Habits
from scheduler.optimal import Cells, Priors, distance, due_ms, outline, worth

RATES = st.floats(1e-3, 1e2)
POPULATIONS = st.lists(st.tuples(RATES, RATES), min_size=1, max_size=30)
HABITS = st.builds(
    Habits,
    open_count=st.integers(1, 1000),
    opens=st.floats(0, 20),
    open_days=st.floats(0, 1000),
    open_events=st.floats(0, 1000),
    changes=st.floats(0, 20),
    change_events=st.floats(0, 1000),
)


def cells_of(users: list[tuple[float, float]]) -> Cells:
    cells = Cells()
    for opens, changes in users:
        cells.add(opens / changes, changes)
    return cells


@given(POPULATIONS, st.floats(1e-3, 1e3), st.floats(1.01, 10))
def test_a_larger_budget_never_raises_the_threshold(
    users: list[tuple[float, float]], budget: float, times: float
) -> None:
    """With more to spend nobody waits longer."""
    cells = cells_of(users)
    assert cells.threshold(budget * times) <= cells.threshold(budget)


@given(POPULATIONS, st.floats(1e-2, 1e3))
def test_expected_refreshes_equal_the_budget(users: list[tuple[float, float]], budget: float) -> None:
    """At the threshold as many refreshes are expected as the budget pays for, and a little below it more."""
    cells = cells_of(users)
    threshold = cells.threshold(budget)
    if threshold == 0:
        return
    assert cells.refreshes_per_day(threshold) <= budget
    assert cells.refreshes_per_day(threshold * 0.9999) >= budget * 0.99


@given(HABITS, st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_news_are_never_worth_less(habits: Habits, news: int, more: int) -> None:
    """Worth grows with news, and is nothing without any."""
    few = worth(habits, news, is_computed=True, priors=Priors())
    many = worth(habits, news + more, is_computed=True, priors=Priors())
    assert few <= many
    assert worth(habits, 0, is_computed=True, priors=Priors()) == 0
    assert many <= worth(habits, max(1, news + more), is_computed=False, priors=Priors())


@given(HABITS, st.integers(1, 10_000), st.floats(0, 100), st.integers(1, 10**12), st.integers(1, 10**12))
def test_nobody_waits_longer_than_is_promised(
    habits: Habits, news: int, threshold: float, now_ms: int, promised_ms: int
) -> None:
    """With a service level there is a due time, and it is the promised one or before; a broken promise is due now."""
    due = due_ms(
        habits,
        news,
        is_computed=True,
        priors=Priors(),
        threshold=threshold,
        now_ms=now_ms,
        promised_ms=promised_ms,
    )
    assert now_ms <= due <= max(now_ms, promised_ms)


TOPICS = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 1), max_size=6)


@given(TOPICS, TOPICS)
def test_distance_is_a_distance(one: dict[str, float], other: dict[str, float]) -> None:
    """It is 0 for the same, the same both ways, and at most 1."""
    first, second = outline_of(one), outline_of(other)
    assert distance(first, first) == 0
    assert math.isclose(distance(first, second), distance(second, first))
    assert 0 <= distance(first, second) <= 1


def outline_of(topics: dict[str, float]):
    profile = Profile()
    for topic, score in topics.items():
        profile.content_preferences.high_affinity_topics.append(TopicAffinity(topic=topic, score=score))
    return outline(profile)
