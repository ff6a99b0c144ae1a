"""What is said where a library for being watched is not installed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from foreword.config_telemetry import Telemetry
from foreword.errors import MissingExtraError
from foreword.telemetry import Page
from foreword.telemetry.endpoint import served
from foreword.telemetry.tracing import traced


async def read() -> Page:
    return Page()


@pytest.mark.parametrize(
    ("absent", "begin", "key", "extra"),
    [
        (
            "opentelemetry.sdk.trace",
            lambda: traced("foreword-sidecar", Telemetry(traces_url="http://127.0.0.1:9/v1/traces")),
            "telemetry.traces_url",
            "tracing",
        ),
        (
            "prometheus_client",
            lambda: served("telemetry.sidecar_metrics_listen", "127.0.0.1:0", read),
            "telemetry.sidecar_metrics_listen",
            "server",
        ),
    ],
)
def test_what_is_missing_is_said_before_a_daemon_serves(
    monkeypatch: pytest.MonkeyPatch,
    absent: str,
    begin: Callable[[], AbstractAsyncContextManager[Any]],
    key: str,
    extra: str,
) -> None:
    """One sentence names the setting that asks for it, and the command that adds it."""

    async def enter() -> None:
        async with begin():
            pass

    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(MissingExtraError, match=key) as caught:
        asyncio.run(enter())
    assert caught.value.hint == f"pip install 'foreword[{extra}]'"
