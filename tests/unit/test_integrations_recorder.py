"""Recording behind the call in a forked process."""

from __future__ import annotations

import os
import threading
from typing import Any
from unittest.mock import patch

from forked import fork, run, tell
from waiting import PATIENCE_SECONDS, until

from foreword.clock import ManualClock
from foreword.integrations import recorder
from foreword.integrations.recorder import Recorder
from foreword.v1.activity_service_pb2 import RecordEventsResponse


class Client:
    """Takes events as a sidecar's client does."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def record(self, events: list[dict[str, Any]]) -> RecordEventsResponse:
        """Note their types."""
        self.taken += [event["type"] for event in events]
        return RecordEventsResponse()


def _record_in_child() -> None:
    """Record in two threads of a child, of which the second asks which process it is, and hears it late."""
    client = Client()
    made = Recorder(client, ManualClock(), lambda: 0.0)  # type: ignore[arg-type]
    child = fork()
    if child:
        os.waitpid(child, 0)
        return
    asked, may_hear, process_id = threading.Event(), threading.Event(), os.getpid()

    def process_id_late() -> int:
        if threading.current_thread().name == "second":
            asked.set()
            may_hear.wait(PATIENCE_SECONDS)
        return process_id

    with patch.object(recorder.os, "getpid", process_id_late):
        second = threading.Thread(target=made.add, args=({"type": "second"},), name="second")
        second.start()
        until(lambda: asked.is_set() or not second.is_alive())
        made.add({"type": "first"})
        may_hear.set()
        second.join()
    assert made.flush(PATIENCE_SECONDS)
    tell(sorted(client.taken))
    os._exit(0)


def test_threads_that_begin_at_once_in_a_forked_process_lose_nothing() -> None:
    """A child begins anew once, at the fork, and not in the thread that records first."""
    child = run(_record_in_child)
    assert child.told == [["first", "second"]], child.errors
