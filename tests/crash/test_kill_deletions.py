"""SIGKILL at every moment of a deletion of events: it is neither lost nor taken out of the counts twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc
import pytest
from crash.crash_loop import Daemon
from crash.dying_daemon import ANSWERING, CLEARING, COUNTING
from marks import databases_with
from waiting import until

from foreword import keys
from foreword.clock import DAY_MS
from foreword.store import ActivityReader, ProfileReader
from foreword.store.check import Fault
from foreword.v1.activity_service_pb2 import DeleteEventsRequest, DeleteEventsResponse, RecordEventsRequest
from foreword.v1.activity_service_pb2_grpc import ActivityServiceStub
from foreword.v1.event_pb2 import Event
from foreword.v1.refresh_pb2 import RefreshReason

# Events past retention leave only the memory, out of which a deletion is then subtracted.
CONFIG = """
[store]
directory = "{store}"
profiles_map_size_bytes = 268435456
activity_map_size_bytes = 268435456
retention_days = 28
[sidecar]
listen = ["unix:{socket}"]
maintenance_seconds = 0.2
[scheduler]
sweep_seconds = 0.2
trigger_poll_ms = 20
"""
MARK = "mark-9c1e55"
USER = "ada"
# As `ada` would be, had what is deleted never been.
TWIN = "twin"
DELETED_IDS = [f"deleted-{number}" for number in range(5)]
OLD_COUNT, KEPT_COUNT = 4, 6
CALL_SECONDS = 20.0


class Deletion:
    """Two users of two namespaces, known to real daemons; of one of them events are deleted."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        socket, config = folder / "s.sock", folder / "foreword.toml"
        config.write_text(CONFIG.format(store=self.store, socket=socket))
        self.sidecar, self.scheduler = Daemon("sidecar", config), Daemon("scheduler", config)
        options = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200)]
        self.channel = grpc.insecure_channel(f"unix:{socket}", options=options)
        self._activity = ActivityServiceStub(self.channel)

    def begin(self) -> None:
        """Record events, wait until they are counted, and until the old ones are past retention."""
        for daemon in (self.sidecar, self.scheduler):
            daemon.start()
            daemon.wait_until_up()
        now_ms = time.time_ns() // 1_000_000
        rows = [*_kept(TWIN, now_ms), *_kept("", now_ms), *_to_delete(now_ms)]
        self._activity.RecordEvents(
            RecordEventsRequest(events=rows), timeout=CALL_SECONDS, wait_for_ready=True
        )
        until(lambda: self._events_count() == len(rows) - 2 * OLD_COUNT, self.said)

    def delete(self, wait_seconds: float = 0) -> DeleteEventsResponse:
        """Ask for the deletion, as a client does that had no answer the last time."""
        request = DeleteEventsRequest(user_id=USER, event_ids=DELETED_IDS)
        request.wait.FromMilliseconds(int(1000 * wait_seconds))
        return self._activity.DeleteEvents(request, timeout=CALL_SECONDS, wait_for_ready=True)

    def delete_unanswered(self) -> None:
        """Ask a sidecar for it that dies of that."""
        with pytest.raises(grpc.RpcError) as caught:
            self.delete()
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE, self.said()

    def _answered(self) -> DeleteEventsResponse | None:
        """Ask for it once more; a native front that outlived its sidecar says at once that nobody is there."""
        try:
            return self.delete(CALL_SECONDS / 2)
        except grpc.RpcError as exc:
            if exc.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            return None

    def finish(self) -> None:
        """Let the daemons that now run see to the rest, until no row holds what was deleted."""
        assert until(self._answered, self.said).completed, self.said()
        until(lambda: not databases_with(self.store, MARK), self.said)

    def counted(self, namespace: str = "") -> dict[str, Any]:
        """Return what is counted of the user of a namespace, and of all its users."""
        with closing(ProfileReader(self.store)) as reader:
            found = reader.profile(keys.user_key(USER, namespace))
            assert found is not None
            memory, population = found.profile.memory, reader.population(namespace)
            return {
                "topics": {row.value: row.event_count for row in memory.topics},
                "events": memory.event_count,
                "topics of all": {row.value: row.event_count for row in population.topics},
                "events of all": population.event_count,
                "users": population.user_count,
                # The weights have faded by the moments between the two refreshes, one part in a million at most.
                "weight": pytest.approx(memory.total_weight, rel=1e-4),
                "weight of all": pytest.approx(population.total_weight, rel=1e-4),
            }

    def refreshes_count(self) -> int:
        """Return how many refreshes took a deletion out of the counts."""
        with closing(ProfileReader(self.store)) as reader:
            entries = reader.ledger_of(keys.user_key(USER))
            return sum(entry.reason == RefreshReason.REFRESH_REASON_EVENTS_DELETED for entry in entries)

    def said(self) -> str:
        """Return what the daemons said."""
        return f"{self.sidecar.log()}; {self.scheduler.log()}"

    def end(self) -> None:
        """End everything."""
        self.channel.close()
        self.sidecar.kill()
        self.scheduler.kill()

    def _events_count(self) -> int:
        with closing(ActivityReader(self.store)) as reader:
            return reader.events_count()


