"""Recording imported events through a sidecar that is busy, and without one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from foreword import keys
from foreword.client import Foreword
from foreword.clock import DAY_MS, ManualClock
from foreword.config import Config, Store
from foreword.errors import ServiceError, StoreLockedError
from foreword.importers import SidecarRecorder, StoreRecorder
from foreword.store import ActivityReader, ProfileWriter, lock_activity
from foreword.v1.activity_service_pb2 import RecordEventsResponse
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.event_pb2 import Event

NOW_MS = 1_700_000_000_000


def event(event_id: str, days_ago: int) -> Event:
    made = Event(event_id=event_id, user_id="ada", type="read")
    made.time.FromMilliseconds(NOW_MS - days_ago * DAY_MS)
    return made


class Sidecar:
    """Fails as often as told before it records."""

    def __init__(self, reason: str, failures: int) -> None:
        self.reason = reason
        self.failures = failures

    def record(self, events: Sequence[Event]) -> RecordEventsResponse:
        """Record, or fail."""
        if self.failures:
            self.failures -= 1
            raise ServiceError("not now", reason=self.reason)
        return RecordEventsResponse(accepted_count=len(events))


def _recorder(sidecar: Sidecar) -> tuple[SidecarRecorder, list[float]]:
    waits: list[float] = []
    return SidecarRecorder(cast(Foreword, sidecar), waits.append), waits


@pytest.mark.parametrize("reason", ["QUEUE_FULL", "DRAINING", "UNAVAILABLE"])
def test_what_passes_is_waited_out(reason: str) -> None:
    """A full queue and a restart delay an import, longer each time, and do not end it."""
    recorder, waits = _recorder(Sidecar(reason, 3))
    assert recorder.record([Event()]).accepted_count == 1
    assert len(waits) == 3
    assert waits == sorted(waits)


def test_what_does_not_pass_ends_at_once() -> None:
    """A full store is not waited for."""
    recorder, waits = _recorder(Sidecar("STORE_FULL", 1))
    with pytest.raises(ServiceError):
        recorder.record([Event()])
    assert waits == []


def test_patience_ends() -> None:
    """A sidecar that stays away ends the import after about a minute."""
    recorder, waits = _recorder(Sidecar("UNAVAILABLE", 1000))
    with pytest.raises(ServiceError):
        recorder.record([Event()])
    assert 30 < sum(waits) < 120


@pytest.mark.parametrize(("failures", "told"), [(2, 0), (3, 1), (8, 1)])
def test_who_waits_is_told_why(failures: int, told: int) -> None:
    """A wait of a second or more is explained, once."""
    said: list[str] = []
    sidecar = cast(Foreword, Sidecar("QUEUE_FULL", failures))
    SidecarRecorder(sidecar, lambda _: None, said.append).record([Event()])
    assert said == ["The sidecar takes no events now (QUEUE_FULL); trying again for a minute"] * told


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store that is not there yet."""
    return Store(directory=tmp_path / "store", activity_map_size_bytes=1 << 28)


def test_without_a_sidecar_its_rules_hold_all_the_same(store: Store) -> None:
    """Events written straight into the store are checked and counted as RecordEvents does."""
    events = [
        Event(event_id="1", user_id="ada", type="read"),
        Event(event_id="2", user_id="ada"),
        Event(event_id="1", user_id="ada", type="read"),
    ]
    with StoreRecorder(Config(store=store), namespace="acme") as recorder:
        answer = recorder.record(events)
    assert (answer.accepted_count, answer.duplicate_count) == (1, 1)
    assert [(refused.index, refused.field) for refused in answer.refused] == [(1, "events[1].type")]
    reader = ActivityReader(store.directory)
    user = keys.user_key("ada", "acme")
    assert [stored.event.event_id for stored in reader.events(user)] == ["1"]
    assert reader.triggers(0, 10)[0][1].user_key == user
    reader.close()


def test_what_the_scheduler_has_taken_is_not_asked_for_again(store: Store) -> None:
    """Events imported after a session's end that was taken ask for no second refresh of that session."""
    end = Event(event_id="1", user_id="ada", type="session.end")
    with StoreRecorder(Config(store=store)) as recorder:
        recorder.record([end])
        reader = ActivityReader(store.directory)
        ((place, trigger),) = reader.triggers(0, 10)
        assert trigger.session_end_ms
        with closing(ProfileWriter(store.directory, map_size_bytes=1 << 28)) as writer, writer.begin() as txn:
            txn.put_trigger_cursor(reader.environment_id, place)
        recorder.record([Event(event_id="2", user_id="ada", type="read")])
    ((_, trigger),) = reader.triggers(place, 10)
    assert not trigger.session_end_ms
    reader.close()


def test_a_time_whose_ids_are_forgotten_is_refused_here_too(store: Store) -> None:
    """An import straight into the store is refused what the sidecar would refuse, row by row, and takes the others."""
    clock = ManualClock(NOW_MS)
    old, between, before, new = (
        event(name, days) for name, days in (("o", 400), ("b", 350), ("f", 900), ("n", 1))
    )
    with StoreRecorder(Config(store=store), clock=clock) as recorder:
        recorder.record([old, event("p", 300)])
        with closing(ActivityReader(store.directory)) as reader, recorder._writer.begin() as txn:
            user, today = keys.user_key("ada"), NOW_MS // DAY_MS
            txn.retention.fold(user, before_ms=NOW_MS, consumed_seq=9, limit=9, as_of_day=today)
            ids, since_ms = list(reader.ids_before(user, NOW_MS)), NOW_MS + DAY_MS
            txn.retention.ids_since(0)
            assert txn.retention.forget(user, ids, before_ms=since_ms, now_ms=since_ms) == 2
        answer = recorder.record([old, between, before, new])
    assert (answer.accepted_count, answer.duplicate_count) == (2, 0)
    assert [refused.event_id for refused in answer.refused] == ["o", "b"]
    assert {refused.reason for refused in answer.refused} == {ErrorReason.ERROR_REASON_ID_FORGOTTEN}


def test_it_never_writes_beside_a_sidecar(store: Store) -> None:
    """The sidecar's lock keeps an import out, and is free again after one."""
    with lock_activity(store.directory), pytest.raises(StoreLockedError):
        StoreRecorder(Config(store=store))
    with StoreRecorder(Config(store=store)):
        pass
    lock_activity(store.directory).release()
