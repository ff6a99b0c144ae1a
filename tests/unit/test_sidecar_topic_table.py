"""What merges and splits make of a namespace's table."""

from __future__ import annotations

import pytest

from foreword.errors import FieldError
from foreword.store.v1.store_pb2 import TopicAliases
from foreword.synonyms import ALIASES_MAX, SPLIT_TOPICS_MAX, Synonyms
from sidecar.topic_table import merge, split

NOW_MS = 1_760_000_000_000


def pairs(table: TopicAliases) -> list[tuple[str, str]]:
    return [(alias.topic, alias.canonical) for alias in table.aliases]


def test_a_merge_is_an_operators_word() -> None:
    """Each topic has a row that is in force, sure, and says when."""
    table = merge(TopicAliases(version=4), "Kubernetes", ["k8s", "kube"], NOW_MS)
    assert pairs(table) == [("k8s", "Kubernetes"), ("kube", "Kubernetes")]
    assert {(row.is_applied, row.confidence, row.time.ToMilliseconds()) for row in table.aliases} == {
        (True, 1.0, NOW_MS)
    }
    assert table.version == 5


def test_the_last_merge_of_a_topic_holds() -> None:
    """Merged anew, in whatever spelling, a topic counts as the new one alone."""
    table = merge(merge(TopicAliases(), "a", ["x"], NOW_MS), "b", ["X"], NOW_MS)
    assert pairs(table) == [("X", "b")]


def test_a_split_takes_back_one_merge() -> None:
    """The topic is set apart; what counts as it goes on doing so, and a later merge takes the split back."""
    table = merge(merge(TopicAliases(), "k8s", ["kube"], NOW_MS), "kubernetes", ["k8s"], NOW_MS)
    apart = split(table, "K8s")
    assert (pairs(apart), list(apart.split_topics)) == ([("kube", "k8s")], ["K8s"])
    assert list(split(apart, "k8s").split_topics) == ["k8s"]
    again = merge(apart, "kubernetes", ["k8s"], NOW_MS)
    assert (list(again.split_topics), Synonyms(again.aliases).key("kube")) == ([], "kubernetes")


@pytest.mark.parametrize(
    ("canonical", "topics", "field", "found"),
    [
        ("", ["a"], "canonical", "nothing"),
        ("a" * 129, ["a"], "canonical", "129 bytes"),
        ("a", [], "topics", "0 topics"),
        ("a", ["b"] * 101, "topics", "101 topics"),
        ("a", ["b", ""], "topics[1]", "nothing"),
        ("Unit Tests", ["unit-tests"], "topics[0]", "'unit-tests'"),
        ("kube", ["kubernetes"], "canonical", "'kube', which counts as 'kubernetes'"),
    ],
)
def test_a_merge_that_cannot_be_is_refused(canonical: str, topics: list[str], field: str, found: str) -> None:
    """The error names the field and what was found in it."""
    table = merge(TopicAliases(), "kubernetes", ["k8s"], NOW_MS)
    table = merge(table, "k8s", ["kube"], NOW_MS)
    with pytest.raises(FieldError) as refused:
        merge(table, canonical, topics, NOW_MS)
    assert (refused.value.field, refused.value.found) == (field, found)


def test_a_table_has_its_limits() -> None:
    """Neither merges nor splits grow it without end."""
    table = TopicAliases()
    for start in range(0, ALIASES_MAX, 100):
        table = merge(table, "all", [f"t{start + number}" for number in range(100)], NOW_MS)
    with pytest.raises(FieldError, match="2,001 in the namespace's table"):
        merge(table, "all", ["one more"], NOW_MS)
    table.split_topics.extend(f"s{number}" for number in range(SPLIT_TOPICS_MAX))
    with pytest.raises(FieldError, match="2,001 in the namespace's table"):
        split(table, "one more")
