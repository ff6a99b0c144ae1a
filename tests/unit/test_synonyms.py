"""Which topics mean the same: chains, circles, who goes first, and what a topic is called."""

from __future__ import annotations

from foreword.store.synonym_rows import synonyms_of
from foreword.store.v1.store_pb2 import TopicAliases, TopicProposals
from foreword.synonyms import NO_SYNONYMS, Synonyms
from foreword.v1.topic_alias_pb2 import TopicAlias


def alias(topic: str, canonical: str, *, is_applied: bool = True, seconds: int = 0) -> TopicAlias:
    made = TopicAlias(topic=topic, canonical=canonical, is_applied=is_applied)
    made.time.FromSeconds(seconds)
    return made


def test_without_any_every_topic_is_its_own() -> None:
    """An empty table changes no key, and its digest is 0, so that no profile is outdated by it."""
    assert NO_SYNONYMS.key("K8s Observability") == "k8s-observability"
    assert NO_SYNONYMS.shown("K8s Observability") == "K8s Observability"
    assert NO_SYNONYMS.digest == 0


def test_chains_are_followed_to_their_end() -> None:
    """A topic counts as what its canonical topic counts as, whatever the order of the rows."""
    rows = [alias("kube", "k8s"), alias("K8S", "Kubernetes")]
    for ordered in (rows, rows[::-1]):
        synonyms = Synonyms(ordered)
        assert {synonyms.key(topic) for topic in ("kube", "k8s", "kubernetes")} == {"kubernetes"}
        assert synonyms.shown("kube") == "Kubernetes"


def test_a_circle_is_never_followed() -> None:
    """Of rows that make a circle the last is left out, and nothing goes round."""
    synonyms = Synonyms([alias("a", "b"), alias("b", "c"), alias("c", "a")])
    assert {synonyms.key(topic) for topic in "abc"} == {"c"}


def test_one_event_counts_once_for_topics_that_mean_the_same() -> None:
    """Two names of one topic are one entry, spelled as the canonical topic is, in whatever order they stand."""
    synonyms = Synonyms([alias("k8s", "Kubernetes"), alias("kube", "Kubernetes")])
    assert synonyms.keyed(["k8s", "kubernetes", "jazz"]) == {"kubernetes": "kubernetes", "jazz": "jazz"}
    assert synonyms.keyed(["kube", "k8s"]) == synonyms.keyed(["k8s", "kube"]) == {"kubernetes": "k8s"}


def test_operators_go_before_proposals() -> None:
    """A proposal in force gives way to a merge of the same topic, to the opposite merge, and to a split of either."""
    proposed = TopicProposals(
        aliases=[alias("js", "JavaScript"), alias("ts", "TypeScript", is_applied=False)]
    )
    assert synonyms_of(TopicAliases(), proposed).key("js") == "javascript"
    assert synonyms_of(TopicAliases(), proposed).key("ts") == "ts"
    assert synonyms_of(TopicAliases(aliases=[alias("js", "jsx")]), proposed).key("js") == "jsx"
    opposite = synonyms_of(TopicAliases(aliases=[alias("javascript", "js")]), proposed)
    assert opposite.key("javascript") == opposite.key("js") == "js"
    for topic in ("JS", "javascript"):
        assert synonyms_of(TopicAliases(split_topics=[topic]), proposed).key("js") == "js"


def test_the_newest_merge_names_the_canonical_topic() -> None:
    """Two spellings of one canonical topic are one topic, called as the operator last wrote it."""
    decided = TopicAliases(
        aliases=[alias("k8s", "kubernetes", seconds=1), alias("kube", "Kubernetes", seconds=2)]
    )
    assert synonyms_of(decided, TopicProposals()).title("kubernetes") == "Kubernetes"


def test_the_digest_tells_tables_apart() -> None:
    """It depends on what counts as what and how it is called, and not on the order of the rows."""
    one, two = alias("k8s", "kubernetes"), alias("js", "javascript")
    assert Synonyms([one, two]).digest == Synonyms([two, one]).digest != Synonyms([one]).digest
    assert Synonyms([one]).digest != Synonyms([alias("k8s", "Kubernetes")]).digest
