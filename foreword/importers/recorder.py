"""Where imported events go: through the sidecar, or into the store while none runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType

from foreword.admission import admit, without_forgotten
from foreword.client import Foreword
from foreword.clock import Clock, SystemClock
from foreword.config import Config
from foreword.errors import ServiceError
from foreword.store import ActivityWriter
from foreword.store.profile_reader import trigger_cursor
from foreword.v1.activity_service_pb2 import RecordEventsResponse
from foreword.v1.event_pb2 import Event

# A minute in all: longer than a restart or a burst of others' writes. Not by stamina, which brings two packages and
# 40 ms of import for these few lines, and takes no clock: tests could skip its waits, but never see them.
_WAITS_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 25.0)
# Shorter ones nobody notices.
_TELL_SECONDS = 1.0
_PASSING = {"QUEUE_FULL", "DRAINING", "UNAVAILABLE", "DEADLINE_EXCEEDED"}


class SidecarRecorder:
    """Records through the sidecar, patiently: a full queue or a restart is waited out.

    Args:
        client: One that raises; closed at the end.
        sleep: Waits; for tests.
        tell: Told in a sentence, once an outage, that and why it waits.
        for_backfill: What it records is history that a backfill takes up, and starts no refresh.
    """

    def __init__(
        self,
        client: Foreword,
        sleep: Callable[[float], object] = time.sleep,
        tell: Callable[[str], object] = str,
        *,
        for_backfill: bool = False,
    ) -> None:
        self._client = client
        self._send = client.record_history if for_backfill else client.record
        self._sleep = sleep
        self._tell = tell

    def record(self, events: Sequence[Event]) -> RecordEventsResponse:
        """Record events, trying again for a while when the sidecar cannot take them now.

        Raises:
            ServiceError: It cannot take them ever, or still not.
        """
        for wait_seconds in _WAITS_SECONDS:
            try:
                return self._send(events)
            except ServiceError as exc:
                if exc.reason not in _PASSING:
                    raise
                if wait_seconds == _TELL_SECONDS:
                    self._tell(f"The sidecar takes no events now ({exc.reason}); trying again for a minute")
                self._sleep(wait_seconds)
        return self._send(events)

    def __enter__(self) -> SidecarRecorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


class StoreRecorder:
    """Writes into activity.lmdb under the sidecar's lock, by the sidecar's own rules.

    Args:
        config: The configuration; where the store is, what is noted of users.
        namespace: That of events which name none.
        for_backfill: As for SidecarRecorder.
        clock: Tells the time of receipt.

    Raises:
        StoreLockedError: A sidecar has started meanwhile.
    """

    def __init__(
        self, config: Config, *, namespace: str = "", for_backfill: bool = False, clock: Clock | None = None
    ) -> None:
        store = config.store
        self._clock = clock or SystemClock()
        self._namespace = namespace
        self._for_backfill = for_backfill
        self._noting = config.noting()
        self._directory = store.directory
        self._writer = ActivityWriter(
            store.directory,
            map_size_bytes=store.activity_map_size_bytes,
            readers_max=store.readers_max,
        )

    def record(self, events: Sequence[Event]) -> RecordEventsResponse:
        """Record events in one synced transaction, as RecordEvents would."""
        now_ms = self._clock.now_ms()
        admission = admit(events, now_ms, namespace=self._namespace)
        taken_through = trigger_cursor(self._directory, self._writer.environment_id)
        with self._writer.begin(taken_through=taken_through, noting=self._noting) as transaction:
            is_new = transaction.record(admission.kept, now_ms, for_backfill=self._for_backfill)
            refused = without_forgotten(admission, transaction.forgotten(admission.kept, is_new))
        accepted_count = sum(is_new)
        return RecordEventsResponse(
            accepted_count=accepted_count,
            duplicate_count=len(events) - accepted_count - len(refused),
            refused=refused,
        )

    def __enter__(self) -> StoreRecorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
