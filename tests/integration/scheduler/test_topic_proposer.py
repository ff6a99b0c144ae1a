"""Looking for topics that mean the same: what is written, when, and what becomes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from foreword import keys
from foreword.clock import ManualClock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store import ActivityReader, ActivityWriter, NewEvent, ProfileReader, ProfileWriter
from foreword.store.check import inspect_store
from foreword.store.synonym_rows import read_synonyms
from foreword.store.v1.store_pb2 import Population
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import FadedCount, Foreword, Memory, Profile
from foreword.v1.refresh_pb2 import RefreshState
from scheduler.erasure import erase_profile
from scheduler.populations import Populations
from scheduler.topics.proposer import TopicProposer

NOW_MS = 1_760_000_000_000


class Namespaces:
    """A store with populations and events of some namespaces, and what looks through them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.writer = stack.enter_context(closing(ProfileWriter(folder, map_size_bytes=1 << 26)))
        self.activity_writer = stack.enter_context(closing(ActivityWriter(folder, map_size_bytes=1 << 26)))
        self.profiles = stack.enter_context(closing(ProfileReader(folder)))
        self.activity = stack.enter_context(closing(ActivityReader(folder)))
        clock = ManualClock(NOW_MS)
        problems = Problems(clock, logging.getLogger("test"))
        live = FollowedConfig(Config(), None, problems, component="test", at_start={})
        self.proposer = TopicProposer(self.writer, self.profiles, clock, live)

    def put(self, namespace: str, *topics: str) -> None:
        """Write a population whose topics have two events each."""
        rows = [FadedCount(value=topic, weight=2, event_count=2) for topic in topics]
        with self.writer.begin() as txn:
            txn.put_population(namespace, Population(total_weight=9, topics=rows))

    def record(self, namespace: str, *topics: str) -> None:
        """Record an event of a user."""
        event = Event(event_id="-".join(topics), user_id="ann", type="read", topics=topics)
        with self.activity_writer.begin() as transaction:
            user = keys.user_key("ann", namespace)
            row = NewEvent(user, event.event_id, NOW_MS, event.SerializeToString(), False)
            transaction.record([row], NOW_MS)

    def run(self) -> int:
        """Look once."""
        return asyncio.run(self.proposer.run(self.activity))

    def pairs(self, namespace: str) -> list[tuple[str, str, bool]]:
        """Return what is proposed."""
        rows = self.profiles.topic_proposals(namespace).aliases
        return [(row.topic, row.canonical, row.is_applied) for row in rows]


@pytest.fixture
def namespaces(tmp_path: Path) -> Iterator[Namespaces]:
    with ExitStack() as stack:
        yield Namespaces(tmp_path, stack)
    assert list(inspect_store(tmp_path)) == []


def test_each_namespace_gets_its_own(namespaces: Namespaces) -> None:
    """Written once, by the names that events use, and only again when the topics have changed."""
    namespaces.put("", "js", "javascript", "docs")
    namespaces.put("acme", "docs", "documentation")
    namespaces.record("", "JavaScript")
    assert namespaces.run() == 2
    assert namespaces.pairs("") == [("js", "JavaScript", True)]
    assert namespaces.pairs("acme") == [("docs", "documentation", False)]
    assert namespaces.run() == 0
    namespaces.put("acme", "docs", "manual")
    assert namespaces.run() == 1
    assert namespaces.pairs("acme") == []


def test_what_is_in_force_counts_in_the_population(namespaces: Namespaces) -> None:
    """The next view of it has the topics as one, and knows the events of each."""
    namespaces.put("", "js", "javascript")
    assert namespaces.run() == 1
    populations = Populations(
        namespaces.profiles,
        lambda: 60.0,
        lambda name: read_synonyms(namespaces.activity, namespaces.profiles, name),
    )
    view = populations.view("")
    assert (round(view.share("javascript"), 3), view.share("js")) == (0.444, 0.0)
    assert (view.events("js"), view.events("javascript")) == (2, 2)
    with namespaces.writer.begin() as txn:
        txn.put_population("", view.to_proto())
    assert namespaces.run() == 0


def test_an_erased_users_topics_are_proposed_no_more(namespaces: Namespaces) -> None:
    """With the only user who had a topic goes what was proposed of it, in the same transaction."""
    namespaces.put("", "js", "javascript")
    ann = keys.user_key("ann")
    profile = Profile(user_id="ann", memory=Memory(event_count=2, total_weight=2.0))
    profile.memory.topics.append(FadedCount(value="js", weight=2, event_count=2))
    with namespaces.writer.begin() as txn:
        times = {"computed_at_ms": NOW_MS, "stale_after_ms": NOW_MS, "expired_after_ms": NOW_MS}
        revision = txn.put_profile(ann, profile, Foreword(), refresh_on_open=False, **times)
        txn.schedule(ann, RefreshState(revision=revision))
    assert namespaces.run() == 1
    with namespaces.writer.begin() as txn:
        erase_profile(txn, Populations(namespaces.profiles, lambda: 60.0), ann)
    assert namespaces.pairs("") == []
