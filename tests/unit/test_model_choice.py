"""Which provider, model and mode a refresh gets."""

from __future__ import annotations

from typing import Any

import pytest

from foreword.config import Config
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshReason
from scheduler.model.choice import BATCH, MESSAGES, Choice, choose, providers_in_use

NEW, ACTIVE = Segment.SEGMENT_NEW, Segment.SEGMENT_ACTIVE
MANUAL, ON_OPEN = RefreshReason.REFRESH_REASON_MANUAL, RefreshReason.REFRESH_REASON_ON_OPEN
SESSION_END, CADENCE = RefreshReason.REFRESH_REASON_SESSION_END, RefreshReason.REFRESH_REASON_CADENCE
RETRY = RefreshReason.REFRESH_REASON_RETRY
CONNECTED = {"anthropic": True, "openai-chat": False}


def config(agent: dict[str, Any] | None = None, **new: Any) -> Config:
    """Return a configuration with these settings of the agent and of the segment of new users."""
    free = {"input": 0, "output": 0}
    agent = {"provider": "anthropic", "prices": {"own": free, "other": free}, **(agent or {})}
    return Config.model_validate({"agent": agent, "segments": {"new": new}})


@pytest.mark.parametrize(
    ("reason", "mode"),
    [(MANUAL, MESSAGES), (ON_OPEN, MESSAGES), (SESSION_END, MESSAGES), (CADENCE, BATCH), (RETRY, BATCH)],
)
def test_where_no_mode_is_set_the_reason_decides(reason: RefreshReason, mode: int) -> None:
    """After a trigger a model is asked at once, after the cadence or a retry in a batch."""
    assert choose(NEW, reason, config(), CONNECTED) == Choice("anthropic", "claude-haiku-4-5", mode)


@pytest.mark.parametrize(
    ("settings", "reason", "expected"),
    [
        ({"mode": "batch"}, MANUAL, Choice("anthropic", "claude-haiku-4-5", BATCH)),
        ({"mode": "messages"}, CADENCE, Choice("anthropic", "claude-haiku-4-5", MESSAGES)),
        ({"mode": "extractive"}, MANUAL, None),
        ({"provider": "extractive"}, MANUAL, None),
        ({"model": "own"}, MANUAL, Choice("anthropic", "own", MESSAGES)),
        # Without batches whatever was to go into one is asked at once.
        ({"provider": "openai-chat", "model": "own"}, CADENCE, Choice("openai-chat", "own", MESSAGES)),
        (
            {"provider": "openai-chat", "model": "own", "mode": "batch"},
            MANUAL,
            Choice("openai-chat", "own", MESSAGES),
        ),
    ],
)
def test_a_segment_goes_before_the_agent(
    settings: dict[str, Any], reason: RefreshReason, expected: Choice | None
) -> None:
    """What a segment sets holds for its users, and for no others."""
    changed = config(**settings)
    assert choose(NEW, reason, changed, CONNECTED) == expected
    assert choose(ACTIVE, CADENCE, changed, CONNECTED) == Choice("anthropic", "claude-haiku-4-5", BATCH)


def test_a_provider_that_cannot_be_asked_is_not() -> None:
    """Without a key nobody is asked, whatever the segment wants."""
    assert choose(NEW, MANUAL, config(mode="messages"), {}) is None


def test_the_providers_in_use_are_those_some_segment_asks() -> None:
    """A provider counts when a segment asks it, and extractive never does."""
    assert providers_in_use(Config()) == frozenset()
    assert providers_in_use(config()) == {"anthropic"}
    assert providers_in_use(config(provider="openai-chat", model="own")) == {"anthropic", "openai-chat"}
    assert providers_in_use(config({"provider": "extractive"}, provider="anthropic")) == {"anthropic"}
    alone = config({"provider": "extractive"}, provider="anthropic", mode="extractive")
    assert providers_in_use(alone) == frozenset()
