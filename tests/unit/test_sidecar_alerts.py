"""Alerts on their way to a webhook, a real server on this machine."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from waiting import let_pass_async, until_async

from foreword.clock import ManualClock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from sidecar.alerts import Alert, Alerts

ALERT = Alert("id-broken", "freshness.broken", "active", 0.99, 0.5, 10, "2026-11-26T00:00:00Z")


class Hook:
    """A receiver that answers as told, then with 204."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                hook.keys.append(self.headers["Idempotency-Key"])
                self.send_response(hook.answers.pop(0) if hook.answers else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def url(self) -> str:
        """Its address, with a secret in it."""
        return f"http://127.0.0.1:{self.server.server_port}/secret-token"

    def close(self) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A receiver."""
    made = Hook()
    yield made
    made.close()


def alerts(url: str, waits_seconds: tuple[float, ...] = (0.01, 0.01, 0.01)) -> Alerts:
    config = Config.model_validate({"telemetry": {"alert_webhook_url": url}})
    problems = Problems(ManualClock(), logging.getLogger("test"))
    return Alerts(FollowedConfig(config, None, problems, component="test", at_start={}), waits_seconds)


async def sent(found: Alerts, hook: Hook, count: int, caplog: pytest.LogCaptureFixture | None = None) -> None:
    """Run until the receiver was asked so often, or the log says that an alert is given up."""
    task = asyncio.create_task(found.run())

    def is_done() -> bool:
        return len(hook.bodies) >= count or (caplog is not None and "given up" in caplog.text)

    await until_async(is_done, "the webhook to be asked")
    # What follows the last answer.
    await let_pass_async(0.05)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_an_alert_arrives_as_json(hook: Hook) -> None:
    """All that is known of it, with an id by which a repetition is told."""

    async def story() -> None:
        found = alerts(hook.url)
        found.send(ALERT)
        await sent(found, hook, 1)

    asyncio.run(story())
    assert hook.keys == ["id-broken"]
    assert hook.bodies[0] == {
        "alert_id": "id-broken",
        "kind": "freshness.broken",
        "segment": "active",
        "promised_share": 0.99,
        "found_share": 0.5,
        "user_count": 10,
        "time": "2026-11-26T00:00:00Z",
    }


def test_a_receiver_that_fails_is_asked_again_in_order(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    """An alert is sent until it arrives, the next waits for it, and the log has no secret."""
    hook.answers = [500, 503]
    later = Alert("id-kept", "freshness.kept", "active", 0.99, 1.0, 10, "2026-11-26T01:00:00Z")

    async def story() -> None:
        found = alerts(hook.url)
        found.send(ALERT)
        found.send(later)
        with caplog.at_level(logging.INFO):
            await sent(found, hook, 4)

    asyncio.run(story())
    assert hook.keys == ["id-broken", "id-broken", "id-broken", "id-kept"]
    assert "127.0.0.1: HTTP 500" in caplog.text
    assert "secret" not in caplog.text


def test_an_alert_is_given_up_in_the_end(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    """After the last wait the log says that it did not arrive."""
    hook.answers = [500] * 10

    async def story() -> None:
        found = alerts(hook.url, (0.01,))
        found.send(ALERT)
        with caplog.at_level(logging.INFO):
            await sent(found, hook, 10, caplog)

    asyncio.run(story())
    assert len(hook.bodies) == 2
    assert "given up: 127.0.0.1: HTTP 500" in caplog.text


def test_nobody_is_told_without_an_address() -> None:
    """Without a webhook nothing is queued."""
    found = alerts("")
    found.send(ALERT)
    assert found._waiting.empty()
