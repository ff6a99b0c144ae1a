"""Which settings a profile is computed anew for."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from foreword.clock import ManualClock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.v1.profile_pb2 import Segment
from scheduler.shaping import Shaping


def digest(namespace: str = "", **settings: dict[str, Any]) -> int:
    """Return the digest of a namespace's profiles under these settings."""
    problems = Problems(ManualClock(), logging.getLogger("scheduler"))
    live = FollowedConfig(Config.model_validate(settings), None, problems, component="scheduler", at_start={})
    return Shaping(live).digest(namespace, Segment.SEGMENT_NEW)


@pytest.mark.parametrize(
    "settings",
    [
        {"window": {"half_life_days": 30.0}},
        {"cold_start": {"events_min": 2}},
        {"agent": {"signs": {"snooze": "against"}}},
        {"foreword": {"tokens_max": 100}},
        {"foreword": {"words": {"policy": "shared"}}},
    ],
)
def test_what_shapes_a_profile_changes_the_digest(settings: dict[str, Any]) -> None:
    """A setting that the agent reads makes another digest, the same in every process."""
    assert digest(**settings) not in {0, digest()}
    assert digest(**settings) == digest(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"segments": {"semi_active": {"every_days": 1.0}}},
        {"segments": {"new": {"when": {"age_days_below": 3}}}},
        {"agent": {"timeout_seconds": 5.0}},
        {"scheduler": {"concurrency": 2}},
    ],
)
def test_when_a_profile_is_computed_does_not(settings: dict[str, Any]) -> None:
    """Cadences, segments and limits leave profiles as they are."""
    assert digest(**settings) == digest()


def test_rules_of_a_namespace_are_its_own() -> None:
    """A namespace's words change its own digest, and no other's."""
    rules = {"foreword": {"namespaces": {"acme": {"policy": "shared"}}}}
    assert digest("acme", **rules) != digest("acme")
    assert digest("other", **rules) == digest("", **rules) == digest()
