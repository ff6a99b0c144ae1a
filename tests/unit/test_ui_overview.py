"""What the overview says of a status, without a sidecar."""

from __future__ import annotations

import re
from html import unescape
from typing import cast

from starlette.requests import Request

from foreword.cli.ui.forms import Forms
from foreword.cli.ui.notices import Notices
from foreword.cli.ui.overview import Overview
from foreword.cli.ui.rendering import Renderer
from foreword.cli.ui.sidecar import LatestStatus, Seen, Sidecar
from foreword.clock import ManualClock
from foreword.errors import ServiceError
from foreword.v1.operator_service_pb2 import CallStatus, FrontStatus, GetStatusResponse

NOW_MS = 1_900_000_000_000


class Known:
    """A status that was had, and none newer."""

    def __init__(self, status: GetStatusResponse) -> None:
        self._seen = Seen(status, NOW_MS, None, is_late=False)

    def current(self, *, waits: bool = False) -> Seen:
        """Return it."""
        return self._seen


class Away:
    """A sidecar that does not answer."""

    def client(self) -> None:
        """Fail."""
        raise ServiceError("nobody listens", reason="UNAVAILABLE")


def overview(status: GetStatusResponse) -> str:
    """Return what can be read on the page."""
    status.now.FromMilliseconds(NOW_MS)
    status.counted_at.FromMilliseconds(NOW_MS)
    latest = cast(LatestStatus, Known(status))
    render = Renderer(latest, Forms(), Notices(), ManualClock(NOW_MS), target="unix:/run/fw.sock")
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    body = bytes(Overview(cast(Sidecar, Away()), render).show(Request(scope)).body).decode()
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_calls_that_the_front_answered_are_counted_once() -> None:
    """The table has them already, so that the line below says how many of these calls they are."""
    calls = [CallStatus(method="ProfileService.GetProfile", count=1000)]
    text = overview(GetStatusResponse(calls=calls, front=FrontStatus(is_native=True, answered=900)))
    assert "GetProfile 1,000" in text
    assert "the native front answered 900 of these calls" in text
    assert "of these calls" not in overview(GetStatusResponse(calls=calls, front=FrontStatus(answered=0)))
