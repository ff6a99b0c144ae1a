"""A watch that goes on: where it is, and what to do when it breaks."""

from __future__ import annotations

from foreword.client.calls import Call
from foreword.client.reach import is_passing
from foreword.errors import ServiceError
from foreword.v1.profile_service_pb2 import WatchProfilesRequest, WatchProfilesResponse

# How long to wait before a broken watch is begun again: at first as long as a sidecar takes to start, then doubled.
WAIT_SECONDS_MIN = 0.1
WAIT_SECONDS_MAX = 5.0
_RESYNC_REQUIRED = "RESYNC_REQUIRED"


class Watching:
    """Knows what to ask for next.

    Args:
        call: What is watched, and from where on.

    Raises:
        FieldError: An argument is of the wrong kind.
    """

    def __init__(self, call: Call[WatchProfilesResponse]) -> None:
        request = call.request()
        assert isinstance(request, WatchProfilesRequest)
        self.request = request
        self._wait_seconds = WAIT_SECONDS_MIN

    def received(self, message: WatchProfilesResponse) -> None:
        """Take the place behind a message; the next request goes on there."""
        self.request.resume_token = message.resume_token
        self._wait_seconds = WAIT_SECONDS_MIN

    def broke(self, error: ServiceError | None) -> float:
        """Return after how many seconds to ask again.

        Args:
            error: Why it broke; None when the sidecar ended it.

        Raises:
            ServiceError: Asking again would not help.
        """
        if error is not None and error.reason == _RESYNC_REQUIRED:
            self.request.ClearField("start")
        elif error is not None and not is_passing(error):
            raise error
        wait_seconds = self._wait_seconds
        self._wait_seconds = min(2 * wait_seconds, WAIT_SECONDS_MAX)
        return wait_seconds
