"""ListTopics, MergeTopics and SplitTopic, and `foreword topics`, against a sidecar that serves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from foreword.cli import main
from foreword.client import Foreword
from foreword.errors import ServiceError
from foreword.store.v1.store_pb2 import Population, TopicProposals
from foreword.v1.profile_pb2 import FadedCount
from foreword.v1.topic_alias_pb2 import (
    TOPIC_ALIAS_SOURCE_CO_OCCURRENCE,
    TOPIC_ALIAS_SOURCE_OPERATOR,
    TOPIC_ALIAS_SOURCE_SPELLING,
    TopicAlias,
)

Captured = pytest.CaptureFixture[str]
WEIGHTS = {"kubernetes": 30.0, "k8s": 20.0, "python": 15.0, "docs": 10.0, "documentation": 5.0, "js": 1.0}


@pytest.fixture
def vocabulary(running: Any) -> Any:
    """A sidecar whose scheduler has counted topics, and proposes one merge that is in force and one that waits."""
    rows = [FadedCount(value=topic, weight=weight, event_count=9) for topic, weight in WEIGHTS.items()]
    proposals = TopicProposals()
    for topic, canonical, source, sure, is_applied in (
        ("k8s", "kubernetes", TOPIC_ALIAS_SOURCE_SPELLING, 0.97, True),
        ("documentation", "docs", TOPIC_ALIAS_SOURCE_CO_OCCURRENCE, 0.5, False),
    ):
        proposals.aliases.append(
            TopicAlias(
                topic=topic, canonical=canonical, source=source, confidence=sure, is_applied=is_applied
            )
        )
    with running.profiles.begin() as txn:
        txn.put_population("", Population(total_weight=100.0, topics=rows))
        txn.put_topic_proposals("", proposals)
    return running


def listed(client: Foreword, **asked: Any) -> dict[str, tuple[float, list[tuple[str, bool]]]]:
    return {
        entry.topic: (round(entry.share, 3), [(alias.topic, alias.is_applied) for alias in entry.aliases])
        for entry in client.topics(**asked).topics
    }


def run(running: Any, *arguments: str) -> int:
    """Run a command against the sidecar."""
    return main(["topics", *arguments, "--address", running.address])


def test_topics_come_with_what_means_the_same(vocabulary: Any) -> None:
    """The commonest first; what counts as a topic adds to its share, and what is proposed is said to wait."""
    assert listed(vocabulary.client) == {
        "kubernetes": (0.5, [("k8s", True)]),
        "python": (0.15, []),
        "docs": (0.1, [("documentation", False)]),
        "documentation": (0.05, []),
        "js": (0.01, []),
    }
    assert list(listed(vocabulary.client, merged_or_proposed=True)) == ["kubernetes", "docs"]
    assert listed(vocabulary.client, namespace="acme") == {}


def test_a_merge_and_a_split_show_at_once(vocabulary: Any) -> None:
    """The answer says what is in force now, the list shows it, and a split says what was before."""
    client = vocabulary.client
    assert client.split_topic("K8S").canonical == "kubernetes"
    assert listed(client)["k8s"] == (0.2, [])
    (alias,) = client.merge_topics("Docs", ["documentation"]).aliases
    assert (alias.topic, alias.source, alias.confidence) == (
        "documentation",
        TOPIC_ALIAS_SOURCE_OPERATOR,
        1.0,
    )
    assert alias.time.ToMilliseconds() == vocabulary.now_ms
    assert listed(client)["Docs"] == (0.15, [("documentation", True)])
    assert {row.topic for row in client.merge_topics("Platform", ["docs", "kubernetes"]).aliases} == {
        *("docs", "documentation", "kubernetes")
    }
    assert listed(client)["Platform"][0] == 0.45
    assert client.split_topic("python").canonical == ""


def test_a_merge_of_topics_nobody_has_is_listed(vocabulary: Any) -> None:
    """What an operator decided can always be seen, before anybody did anything of it."""
    vocabulary.client.merge_topics("ahead", ["of its time"], namespace="acme")
    assert listed(vocabulary.client, namespace="acme") == {"ahead": (0.0, [("of its time", True)])}


def test_a_proposal_against_an_operator_is_not_shown(vocabulary: Any) -> None:
    """Merged the other way round, the proposal is gone from the list, and nothing goes in a circle."""
    vocabulary.client.merge_topics("k8s", ["kubernetes"])
    assert listed(vocabulary.client)["k8s"] == (0.5, [("kubernetes", True)])


def test_pages_hold_every_topic_once(vocabulary: Any) -> None:
    """A token goes on behind the last topic; one of other filters, or none at all, is refused."""
    pages = [vocabulary.client.topics(page_size=2)]
    while pages[-1].next_page_token:
        pages.append(vocabulary.client.topics(page_size=2, page_token=pages[-1].next_page_token))
    seen = [entry.topic for page in pages for entry in page.topics]
    assert seen == ["kubernetes", "python", "docs", "documentation", "js"]
    token = vocabulary.client.topics(page_size=1).next_page_token
    for asked in ({"page_token": "x"}, {"page_token": token, "namespace": "acme"}):
        with pytest.raises(ServiceError) as refused:
            vocabulary.client.topics(**asked)
        assert refused.value.reason == "FIELD_INVALID"


def test_a_circle_is_refused_by_name(vocabulary: Any, capsys: Captured) -> None:
    """The error names field, found and allowed, and says that a split comes first; nothing is changed."""
    vocabulary.client.merge_topics("kubernetes", ["kube"])
    assert run(vocabulary, "merge", "kube", "kubernetes", "--json") == 2
    error = json.loads(capsys.readouterr().err)["error"]
    assert error["message"].startswith("canonical: found 'kube', which counts as 'kubernetes'; allowed: ")
    assert error["message"].endswith("once it is split")
    assert listed(vocabulary.client)["kubernetes"][1] == [("kube", True), ("k8s", True)]


def test_the_command_lists_merges_and_splits(vocabulary: Any, capsys: Captured) -> None:
    """A row for each alias, sentences for what was done, and the same as JSON."""
    assert run(vocabulary, "list") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["kubernetes", "50.00", "%", "k8s", "the", "same", "spelling", "0.97"]
    assert lines[2] == ["docs", "10.00", "%", "documentation", "proposed", "co-occurrence", "0.50"]
    assert run(vocabulary, "merge", "docs", "documentation") == 0
    assert capsys.readouterr().out == "documentation counts as docs\n"
    assert run(vocabulary, "split", "documentation") == 0
    assert capsys.readouterr().out == "documentation is a topic of its own; it counted as docs\n"
    assert run(vocabulary, "split", "jazz") == 0
    assert capsys.readouterr().out == "jazz was a topic of its own, and stays one\n"
    assert run(vocabulary, "list", "--all", "--limit", "2", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [entry["topic"] for entry in found["topics"]] == ["kubernetes", "python"]
    assert run(vocabulary, "list", "--all", "--page-token", found["next_page_token"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["docs", "10.00", "%"]


def test_a_list_shows_no_more_than_it_should(running: Any, capsys: Captured) -> None:
    """Without anything to show, the command says so on stderr."""
    assert run(running, "list") == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err.split(";")[0]) == ("", "No such topic")
