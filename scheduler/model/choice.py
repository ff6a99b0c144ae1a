"""Which provider, model and mode a refresh gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from foreword.config import Config
from foreword.v1.model_work_pb2 import ModelMode
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshReason
from scheduler.segments import cadence_settings

MESSAGES, BATCH = ModelMode.MODEL_MODE_MESSAGES, ModelMode.MODEL_MODE_BATCH

# Somebody is there, or just was; what follows from a cadence or a retry can wait for a batch, at half the price.
_TRIGGERED = frozenset(
    {
        RefreshReason.REFRESH_REASON_MANUAL,
        RefreshReason.REFRESH_REASON_ON_OPEN,
        RefreshReason.REFRESH_REASON_SESSION_END,
    }
)


class Choice(NamedTuple):
    """Who is asked, and how."""

    provider: str
    model: str
    mode: ModelMode


def choose(
    segment: Segment, reason: RefreshReason, config: Config, connected: Mapping[str, bool]
) -> Choice | None:
    """Return who is asked about a user, and how; None when nobody is, so that code alone writes.

    What the segment sets goes before what the agent sets. Where the mode is not set, a refresh that a trigger started
    is asked about at once, any other in a batch; in a batch only where the provider has any.

    Args:
        segment: The user's.
        reason: Why the refresh was started.
        config: Segments and agent.
        connected: The providers that can be asked, each with whether it has batches.
    """
    settings = cadence_settings(segment, config)
    provider = settings.provider or config.agent.provider
    if settings.mode == "extractive" or provider not in connected:
        return None
    wants_batch = settings.mode == "batch" or (settings.mode is None and reason not in _TRIGGERED)
    mode = BATCH if wants_batch and connected[provider] else MESSAGES
    return Choice(provider, settings.model or config.agent.model, mode)


def providers_in_use(config: Config) -> frozenset[str]:
    """Return the providers that some segment asks."""
    used = {
        tried.settings.provider or config.agent.provider
        for tried in config.segments.tried()
        if tried.settings.mode != "extractive"
    }
    return frozenset(used - {"extractive"})
