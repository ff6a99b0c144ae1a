"""A sidecar that was never up, or not quite."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from foreword.clock import ManualClock
from foreword.errors import StoreError
from foreword.store import lock_activity
from sidecar import activity
from sidecar.server import SidecarServer


def test_stopping_what_never_started_does_nothing(start: Any) -> None:
    """A sidecar can be stopped before it was started, and again after it was stopped."""

    async def story() -> None:
        server = SidecarServer(start.config(), ManualClock(1_700_000_000_000))
        await server.stop()
        await server.start()
        await server.stop(0)
        await server.stop(0)
        assert server.is_stopped

    asyncio.run(story())
    lock_activity(start.store).release()


def test_a_reader_that_cannot_be_opened_lets_go_of_the_store(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the reader fails at the start, the store's lock is free again."""

    def fail(*_: object, **__: object) -> None:
        raise StoreError("not today")

    monkeypatch.setattr(activity, "ActivityReader", fail)
    with pytest.raises(StoreError, match="not today"):
        start()
    lock_activity(start.store).release()
