"""`store check` over the rows that say which topics mean the same; that backups and rewrites keep them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from foreword.store import ActivityReader, ActivityWriter, ProfileReader, ProfileWriter
from foreword.store.check import inspect_store
from foreword.store.files import ACTIVITY, PROFILES
from foreword.store.synonym_rows import read_synonyms
from foreword.store.upkeep import backup_store, compact_store, restore_store
from foreword.store.v1.store_pb2 import TopicAliases, TopicProposals
from foreword.synonyms import PROPOSALS_MAX
from foreword.v1.topic_alias_pb2 import TopicAlias


def alias(topic: str, canonical: str, **fields: object) -> TopicAlias:
    return TopicAlias(topic=topic, canonical=canonical, is_applied=True, **fields)  # type: ignore[arg-type]


def write(store: Path, decided: TopicAliases, proposed: TopicProposals) -> None:
    with closing(ActivityWriter(store, map_size_bytes=1 << 24)) as writer, writer.begin() as transaction:
        transaction.put_topic_aliases("acme", decided)
    with closing(ProfileWriter(store, map_size_bytes=1 << 24)) as profiles, profiles.begin() as txn:
        txn.put_topic_proposals("acme", proposed)


def key_of(store: Path, topic: str, namespace: str = "acme") -> str:
    with closing(ActivityReader(store)) as activity, closing(ProfileReader(store)) as profiles:
        return read_synonyms(activity, profiles, namespace).key(topic)


def test_they_survive_backup_restore_and_compaction(tmp_path: Path) -> None:
    """What operators decided and what is in force by rule is the same afterwards, and the check is clean."""
    store = tmp_path / "store"
    write(
        store,
        TopicAliases(aliases=[alias("k8s", "kubernetes")]),
        TopicProposals(aliases=[alias("js", "javascript")]),
    )
    for name in (PROFILES, ACTIVITY):
        compact_store(store, name)
    backup_store(store, tmp_path / "backup")
    restore_store(tmp_path / "backup", tmp_path / "other")
    for place in (store, tmp_path / "other"):
        assert (key_of(place, "k8s"), key_of(place, "js")) == ("kubernetes", "javascript")
        assert key_of(place, "k8s", namespace="") == "k8s"
        assert list(inspect_store(place)) == []


@pytest.mark.parametrize(
    ("aliases", "fault"),
    [
        ([alias("a", "b"), alias("b", "a")], "in a circle"),
        ([alias("a", "b"), alias("A", "c")], "counts as two"),
        ([alias("", "b")], "has 0 bytes"),
        ([alias("a" * 129, "b")], "has 129 bytes"),
        ([alias("a", "b", confidence=2.0)], "a confidence is 2"),
        ([alias(f"t{number}", "all") for number in range(PROPOSALS_MAX + 1)], "501 aliases; at most 500"),
    ],
)
def test_the_check_names_a_bad_row(tmp_path: Path, aliases: list[TopicAlias], fault: str) -> None:
    """Each rule that a row of proposals breaks is a fault."""
    write(tmp_path, TopicAliases(), TopicProposals(aliases=aliases))
    faults = [str(found) for found in inspect_store(tmp_path)]
    assert len(faults) == 1
    assert fault in faults[0]
