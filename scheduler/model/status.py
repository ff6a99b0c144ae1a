"""How the scheduler stands with the providers, for the operator."""

from __future__ import annotations

from typing import cast

from foreword.config import Config
from foreword.store.v1.store_pb2 import ModelHealth
from foreword.v1.model_status_pb2 import ModelProvider, SegmentModel
from foreword.v1.model_work_pb2 import ModelMode
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshReason
from scheduler.model.choice import choose, providers_in_use
from scheduler.model.connections import Connection, Connections
from scheduler.segments import cadence_settings


def status(config: Config, connections: Connections, now_ms: int) -> ModelHealth:
    """Return who is asked about the users of each segment, and how the providers do."""
    segments = [
        _segment(cast(Segment, tried.number), tried.name, config, connections)
        for tried in config.segments.tried()
    ]
    providers = [_provider(name, connections, now_ms) for name in sorted(providers_in_use(config))]
    return ModelHealth(segments=segments, providers=providers)


def _segment(segment: Segment, name: str, config: Config, connections: Connections) -> SegmentModel:
    settings = cadence_settings(segment, config)
    provider = settings.provider or config.agent.provider
    is_extractive = provider == "extractive" or settings.mode == "extractive"
    return SegmentModel(
        segment=segment,
        segment_name=name,
        provider="extractive" if is_extractive else provider,
        model="" if is_extractive else settings.model or config.agent.model,
        trigger_mode=_mode(segment, RefreshReason.REFRESH_REASON_SESSION_END, config, connections),
        cadence_mode=_mode(segment, RefreshReason.REFRESH_REASON_CADENCE, config, connections),
    )


def _mode(segment: Segment, reason: RefreshReason, config: Config, connections: Connections) -> ModelMode:
    choice = choose(segment, reason, config, connections.connected)
    return ModelMode.MODEL_MODE_UNSPECIFIED if choice is None else choice.mode


def _provider(name: str, connections: Connections, now_ms: int) -> ModelProvider:
    connection = connections.get(name)
    if connection is None:
        return ModelProvider(
            provider=name, not_asked=connections.not_asked.get(name, "it is being connected")
        )
    return _connected(name, connection, now_ms)


def _connected(name: str, connection: Connection, now_ms: int) -> ModelProvider:
    gate = connection.gate
    row = ModelProvider(
        provider=name,
        held_back=gate.problem(now_ms),
        open_call_count=connection.open_count,
        calls_max=gate.calls_max,
        failures=gate.failures,
    )
    opens_ms = gate.opens_ms(now_ms)
    if opens_ms is not None:
        row.held_back_until.FromMilliseconds(opens_ms)
    return row
