"""Recording events over gRPC: what is kept, what is refused, and what happens when the disk does not take them."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from waiting import PATIENCE_SECONDS

from foreword import keys
from foreword.store import databases as db
from foreword.v1.activity_service_pb2 import RecordEventsRequest, RecordEventsResponse
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.freshness_pb2 import Freshness

METHOD = "ActivityService/RecordEvents"
ACTIVITY = "foreword.v1.ActivityService"
PROFILE = "foreword.v1.ProfileService"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def record(running: Any, *events: Any, timeout: float = 10) -> RecordEventsResponse:
    request = RecordEventsRequest(events=events).SerializeToString()
    return RecordEventsResponse.FromString(running.call(METHOD, request, timeout))


@contextmanager
def stuck_disk(running: Any) -> Iterator[None]:
    """Hold the one write transaction, as a disk that does not answer would."""
    environment = running.server._activity._writer.environment
    with environment.begin(write=True) as txn:
        yield
        txn.abort()


def test_accepted_events_are_in_the_store(running: Any) -> None:
    """An acknowledged event is stored as sent, counts for its user, and makes a trigger."""
    sent = running.event(
        "1", time={"seconds": 1_600_000_000}, topics=["a"], attributes={"depth": "deep"}, value=2.5
    )
    answer = record(running, sent, running.event("2", user_id="bob"))
    assert (answer.accepted_count, answer.duplicate_count, len(answer.refused)) == (2, 0, 0)
    activity = running.activity()
    stored = activity.events(keys.user_key("ann"))
    assert [event.event for event in stored] == [sent]
    assert activity.user(keys.user_key("ann")).event_count == 1
    assert [trigger.user_key for trigger in running.triggers()] == [
        keys.user_key("ann"),
        keys.user_key("bob"),
    ]
    activity.close()


def test_same_id_counts_once(running: Any) -> None:
    """An event sent again is a duplicate, within a batch and across batches; the same id of another user is not."""
    first = record(running, running.event("1"), running.event("1"), running.event("1", user_id="bob"))
    again = record(running, running.event("1"))
    assert (first.accepted_count, first.duplicate_count) == (2, 1)
    assert (again.accepted_count, again.duplicate_count) == (0, 1)


def test_missing_time_is_the_time_of_receipt(running: Any) -> None:
    """An event without a time gets the sidecar's."""
    record(running, running.event("1"))
    activity = running.activity()
    stored = activity.events(keys.user_key("ann"))[0]
    assert stored.time_ms == running.now_ms == stored.event.time.ToMilliseconds()
    activity.close()


def test_refused_events_are_named_and_the_others_kept(running: Any) -> None:
    """Of a batch each refused event is named with index, id, field and cause; the rest is recorded."""
    answer = record(
        running,
        running.event("good-1"),
        running.event("bad", topics=["fine", "t" * 129]),
        running.event("good-2"),
        running.event("", user_id=""),
    )
    assert answer.accepted_count == 2
    assert [(refused.index, refused.event_id, refused.field) for refused in answer.refused] == [
        (1, "bad", "events[1].topics[1]"),
        (3, "", "events[3].event_id"),
    ]
    assert answer.refused[0].message == "found 129 bytes; allowed: 1 to 128 bytes of UTF-8"
    assert answer.refused[0].reason == ErrorReason.ERROR_REASON_FIELD_INVALID


@pytest.mark.parametrize(("count", "reason"), [(0, "FIELD_INVALID"), (1001, "BATCH_TOO_LARGE")])
def test_batch_size_is_limited(running: Any, count: int, reason: str) -> None:
    """A batch of none or of more than 1,000 events is refused as a whole."""
    with pytest.raises(grpc.RpcError) as caught:
        record(running, *(running.event(str(number)) for number in range(count)))
    assert running.error_info(caught.value).reason == reason


def test_full_queue_refuses_in_words(start: Any) -> None:
    """Events beyond the queue's limit are refused with QUEUE_FULL and the setting, and nothing waiting is lost."""
    running = start(start.config(sidecar={"write_queue_events_max": 1000}))
    batch = RecordEventsRequest(events=[running.event(str(number)) for number in range(1000)])
    call = running.channel.unary_unary(f"/foreword.v1.{METHOD}")
    with stuck_disk(running):
        waiting = call.future(batch.SerializeToString(), timeout=PATIENCE_SECONDS)
        running.eventually(lambda: running.client.status().write_queue_count == 1000, "a full queue")
        with pytest.raises(grpc.RpcError) as caught:
            record(running, running.event("one too many"))
        assert running.client.profile("ann").freshness == Freshness.FRESHNESS_DEFAULT
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    info = running.error_info(caught.value)
    assert (info.reason, info.metadata["setting"]) == ("QUEUE_FULL", "sidecar.write_queue_events_max")
    assert RecordEventsResponse.FromString(waiting.result()).accepted_count == 1000
    assert running.client.status().write_queue_count == 0