def _event(namespace: str, event_id: str, time_ms: int, *topics: str) -> Event:
    kind = "read" if topics else "session.end"
    event = Event(event_id=event_id, user_id=USER, namespace=namespace, type=kind, topics=topics)
    event.time.FromMilliseconds(time_ms)
    return event


def _kept(namespace: str, now_ms: int) -> Iterator[Event]:
    for number in range(OLD_COUNT):
        yield _event(namespace, f"old-{number}", now_ms - 40 * DAY_MS - number, "trains")
    for number in range(KEPT_COUNT):
        yield _event(namespace, f"kept-{number}", now_ms - number, "tests")
    yield _event(namespace, "end", now_ms)


def _to_delete(now_ms: int) -> Iterator[Event]:
    for number, event_id in enumerate(DELETED_IDS):
        yield _event("", event_id, now_ms - number, MARK, "trains")


@pytest.fixture
def deletion(tmp_path: Path) -> Iterator[Deletion]:
    """Events that are counted, some past retention, and none deleted yet."""
    made = Deletion(tmp_path)
    try:
        made.begin()
        yield made
    finally:
        made.end()


Faults = Callable[[Path], list[Fault]]


def is_taken_once(deletion: Deletion) -> bool:
    """Return whether all counts are those of the twin, by one refresh."""
    assert deletion.counted() == deletion.counted(TWIN)
    return deletion.refreshes_count() == 1


def test_a_killed_sidecar_deletes_once(deletion: Deletion, faults: Faults) -> None:
    """Killed before, while and after it deletes and before it clears up, and asked again: the counts are exact."""
    for point in ANSWERING:
        deletion.sidecar.kill()
        deletion.sidecar.start_dying(point)
        deletion.sidecar.wait_until_up()
        deletion.delete_unanswered()
        deletion.sidecar.wait_for_death()
        assert faults(deletion.store) == [], point
    for point in CLEARING:
        deletion.sidecar.start_dying(point)
        deletion.sidecar.wait_for_death()
        assert databases_with(deletion.store, MARK) == ["deleted"], point
    deletion.sidecar.start()
    deletion.finish()
    assert is_taken_once(deletion)
    assert faults(deletion.store) == []


def test_a_killed_scheduler_takes_a_deletion_in_once(deletion: Deletion, faults: Faults) -> None:
    """Killed at every step from the trigger to the commit and after it, it counts as if the events had never been."""
    deletion.scheduler.kill()
    assert deletion.delete().deleted_count == len(DELETED_IDS)
    for point in COUNTING:
        deletion.scheduler.start_dying(point)
        deletion.scheduler.wait_for_death()
        assert faults(deletion.store) == [], point
    deletion.scheduler.start()
    deletion.finish()
    assert is_taken_once(deletion)
    assert faults(deletion.store) == []
