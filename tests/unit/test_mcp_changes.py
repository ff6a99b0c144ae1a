"""Telling clients of MCP that the foreword has changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from waiting import until_async

from foreword.errors import ServiceError
from foreword.mcp.changes import Changes
from foreword.mcp.sidecar import Sidecar
from foreword.mcp.whose import Whose
from foreword.v1.profile_service_pb2 import WatchPhase, WatchProfilesResponse


def test_a_watch_that_was_refused_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Clients that listen are told of changes once a sidecar that had no room for a watch has some."""
    monkeypatch.setattr("foreword.mcp.changes.AGAIN_SECONDS", 0.0)
    refusals = [ServiceError("as many watches as may be", reason="STREAMS_EXHAUSTED")] * 2

    async def watch(*_: Any, **__: Any) -> AsyncIterator[WatchProfilesResponse]:
        if refusals:
            raise refusals.pop()
        yield WatchProfilesResponse(phase=WatchPhase.WATCH_PHASE_LIVE)
        await asyncio.Event().wait()

    async def listen() -> list[Any]:
        told: list[Any] = []
        sidecar = cast(Sidecar, SimpleNamespace(calls=SimpleNamespace(watch=watch)))
        leave = Changes(sidecar, Whose("ada", ""), ("foreword://me",)).subscribe(told.append)
        await until_async(lambda: told, "nobody was told")
        leave()
        return told

    assert [event.uri for event in asyncio.run(listen())] == ["foreword://me"]
    assert caplog.text.count("are not told for now") == 2
