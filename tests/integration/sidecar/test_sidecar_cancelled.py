"""Callers that go away in the middle of a stream."""

from __future__ import annotations

import logging
from typing import Any

import grpc
import pytest
from paths import BOTH_PATHS

from foreword.v1.user_data_service_pb2 import ExportUserRequest

pytestmark = BOTH_PATHS

EVENTS = 1000
TEXT = "x" * 4000
CALLS = 2
# Long enough for the sidecar to fill the connection and wait in the middle of a send.
DEADLINE_SECONDS = 0.3


def test_callers_that_go_away_are_no_errors(start: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A caller that gives up an export in the middle of a message leaves no line in the log, and others are served."""
    running = start()
    running.client.record([running.event(f"e{number}", text=TEXT) for number in range(EVENTS)])
    request = ExportUserRequest(user_id="ann").SerializeToString()
    with caplog.at_level(logging.WARNING):
        for _ in range(CALLS):
            # Without the probe a connection takes in 64 KB while nobody reads, and not megabytes.
            with grpc.insecure_channel(running.address, [("grpc.http2.bdp_probe", 0)]) as channel:
                call = channel.unary_stream("/foreword.v1.UserDataService/ExportUser")(
                    request, timeout=DEADLINE_SECONDS
                )
                next(call)
                assert call.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert len(list(running.client.export("ann"))) > EVENTS
    assert caplog.messages == []
