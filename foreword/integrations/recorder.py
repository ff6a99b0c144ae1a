"""Recording behind the call: an agent hands events over and goes on."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from weakref import WeakSet

from foreword.client import EventFields, Foreword
from foreword.clock import Clock
from foreword.v1.activity_service_pb2 import RecordEventsResponse
from foreword.v1.error_reason_pb2 import ErrorReason

# Ten seconds of a busy process, which outlasts a restart of the sidecar, and about a megabyte; the oldest go first.
EVENTS_MAX = 1000
# Events of one run go out in one call; shorter than anybody notices who reads what was recorded.
LINGER_SECONDS = 0.05
# A sidecar that is back is found within this. Its client asks for it more often by itself, at no cost.
RETRY_SECONDS = 1.0
# What the end of a process may wait for its last events.
CLOSE_SECONDS = 1.0
_WARN_SECONDS = 60.0

logger = logging.getLogger("foreword.integrations")


class Recorder:
    """Sends events from a thread of its own; `add` neither waits nor raises.

    While no sidecar answers, the newest EVENTS_MAX events wait. The thread begins with the first event, and anew in a
    forked process. What is left at the end of the process is sent within CLOSE_SECONDS, or lost.
    """

    def __init__(self, client: Foreword, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._monotonic = monotonic
        self._warn_due = 0.0
        self.begin()
        _all.add(self)
        atexit.register(self.close)

    def begin(self) -> None:
        """Begin with nothing to send, and no thread yet."""
        self._events: deque[EventFields] = deque(maxlen=EVENTS_MAX)
        self._changed = threading.Condition()
        self._name, self._count = os.urandom(12).hex(), 0
        self._thread: threading.Thread | None = None
        self._sending = 0
        self._closing = False

    def add(self, event: EventFields) -> None:
        """Hand over an event; it gets its id here, so that sending it twice counts once."""
        with self._changed:
            if self._closing:
                return
            # Counted, not drawn: of events that arrive in one moment the ids say which was first.
            self._count += 1
            self._events.append({"event_id": f"{self._name}-{self._count:08}", **event})
            # Not for each: a thread that wakes beside the agent's holds it up.
            if len(self._events) in (1, EVENTS_MAX):
                self._changed.notify_all()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="foreword-recorder", daemon=True)
                self._thread.start()

    def flush(self, timeout_seconds: float = CLOSE_SECONDS) -> bool:
        """Wait until all events so far were answered; return whether they were."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._events and not self._sending, timeout_seconds)

    def close(self) -> None:
        """Send what is left, once, within CLOSE_SECONDS; later events are dropped."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)
        self._client.close()
        atexit.unregister(self.close)

    def _run(self) -> None:
        while self._wait():
            events = self._take()
            answer = self._client.record(events)
            is_lost = self._told(answer)
            with self._changed:
                self._sending = 0
                if is_lost and not self._closing:
                    # The sidecar's own clock tells when an event happened that it gets at once, whatever ours says.
                    now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
                    for event in events:
                        event.setdefault("time", now)
                    # Before those that came meanwhile; what no longer fits is the oldest.
                    kept = [*events, *self._events][-EVENTS_MAX:]
                    self._events.clear()
                    self._events.extend(kept)
                    self._changed.wait_for(lambda: self._closing, RETRY_SECONDS)
                self._changed.notify_all()

    def _wait(self) -> bool:
        """Wait for events, and a moment for more; return whether there are any."""
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._closing)
            self._changed.wait_for(lambda: self._closing or len(self._events) == EVENTS_MAX, LINGER_SECONDS)
            return bool(self._events)

    def _take(self) -> list[EventFields]:
        with self._changed:
            events = list(self._events)
            self._events.clear()
            self._sending = len(events)
            return events

    def _told(self, answer: RecordEventsResponse) -> bool:
        """Return whether no sidecar took the events; log, sparingly and without a word of them, what was refused."""
        if not answer.refused:
            return False
        first = answer.refused[0]
        if first.reason == ErrorReason.ERROR_REASON_UNSPECIFIED:
            # The client has logged it.
            return True
        if self._monotonic() >= self._warn_due:
            self._warn_due = self._monotonic() + _WARN_SECONDS
            # A newer sidecar may have reasons of its own.
            is_known = first.reason in ErrorReason.values()
            reason = (
                ErrorReason.Name(first.reason).removeprefix("ERROR_REASON_") if is_known else first.reason
            )
            logger.warning(
                "%d events were refused; the first: %s %s (docs/errors.md)",
                len(answer.refused),
                reason,
                first.field,
            )
        return False


_all: WeakSet[Recorder] = WeakSet()


def _begin_in_child() -> None:
    """In a forked child, before it has threads: the recorder's thread, and whatever held its lock, stayed behind."""
    for each in list(_all):
        each.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)
