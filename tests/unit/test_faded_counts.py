"""Counts of topics under other synonyms: added up, and divided again."""

from __future__ import annotations

import pytest

from foreword.faded_counts import recast, spellings_of
from foreword.synonyms import NO_SYNONYMS, Synonyms
from foreword.v1.profile_pb2 import STANCE_NO, STANCE_YES, FadedCount, TopicSpelling
from foreword.v1.topic_alias_pb2 import TopicAlias

K8S = Synonyms([TopicAlias(topic="k8s", canonical="Kubernetes", is_applied=True)])


def row(value: str, events: int, **fields: object) -> FadedCount:
    made = FadedCount(value=value, event_count=events, weight=events / 2, **fields)  # type: ignore[arg-type]
    made.last_seen.FromSeconds(events)
    return made


def test_rows_that_are_so_already_are_left_alone() -> None:
    """Nothing is copied where nothing moves: it is asked at every refresh."""
    rows = [row("k8s", 3), row("jazz", 2)]
    assert recast(rows, NO_SYNONYMS) is rows
    merged = recast(rows, K8S)
    assert recast(merged, K8S) is merged


def test_what_means_the_same_adds_up() -> None:
    """Counts and weights are sums, the newest time holds, and each topic's events are remembered by its spelling."""
    (merged,) = recast([row("kubernetes", 2, last_day=9, last_day_weight=1), row("k8s", 3, last_day=7)], K8S)
    assert (merged.value, merged.event_count, merged.weight) == ("Kubernetes", 5, 2.5)
    assert merged.last_seen.ToSeconds() == 3
    assert (merged.last_day, merged.last_day_weight) == (9, 1)
    assert spellings_of(merged) == {"k8s": 3, "kubernetes": 2}


def test_a_split_gives_back_by_spelling() -> None:
    """What was merged comes apart in the proportion of the events of each, and nothing is lost."""
    before = [row("kubernetes", 2), row("k8s", 6)]
    parts = {part.value: part for part in recast(recast(before, K8S), NO_SYNONYMS)}
    assert {value: (part.event_count, part.weight) for value, part in parts.items()} == {
        "kubernetes": (2, 1.0),
        "k8s": (6, 3.0),
    }


def test_only_the_other_name_was_ever_used() -> None:
    """A topic that is called by a name none of its events has remembers the one they have."""
    (merged,) = recast([row("k8s", 3)], K8S)
    assert (merged.value, spellings_of(merged)) == ("Kubernetes", {"k8s": 3})
    (split,) = recast([merged], NO_SYNONYMS)
    assert (split.value, split.event_count, list(split.spellings)) == ("k8s", 3, [])


def test_a_chain_that_is_split_in_the_middle() -> None:
    """What counts as the topic that was set apart goes with it."""
    kube = TopicAlias(topic="kube", canonical="k8s", is_applied=True)
    chain = Synonyms([kube, TopicAlias(topic="k8s", canonical="Kubernetes", is_applied=True)])
    merged = recast([row("kube", 1), row("k8s", 2), row("kubernetes", 4)], chain)
    parts = recast(merged, Synonyms([kube]))
    assert {part.value: part.event_count for part in parts} == {"k8s": 3, "kubernetes": 4}


@pytest.mark.parametrize(("yes_seconds", "stance"), [(1, STANCE_NO), (2, STANCE_NO), (3, STANCE_YES)])
def test_the_later_stance_holds(yes_seconds: int, stance: int) -> None:
    """Of a no and a yes the later holds for both, of two at one time the no; a split leaves it with each."""
    no, yes = row("k8s", 1, stance=STANCE_NO), row("kubernetes", 1, stance=STANCE_YES)
    no.stance_time.FromSeconds(2)
    yes.stance_time.FromSeconds(yes_seconds)
    for rows in ([no, yes], [yes, no]):
        (merged,) = recast(rows, K8S)
        assert merged.stance == stance
        assert {part.stance for part in recast([merged], NO_SYNONYMS)} == {stance}


def test_spellings_of_an_older_version_are_divided_evenly() -> None:
    """A row whose spellings count nothing is divided all the same."""
    made = row("Kubernetes", 4)
    made.spellings.extend([TopicSpelling(text="k8s"), TopicSpelling(text="kubernetes")])
    assert sorted(part.weight for part in recast([made], NO_SYNONYMS)) == [1.0, 1.0]