def test_call_given_up_before_its_turn_writes_nothing(start: Any) -> None:
    """Events whose caller's deadline passes while they wait for the disk are not written."""
    running = start(start.config(sidecar={"group_commit_ms": 0}))
    with stuck_disk(running):
        call = running.channel.unary_unary(f"/foreword.v1.{METHOD}")
        first = call.future(
            RecordEventsRequest(events=[running.event("1")]).SerializeToString(), timeout=PATIENCE_SECONDS
        )
        activity = running.server._activity
        running.eventually(lambda: activity.waiting_events == 1, "the first to be queued")
        queue = activity._committer._queue
        running.eventually(queue.empty, "the first to be taken up")
        with pytest.raises(grpc.RpcError) as caught:
            record(running, running.event("2"), timeout=0.1)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        running.eventually(lambda: activity.waiting_events == 1, "the call to be given up")
    first.result()
    assert record(running, running.event("3")).accepted_count == 1
    reader = running.activity()
    assert list(reader.applied_ids(keys.user_key("ann"))) == ["1", "3"]
    reader.close()


def test_full_store_refuses_events_and_serves_reads(start: Any) -> None:
    """At the map's limit events are refused with STORE_FULL, reads go on, and health and status say so."""
    running = start(start.config(store={"activity_map_size_bytes": 1 << 20}))
    running.put("ann")

    def fill() -> None:
        for number in range(100):
            record(running, *(running.event(f"{number}-{n}", text="x" * 500) for n in range(100)))

    with pytest.raises(grpc.RpcError) as caught:
        fill()
    info = running.error_info(caught.value)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert info.reason == "STORE_FULL"
    assert info.metadata["setting"] == "store.activity_map_size_bytes"
    running.eventually(lambda: running.health(ACTIVITY) == NOT_SERVING, "health to say so")
    assert running.health(PROFILE) == SERVING
    assert running.health() == SERVING
    assert running.client.profile("ann").freshness == Freshness.FRESHNESS_FRESH
    assert "map size" in running.problems()["sidecar.activity"]
    assert running.activity().count(db.EVENTS) % 100 == 0


def test_full_disk_heals_by_itself(running: Any) -> None:
    """When the disk takes writes again, health turns to SERVING without a call from anyone, and not before."""
    record(running, running.event("before"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (running.store / "activity.lmdb" / "data.mdb").stat().st_size
    # No file of this process may grow beyond the store's: what a full disk does, but only to us.
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        with pytest.raises(grpc.RpcError) as caught:
            record(running, *(running.event(str(number), text="x" * 5000) for number in range(200)))
        running.eventually(lambda: running.health(ACTIVITY) == NOT_SERVING, "health to say so")
        assert running.client.profile("ann").freshness == Freshness.FRESHNESS_DEFAULT
        assert record(running, running.event("before")).duplicate_count == 1
        assert len(record(running, running.event("")).refused) == 1
        assert not running.server._activity.is_healthy
        assert "sidecar.activity" in running.problems()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert running.error_info(caught.value).reason in {"STORE_NOT_WRITABLE", "STORE_FULL"}
    running.eventually(lambda: running.health(ACTIVITY) == SERVING, "the probe to succeed")
    assert "sidecar.activity" not in running.problems()
    assert record(running, running.event("after")).accepted_count == 1


def test_reads_are_answered_while_events_pour_in(running: Any) -> None:
    """A read is answered between the slices of large batches, long before they are done."""
    running.put("ann")
    request = RecordEventsRequest(events=[running.event(str(n), text="x" * 2000) for n in range(1000)])
    call = running.channel.unary_unary(f"/foreword.v1.{METHOD}")
    waiting = [call.future(request.SerializeToString(), timeout=30) for _ in range(6)]
    done_before = 0
    while not all(future.done() for future in waiting):
        running.client.profile("ann")
        done_before += not waiting[-1].done()
    assert done_before > 3
    assert sum(RecordEventsResponse.FromString(future.result()).accepted_count for future in waiting) == 1000


def test_stored_events_survive_a_restart(start: Any) -> None:
    """What was acknowledged is there after the sidecar has stopped and started again."""
    running = start()
    record(running, running.event("1"))
    running.stop()
    again = start()
    assert record(again, again.event("1")).duplicate_count == 1


def test_many_callers_at_once_are_all_answered(running: Any) -> None:
    """Batches of several threads are committed together, and each gets its own answer."""
    answers: list[int] = []

    def work(number: int) -> None:
        answers.append(
            record(running, *(running.event(f"{number}-{n}") for n in range(number))).accepted_count
        )

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == list(range(1, 9))


def test_store_stays_within_its_folder(running: Any) -> None:
    """The store's folder and files are closed to other users."""
    record(running, running.event("1"))
    files = [running.store, *(path for path in Path(running.store).rglob("*"))]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
