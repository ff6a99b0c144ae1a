"""Strangers' profiles from counts to a call: through both daemons, the local reader, and the command."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from waiting import let_pass_async

from foreword.client import AsyncForeword
from foreword.clock import DAY_MS, ManualClock
from foreword.config import Config
from foreword.local import LocalReader
from foreword.store.check import inspect_store
from foreword.v1.freshness_pb2 import FRESHNESS_DEFAULT
from scheduler.daemon import SchedulerDaemon
from sidecar.server import SidecarServer

WAIT_SECONDS = 20


class Story:
    """Both daemons on one store, and their client."""

    def __init__(
        self, daemon: SchedulerDaemon, client: AsyncForeword, clock: ManualClock, config: Path
    ) -> None:
        self.daemon = daemon
        self.client = client
        self.clock = clock
        self.config = config

    async def act(self, namespace: str, topic: str, among: int) -> None:
        """Let that many users read of a topic, and wait until each is refreshed."""
        for number in range(among):
            user = f"{topic}{number}"
            events = [
                {"user_id": user, "event_id": f"e{count}", "type": "read", "topics": [topic]}
                for count in range(3)
            ]
            await self.client.record([{**each, "namespace": namespace} for each in events])
            await self.client.refresh(user, namespace=namespace, wait_seconds=WAIT_SECONDS)

    def said(self, command: str, user: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Return what a command prints."""
        line = [sys.executable, "-m", "foreword", command, user, "--config", str(self.config), *options]
        return subprocess.run(line, capture_output=True, text=True, check=True)


@asynccontextmanager
async def both(folder: Path, sockets: Path) -> AsyncIterator[Story]:
    """Run a sidecar and a scheduler on one clock, with an editorial for one namespace."""
    editorial, path, clock = folder / "editorial.toml", folder / "foreword.toml", ManualClock()
    editorial.write_text('[namespaces.radio]\ntopics = ["Jazz"]\nsentences = ["Radio is on the air."]\n')
    settings = {
        "store": {
            "directory": str(folder / "store"),
            "profiles_map_size_bytes": 1 << 26,
            "activity_map_size_bytes": 1 << 26,
        },
        "sidecar": {"listen": [f"unix:{sockets}/s"]},
        "scheduler": {"trigger_poll_ms": 5},
        "cold_start": {"editorial": str(editorial)},
    }
    tables = (
        "\n".join([f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())])
        for name, table in settings.items()
    )
    path.write_text("\n".join(tables) + "\n")
    config = Config.model_validate(settings)
    server, daemon = SidecarServer(config, clock), SchedulerDaemon(config, clock)
    await server.start()
    refreshing = asyncio.create_task(daemon.run())
    try:
        async with AsyncForeword(server.addresses[0], raises=True, timeout_seconds=WAIT_SECONDS) as client:
            yield Story(daemon, client, clock, path)
    finally:
        daemon.stop()
        await refreshing
        await server.stop(1)
    assert list(inspect_store(folder / "store")) == []


@pytest.fixture
def sockets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s")


def test_a_stranger_is_served_what_the_operator_says_and_what_trends(tmp_path: Path, sockets: Path) -> None:
    """Over gRPC, in a batch, in process and by the command alike, marked as such; the etag changes with the text."""

    async def story() -> None:
        async with both(tmp_path, sockets) as it:
            client = it.client

            async def topics(namespace: str = "radio") -> list[str]:
                response = await client.profile("stranger", namespace=namespace)
                assert response.freshness == FRESHNESS_DEFAULT
                return [row.topic for row in response.profile.content_preferences.high_affinity_topics]

            async def served(expected: list[str]) -> None:
                async with asyncio.timeout(WAIT_SECONDS):
                    while await topics() != expected:
                        await let_pass_async(0.01)

            await served(["Jazz"])
            before = await client.foreword("stranger", namespace="radio")
            assert before.text.splitlines()[1:] == ["Radio is on the air.", "To begin with: Jazz."]
            await it.act("radio", "chess", 5)
            it.clock.advance(DAY_MS)
            assert await it.daemon.trends.run() == 1
            await served(["Jazz", "chess"])
            assert await topics("") == await topics("elsewhere") == []
            after = await client.foreword("stranger", namespace="radio")
            assert after.text.splitlines()[-1] == 'Many users here turn to "chess".'
            assert before.etag != after.etag
            assert (after.revision, after.freshness) == (0, FRESHNESS_DEFAULT)
            cut = await client.foreword("stranger", 30, namespace="radio")
            assert cut.text.startswith("General, not about this user:\n")
            with LocalReader(tmp_path / "store", clock=it.clock) as reader:
                assert reader.foreword("stranger", namespace="radio") == after
                profile = await client.profile("stranger", namespace="radio")
                assert reader.profile("stranger", namespace="radio") == profile
                batch = await client.profiles(["stranger"], namespace="radio")
                assert batch == [profile]
            text = await asyncio.to_thread(it.said, "text", "stranger", "--namespace", "radio")
            assert text.stdout.strip() == after.text
            assert "Nothing is known of 'stranger' yet" in text.stderr
            got = await asyncio.to_thread(it.said, "get", "stranger", "--namespace", "radio")
            assert json.loads(got.stdout)["profile"]["default_basis"]["trending_topic_count"] == 1
            assert "1 topic by the operator, 1 that trends among 5 users or more" in got.stderr

    asyncio.run(story())
