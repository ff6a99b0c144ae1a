"""Merging and splitting topics, over made-up tables, events and orders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_refresh import CONFIG, compute, event, make_input

from foreword.synonyms import NO_SYNONYMS, Synonyms
from foreword.v1 import event_pb2, profile_pb2
from foreword.v1.topic_alias_pb2 import TopicAlias
from scheduler.agent.population import PopulationView

TOPICS = ("k8s", "Kubernetes", "kube", "containers", "jazz")
tables = st.lists(st.tuples(st.sampled_from(TOPICS), st.sampled_from(TOPICS)), max_size=6)
histories = st.lists(st.lists(st.sampled_from(TOPICS), min_size=1, max_size=3), min_size=4, max_size=20)
# Each event carries one: then counts of before add up and come apart without a remainder. Four of them, as many as a
# user's memory keeps apart of one topic.
plain_histories = st.lists(st.sampled_from(TOPICS[1:]), min_size=4, max_size=20)


def synonyms(table: list[tuple[str, str]]) -> Synonyms:
    return Synonyms(TopicAlias(topic=topic, canonical=other, is_applied=True) for topic, other in table)


def view(table: Synonyms) -> PopulationView:
    return PopulationView(CONFIG.window.half_life_days, table)


def refreshed(
    events: list[event_pb2.Event], table: Synonyms, previous: profile_pb2.Profile | None = None
) -> profile_pb2.Profile:
    """Return a profile: from all events, or with `previous` from that alone and the window."""
    new = None if previous is None else []
    return compute(make_input(events, previous, new, view(table))).profile


def topics_of(profile: profile_pb2.Profile) -> dict[str, int]:
    return {row.value: row.event_count for row in profile.memory.topics}


@given(tables)
def test_every_topic_ends_somewhere(table: list[tuple[str, str]]) -> None:
    """Whatever is in a table, what a topic counts as counts as itself."""
    found = synonyms(table)
    for topic in TOPICS:
        key = found.key(topic)
        assert found.key(key) == key
        assert found.keyed([topic, key]).keys() == {key}


@given(histories, st.randoms(use_true_random=False), tables)
def test_the_order_of_topics_and_events_makes_no_difference(
    history: list[list[str]], random: object, table: list[tuple[str, str]]
) -> None:
    """The same events give the same bytes, whatever order their topics stand in and they themselves arrive in."""
    found = synonyms(table)
    events = [event(number, number % 9, topics) for number, topics in enumerate(history)]
    mixed = [event(number, number % 9, topics[::-1]) for number, topics in enumerate(history)]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = refreshed(events, found), refreshed(mixed, found)
    assert (one.memory.topics, one.foreword) == (other.memory.topics, other.foreword)


@given(histories, tables)
def test_events_of_topics_that_mean_the_same_are_those_of_one(
    history: list[list[str]], table: list[tuple[str, str]]
) -> None:
    """Computed from events, a profile under a table is the one of events that say what the table does."""
    found = synonyms(table)
    events = [event(number, number % 9, topics) for number, topics in enumerate(history)]
    said = [
        event(number, number % 9, dict.fromkeys(found.title(found.key(topic)) or topic for topic in topics))
        for number, topics in enumerate(history)
    ]
    one, other = refreshed(events, found), refreshed(said, NO_SYNONYMS)
    assert topics_of(one) == topics_of(other)
    assert one.foreword == other.foreword


@given(plain_histories, tables)
def test_a_split_gives_back_what_a_merge_took(history: list[str], table: list[tuple[str, str]]) -> None:
    """Where each event carries one of the topics, merging and splitting leaves the counts that were there."""
    events = [event(number, number % 9, [topic]) for number, topic in enumerate(history)]
    before = refreshed(events, NO_SYNONYMS)
    merged = refreshed(events, synonyms(table), before)
    after = refreshed(events, NO_SYNONYMS, merged)
    assert topics_of(after) == topics_of(before)
    total = sum(row.weight for row in before.memory.topics)
    assert sum(row.weight for row in after.memory.topics) == pytest.approx(total)
    # Counted anew from the events, nothing of the merge is left.
    assert refreshed(events, NO_SYNONYMS) == before


@given(histories, tables)
def test_a_no_holds_for_all_that_is_one_topic(history: list[list[str]], table: list[tuple[str, str]]) -> None:
    """Whoever said no to a topic is told nothing good of any that counts as the same, before and after."""
    found = synonyms(table)
    events = [event(number, 1 + number % 9, topics) for number, topics in enumerate(history)]
    no = event(99, 0, ["k8s"], type="mute")
    for previous in (None, refreshed([*events, no], NO_SYNONYMS)):
        profile = refreshed([*events, no], found, previous)
        drawn = {found.key(row.topic) for row in profile.content_preferences.high_affinity_topics}
        assert found.key("k8s") not in drawn


@given(plain_histories, tables)
def test_a_population_merges_and_splits_likewise(history: list[str], table: list[tuple[str, str]]) -> None:
    """The events of each topic come back by a split, those counted while it was merged included."""
    found = synonyms(table)
    events = [event(number, number % 9, [topic]) for number, topic in enumerate(history)]
    half = len(events) // 2
    plain, mixed = view(NO_SYNONYMS), view(NO_SYNONYMS)
    for part in (events[:half], events[half:]):
        plain.fold(compute(make_input(part, population=view(NO_SYNONYMS))).population_delta)
        mixed.fold(compute(make_input(part, population=view(found))).population_delta)
        for each in (found, NO_SYNONYMS, found):
            mixed = PopulationView.from_proto(mixed.to_proto(), CONFIG.window.half_life_days, each)
    apart = PopulationView.from_proto(mixed.to_proto(), CONFIG.window.half_life_days)
    assert {topic: apart.events(topic) for topic in TOPICS} == {
        topic: plain.events(topic) for topic in TOPICS
    }
