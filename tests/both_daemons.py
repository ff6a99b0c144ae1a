"""A sidecar and a scheduler on one store, in this process, for tests of what passes through both."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from foreword.client import AsyncForeword
from foreword.clock import SystemClock
from foreword.config import Config
from foreword.store.check import inspect_store
from scheduler.attempt import Compute
from scheduler.daemon import SchedulerDaemon, compute_extractive
from sidecar.server import SidecarServer

WAIT_SECONDS = 20


@asynccontextmanager
async def both_daemons(
    store: Path,
    *,
    words: dict[str, Any] | None = None,
    sections: dict[str, dict[str, Any]] | None = None,
    compute: Compute = compute_extractive,
) -> AsyncIterator[AsyncForeword]:
    """Run a sidecar and a scheduler on one store, and give their client.

    Args:
        store: Its folder.
        words: Of forewords.
        sections: Keys to add to the configuration.
        compute: What computes a refresh.
    """
    with tempfile.TemporaryDirectory(prefix="fw") as sockets:
        settings: dict[str, dict[str, Any]] = {
            "store": {
                "directory": str(store),
                "profiles_map_size_bytes": 1 << 28,
                "activity_map_size_bytes": 1 << 28,
            },
            "sidecar": {"listen": [f"unix:{sockets}/s"]},
            "scheduler": {"trigger_poll_ms": 5},
            "foreword": {"words": words or {}},
        }
        for name, keys in (sections or {}).items():
            settings[name] = {**settings.get(name, {}), **keys}
        config = Config.model_validate(settings)
        server, daemon = (
            SidecarServer(config, SystemClock()),
            SchedulerDaemon(config, SystemClock(), compute=compute),
        )
        await server.start()
        refreshing = asyncio.create_task(daemon.run())
        try:
            async with AsyncForeword(
                server.addresses[0], raises=True, timeout_seconds=WAIT_SECONDS
            ) as client:
                yield client
        finally:
            daemon.stop()
            await refreshing
            await server.stop(1)
    assert list(inspect_store(store)) == []
