"""Writing many results in one transaction."""

from __future__ import annotations

import logging
from pathlib import Path

from foreword import keys
from foreword.clock import ManualClock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store import ProfileReader, ProfileWriter
from foreword.v1.profile_pb2 import Foreword, Profile, Segment
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshState
from scheduler.agent.population import PopulationDelta
from scheduler.agent.refresh import RefreshResult
from scheduler.attempt import Attempt
from scheduler.attempt_writer import AttemptWriter
from scheduler.populations import Populations

MAP_BYTES = 1 << 26


def finished(user_id: str, namespace: str, now_ms: int) -> Attempt:
    """Return a refresh that adds one event and one user to the population."""
    profile = Profile(user_id=user_id, namespace=namespace, segment=Segment.SEGMENT_NEW)
    delta = PopulationDelta(now_ms, {"a": (1.0, 0.0, 1)}, total_weight=1.0, user_count=1)
    return Attempt(
        keys.user_key(user_id, namespace),
        RefreshState(),
        now_ms,
        outcome=RefreshOutcome.REFRESH_OUTCOME_WRITTEN,
        segment=Segment.SEGMENT_NEW,
        result=RefreshResult(profile, Foreword(), False, delta),
    )


def test_a_batch_of_more_namespaces_than_are_held_loses_nothing_of_any(tmp_path: Path) -> None:
    """A namespace that makes room for others within a batch still counts all its users, then and later."""
    config = Config.model_validate({"store": {"directory": str(tmp_path)}})
    clock = ManualClock()
    live = FollowedConfig(
        config, None, Problems(clock, logging.getLogger("scheduler")), component="scheduler", at_start={}
    )
    writer = ProfileWriter(tmp_path, map_size_bytes=MAP_BYTES)
    reader = ProfileReader(tmp_path)
    attempt_writer = AttemptWriter(writer, Populations(reader, lambda: 14.0), clock, live)
    namespaces = ["first", *(f"other{number}" for number in range(64)), "first"]
    now_ms = clock.now_ms()
    attempt_writer.write([finished(f"user{at}", space, now_ms) for at, space in enumerate(namespaces)])
    attempt_writer.write([finished("later", "first", now_ms)])
    population = reader.population("first")
    reader.close()
    writer.close()
    assert population.user_count == 3
    assert population.total_weight == 3


def test_a_damaged_population_fails_its_own_users_only(tmp_path: Path) -> None:
    """A row that cannot be parsed fails the users of one namespace; its neighbours in the batch are written."""
    config = Config.model_validate({"store": {"directory": str(tmp_path)}})
    clock = ManualClock()
    live = FollowedConfig(
        config, None, Problems(clock, logging.getLogger("scheduler")), component="scheduler", at_start={}
    )
    writer = ProfileWriter(tmp_path, map_size_bytes=MAP_BYTES)
    reader = ProfileReader(tmp_path)
    with writer.environment.begin(write=True) as txn:
        txn.put(keys.namespace_prefix("bad"), b"\xff", db=writer.environment.handles[b"population"])
    attempt_writer = AttemptWriter(writer, Populations(reader, lambda: 14.0), clock, live)
    attempt_writer.write([finished("ann", space, clock.now_ms()) for space in ("bad", "good")])
    written, failed = (
        reader.profile(keys.user_key("ann", "good")),
        reader.refresh_state(keys.user_key("ann", "bad")),
    )
    reader.close()
    writer.close()
    assert written is not None
    assert failed is not None
    assert failed.outcome == RefreshOutcome.REFRESH_OUTCOME_FAILED
    assert "cannot be parsed" in failed.error
