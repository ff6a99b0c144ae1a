"""Which topics are proposed to mean the same, and which of them are in force by rule."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from foreword.store.v1.store_pb2 import TopicProposals
from foreword.synonyms import PROPOSALS_MAX
from foreword.v1.topic_alias_pb2 import TOPIC_ALIAS_SOURCE_CO_OCCURRENCE, TOPIC_ALIAS_SOURCE_SPELLING
from scheduler.topics.co_occurrence import by_co_occurrence
from scheduler.topics.meaning import by_meaning
from scheduler.topics.proposing import propose
from scheduler.topics.spelling import by_spelling

NOW_MS = 1_760_000_000_000


def made(
    events: dict[str, int],
    sample: Sequence[Collection[str]] = (),
    former: TopicProposals | None = None,
    sensitive: str = "",
) -> TopicProposals:
    former = former or TopicProposals()
    return propose(events, sample, former, NOW_MS, withholds=lambda topic: topic == sensitive, embedder=None)


def in_force(proposals: TopicProposals) -> set[tuple[str, str]]:
    return {(each.topic, each.canonical) for each in proposals.aliases if each.is_applied}


@pytest.mark.parametrize(
    ("topic", "canonical"),
    [
        ("k8s", "kubernetes"),
        ("js", "javascript"),
        ("unittests", "unit-tests"),
        ("unit-test", "unit-tests"),
        ("design-patterns", "design-pattern"),
        ("sci-fi", "science-fiction"),
    ],
)
def test_what_is_certain_comes_into_force(topic: str, canonical: str) -> None:
    """Abbreviations with one meaning, other joints, and the plural of a name of several words."""
    commoner = {topic: 3, canonical: 9, "jazz": 5}
    assert in_force(made(commoner)) == {(topic, canonical)}


@pytest.mark.parametrize(
    ("topic", "canonical"),
    [
        ("docs", "documentation"),
        ("goods", "good"),
        ("windows", "window"),
        ("testing", "tests"),
        ("pattern-design", "design-pattern"),
        ("obervability", "observability"),
    ],
)
def test_what_is_likely_waits(topic: str, canonical: str) -> None:
    """A plural of one word, an ending, another order, a typing error: each may be another thing."""
    (found,) = made({topic: 3, canonical: 9, "jazz": 5}).aliases
    assert (found.topic, found.canonical, found.is_applied) == (topic, canonical, False)
    assert found.source == TOPIC_ALIAS_SOURCE_SPELLING
    assert 0 < found.confidence < 0.9


@pytest.mark.parametrize(
    "topics",
    [
        ("form", "from"),
        ("java", "javascript"),
        ("past", "paste"),
        ("sdk/go", "sdk/golang"),
        ("src/test", "src/tests"),
        ("python2", "python3"),
        ("v1", "v2"),
        ("immigration", "emigration"),
        ("scheduler", "scheduled"),
        ("process", "processes-of-law"),
        ("tënnis", "tennis"),
        ("c", "c++"),
    ],
)
def test_what_differs_is_not_proposed(topics: tuple[str, str]) -> None:
    """Short words, places in a tree, numbers, other scripts and other words stay apart."""
    assert list(made(dict.fromkeys(topics, 9)).aliases) == []


def test_a_name_of_many_spellings_is_a_scheme() -> None:
    """More than four topics alike in one way are meant to be alike, and nothing is proposed of them."""
    scheme = {f"{a}-{b}-{c}": 9 for a, b, c in ("xyz", "xzy", "yxz", "yzx", "zxy")}
    assert list(by_spelling(scheme)) == []


def test_a_direction_once_in_force_stays() -> None:
    """Which name is commoner may change each day; what profiles are called by must not."""
    first = made({"unit-test": 5, "unit-tests": 9})
    later = made({"unit-test": 50, "unit-tests": 9}, former=first)
    assert in_force(later) == in_force(first) == {("unit-test", "unit-tests")}
    assert later == first


def test_a_topic_counts_as_one_other_alone() -> None:
    """Of several certain merges of one topic the surest is in force, and the others wait."""
    found = made({"unit-test": 5, "unit-tests": 9, "unittest": 7, "unittests": 1})
    assert in_force(found) == {("unit-test", "unittest"), ("unittests", "unit-tests")}
    assert ("unit-test", "unit-tests") in {(each.topic, each.canonical) for each in found.aliases}


def test_a_topic_is_called_as_events_spell_it() -> None:
    """The canonical name is the spelling of most events that were looked at, and stays so."""
    sample = [["Unit Tests"], ["Unit Tests"], ["unit tests"], ["UnitTests"]]
    first = made({"unittests": 1, "unit-tests": 3}, sample)
    assert in_force(first) == {("UnitTests", "Unit Tests")}
    assert made({"unittests": 1, "unit-tests": 3}, [["unit tests"]], first) == first


def test_nothing_sensitive_gets_another_name() -> None:
    """A merge that would bring a sensitive topic under a name that is not waits for an operator."""
    assert in_force(made({"k8s": 1, "kubernetes": 2}, sensitive="k8s")) == set()


def test_what_nearly_always_stands_together_is_proposed_and_never_in_force() -> None:
    """A tag with its synonym; not what is inside the other, nor what stands alone as well."""
    both = [{"k8s-ops", "cluster-care"}] * 30
    (found,) = by_co_occurrence(both)
    assert (found.source, found.is_certain) == (TOPIC_ALIAS_SOURCE_CO_OCCURRENCE, False)
    assert list(by_co_occurrence([*both, *[{"k8s-ops"}] * 4])) == []
    assert list(by_co_occurrence([{"docs", "docs/guide"}] * 30)) == []
    assert list(by_co_occurrence(both[:19])) == []


def test_words_that_are_near_are_proposed() -> None:
    """By vectors, where the extra is there: other words for one thing; not names that share a word."""
    pytest.importorskip("wordllama")
    from foreword.embedding import load_embedder

    events = {"movies": 9, "film": 5, "left-wing": 4, "right-wing": 4, "jazz": 3, "tests/unit": 9}
    found = list(by_meaning(events, load_embedder("wordllama")))
    assert [(each.topic, each.canonical, each.is_certain) for each in found] == [("film", "movies", False)]


def test_proposals_have_a_limit() -> None:
    """Of more than 500 the surest are kept."""
    words = [f"{a}{b}{c}word" for a in "abcdefghij" for b in "abcdefghij" for c in "abcdefgh"]
    events = {**dict.fromkeys(words, 3), **dict.fromkeys((f"{word}s" for word in words), 9)}
    assert len(made(events).aliases) == PROPOSALS_MAX
