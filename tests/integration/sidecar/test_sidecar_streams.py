"""Streams of lookups and of events, and how streams end with the sidecar."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

import grpc
import pytest
from paths import BOTH_PATHS
from waiting import PATIENCE_SECONDS

from foreword.client import AsyncForeword, Foreword
from foreword.errors import FieldError, ServiceError
from foreword.store.check import inspect_store
from foreword.v1.activity_service_pb2 import StreamEventsRequest, StreamEventsResponse
from foreword.v1.activity_service_pb2_grpc import ActivityServiceStub
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.event_pb2 import Event
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_service_pb2 import (
    GetProfileRequest,
    GetProfileResponse,
    LookupProfilesRequest,
    LookupProfilesResponse,
    WatchProfilesRequest,
)
from foreword.v1.profile_service_pb2_grpc import ProfileServiceStub

pytestmark = BOTH_PATHS

# More than fits between a client and a server that keep what is sent.
UNREAD = 4000
WRONG = ErrorReason.ERROR_REASON_FIELD_INVALID


def look_up(running: Any, requests: Iterable[LookupProfilesRequest]) -> list[LookupProfilesResponse]:
    return list(ProfileServiceStub(running.channel).LookupProfiles(iter(requests), timeout=PATIENCE_SECONDS))


def feed(running: Any, *messages: list[Event]) -> StreamEventsResponse:
    requests = [StreamEventsRequest(events=events) for events in messages]
    stub = ActivityServiceStub(running.channel)
    answer: StreamEventsResponse = stub.StreamEvents(iter(requests), timeout=PATIENCE_SECONDS)
    return answer


def until_closed(queue: SimpleQueue[Any]) -> Iterator[Any]:
    """Yield what a test puts, until it puts None: a caller who says more later."""
    while (message := queue.get()) is not None:
        yield message


# -- lookups ------------------------------------------------------------------------------------------------------


def test_lookups_are_what_get_profile_says(running: Any) -> None:
    """Each answer is GetProfile's, but for the caller's number, in the order of the requests."""
    running.put("ann", text="Likes tests.")
    running.put("bob", is_default=True)
    running.put("cid", stale_after_ms=running.now_ms)
    names = ["ann", "nobody", "bob", "ann", "cid"]
    found = look_up(
        running, [LookupProfilesRequest(user_id=name, lookup_id=i) for i, name in enumerate(names)]
    )
    assert [each.lookup_id for each in found] == [0, 1, 2, 3, 4]
    for name, answer in zip(names, found, strict=True):
        answer.lookup_id = 0
        asked = GetProfileRequest(user_id=name).SerializeToString()
        expected = GetProfileResponse.FromString(running.call("ProfileService/GetProfile", asked))
        # The one is the other with a number more, on the wire too.
        assert GetProfileResponse.FromString(answer.SerializeToString()) == expected


def test_a_refused_lookup_is_an_answer(running: Any) -> None:
    """A lookup that names nobody is refused by its field, and those behind it are answered."""
    running.put("ann")
    requests = [
        LookupProfilesRequest(user_id="", lookup_id=7),
        LookupProfilesRequest(user_id="ann", namespace="n" * 65, lookup_id=8),
        LookupProfilesRequest(user_id="ann", lookup_id=9),
    ]
    empty, long, good = look_up(running, requests)
    assert (empty.lookup_id, empty.refusal.field, empty.refusal.reason) == (7, "user_id", WRONG)
    assert not empty.HasField("profile")
    assert (long.lookup_id, long.refusal.field) == (8, "namespace")
    assert (good.lookup_id, good.profile.revision) == (9, 1)


def test_lookups_see_what_is_written_meanwhile(running: Any) -> None:
    """A stream that stays open answers each lookup by the newest revision."""
    asked: SimpleQueue[LookupProfilesRequest | None] = SimpleQueue()
    answers = ProfileServiceStub(running.channel).LookupProfiles(
        until_closed(asked), timeout=PATIENCE_SECONDS
    )
    for revision in range(1, 4):
        running.put("ann")
        asked.put(LookupProfilesRequest(user_id="ann"))
        assert next(answers).profile.revision == revision
    asked.put(None)
    assert list(answers) == []


def test_a_lookup_asks_for_a_refresh(running: Any) -> None:
    """Looking up somebody who was never computed starts their refresh, as GetProfile does."""
    running.client.record(user_id="new", type="view")
    running.take_triggers()
    list(running.client.lookup(["new"]))
    running.eventually(lambda: any(trigger.on_open_ms for trigger in running.triggers()))


def test_what_is_no_message_ends_the_stream(running: Any) -> None:
    """Bytes that are no request end the stream with the field at fault."""
    call = running.channel.stream_stream("/foreword.v1.ProfileService/LookupProfiles")
    with pytest.raises(grpc.RpcError) as failure:
        list(call(iter([b"\xff"]), timeout=PATIENCE_SECONDS))
    assert running.error_info(failure.value).metadata["field"] == "request"


def test_who_reads_no_answers_holds_up_nobody_else(running: Any) -> None:
    """While a stream of lookups is not read, other calls of the same connection are answered; later it goes on."""
    running.put("ann", semantic_summary="x" * 2000)
    stub = ProfileServiceStub(running.channel)
    requests = [LookupProfilesRequest(user_id="ann", lookup_id=number) for number in range(UNREAD)]
    unread = [stub.LookupProfiles(iter(requests), timeout=PATIENCE_SECONDS) for _ in range(4)]
    assert len(look_up(running, requests[:50])) == 50
    for _ in range(20):
        asked = GetProfileRequest(user_id="ann").SerializeToString()
        assert running.call("ProfileService/GetProfile", asked)
    for call in unread:
        assert [answer.lookup_id for answer in call] == list(range(UNREAD))


def test_a_stream_that_is_given_up_makes_room(start: Any) -> None:
    """Lookups that their caller cancels, or whose deadline passes, no longer count among the streams."""
    running = start(start.config(sidecar={"streams_max": 1}))
    stub = ProfileServiceStub(running.channel)
    for give_up, timeout in ((True, PATIENCE_SECONDS), (False, 2.0)):
        held: SimpleQueue[LookupProfilesRequest | None] = SimpleQueue()
        call = stub.LookupProfiles(until_closed(held), timeout=timeout)
        held.put(LookupProfilesRequest(user_id="ann"))
        next(call)
        if give_up:
            call.cancel()
        with pytest.raises(grpc.RpcError):
            next(call)

        def is_taken() -> bool:
            with suppress(grpc.RpcError):
                return len(look_up(running, [LookupProfilesRequest(user_id="bob")])) == 1
            return False

        running.eventually(is_taken)
        held.put(None)


def test_client_looks_up(running: Any) -> None:
    """Both clients yield one answer for each user, in order."""
    for number in range(50):
        running.put(f"u{number}")
    names = [f"u{number % 50}" for number in range(500)]
    found = [answer.profile.user_id for answer in running.client.lookup(names)]
    assert found == names

    async def ask() -> list[str]:
        async with AsyncForeword(running.address) as client:
            return [answer.profile.user_id async for answer in client.lookup(names)]

    assert asyncio.run(ask()) == names


def test_client_says_which_id_is_none(running: Any) -> None:
    """An id that is no text is named by its place, after the answers to those before it."""
    running.put("ann")
    answers = running.client.lookup(["ann", 5])
    assert next(answers).profile.user_id == "ann"
    with pytest.raises(FieldError, match=r"user_ids\[1\]"):
        next(answers)


def test_lookups_go_on_after_a_restart(start: Any) -> None:
    """A client in the middle of its lookups finds the restarted sidecar, and misses nobody."""
    running = start()
    for number in range(10):
        running.put(f"u{number}")
    users: SimpleQueue[str | None] = SimpleQueue()
    with Foreword(running.address, raises=True) as client:
        answers = client.lookup(until_closed(users))
        users.put("u0")
        assert next(answers).profile.user_id == "u0"
        running.stop()
        start()
        for number in range(1, 10):
            users.put(f"u{number}")
        users.put(None)
        assert [answer.profile.user_id for answer in answers] == [f"u{number}" for number in range(1, 10)]


def test_lookups_without_a_sidecar_are_defaults(start: Any) -> None:
    """Where no sidecar answers, each user gets the default profile, or the failure is raised when asked for."""
    running = start()
    address = running.address
    running.stop()
    with Foreword(address) as client:
        found = list(client.lookup(["ann", "bob"]))
    assert [answer.profile.user_id for answer in found] == ["ann", "bob"]
    assert {answer.freshness for answer in found} == {Freshness.FRESHNESS_UNSPECIFIED}
    with Foreword(address, raises=True) as client, pytest.raises(ServiceError):
        list(client.lookup(["ann"]))


# -- feeds --------------------------------------------------------------------------------------------------------


def test_a_feed_is_recorded(running: Any) -> None:
    """All messages of a feed are summed up, good events are on disk, and the others are named by their place in it."""
    first = [running.event(f"a{number}") for number in range(3)]
    second = [running.event("a1"), running.event("", user_id="bob"), running.event("b0", user_id="bob")]
    answer = feed(running, first, second)
    assert (answer.accepted_count, answer.duplicate_count, answer.refused_count) == (4, 1, 1)
    refused = answer.refused[0]
    assert (refused.index, refused.field, refused.reason) == (4, "events[4].event_id", WRONG)
    reader = running.activity()
    assert reader.user(b"\0\2ann").event_count == 3
    assert reader.user(b"\0\2bob").event_count == 1
    reader.close()


def test_a_feed_names_the_first_thousand(running: Any) -> None:
    """A feed of nothing but bad events names the first thousand and counts them all."""
    bad = [[running.event("", user_id="ann") for _ in range(400)] for _ in range(4)]
    answer = feed(running, *bad)
    assert answer.refused_count == 1600
    assert [refused.index for refused in answer.refused] == list(range(1000))


def test_a_bad_message_says_what_is_settled(running: Any) -> None:
    """A message without events ends the feed, and the status says how many before it need not be sent again."""
    with pytest.raises(grpc.RpcError) as failure:
        feed(running, [running.event("a"), running.event("b")], [])
    info = running.error_info(failure.value)
    assert (info.reason, info.metadata["field"]) == ("FIELD_INVALID", "events")
    assert info.metadata["settled_count"] == "2"
    assert failure.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_feed_that_is_drained_says_what_is_settled(running: Any) -> None:
    """A sidecar that stops ends a feed with DRAINING, and what it had taken is on disk and counted."""
    messages: SimpleQueue[StreamEventsRequest | None] = SimpleQueue()
    messages.put(StreamEventsRequest(events=[running.event("a"), running.event("b")]))
    call = ActivityServiceStub(running.channel).StreamEvents.future(
        until_closed(messages), timeout=PATIENCE_SECONDS
    )
    running.eventually(lambda: running.client.status().events_accepted == 2)
    running.server_stop()
    info = running.error_info(call.exception())
    messages.put(None)
    assert (info.reason, info.metadata["settled_count"]) == ("DRAINING", "2")
    assert list(inspect_store(running.store)) == []


def test_a_feed_waits_for_room(start: Any) -> None:
    """A feed larger than the queue is taken as fast as the disk takes it, where single calls would be refused."""
    running = start(start.config(sidecar={"write_queue_events_max": 1000}))
    events = [[running.event(f"{part}-{number}") for number in range(500)] for part in range(12)]
    assert feed(running, *events).accepted_count == 6000


def test_client_feeds(running: Any) -> None:
    """Both clients record any number of events from a generator, in several streams."""

    def events(prefix: str) -> Iterator[dict[str, Any]]:
        for number in range(25_000):
            yield {
                "event_id": f"{prefix}{number}",
                "user_id": "ann",
                "type": "view" if number != 21_000 else "",
            }

    answer = running.client.stream_events(events("a"))
    assert (answer.accepted_count, answer.refused_count) == (24_999, 1)
    assert (answer.refused[0].index, answer.refused[0].field) == (21_000, "events[21000].type")

    async def ask() -> StreamEventsResponse:
        async with AsyncForeword(running.address, timeout_seconds=PATIENCE_SECONDS) as client:
            return await client.stream_events(events("a"))

    assert asyncio.run(ask()).duplicate_count == 24_999


def test_client_says_which_event_is_none(running: Any) -> None:
    """An event of the wrong kind is named by its place in the feed."""
    with pytest.raises(FieldError, match=r"events\[1\]\.typo"):
        running.client.stream_events([{"user_id": "ann", "type": "a"}, {"typo": 1}])


# -- limits and ends ----------------------------------------------------------------------------------------------


def test_streams_beyond_the_limit_are_refused(start: Any) -> None:
    """One stream more than the limit is refused with the setting's name, and taken once another has ended."""
    running = start(start.config(sidecar={"streams_max": 2, "watchers_max": 1}))
    stub = ProfileServiceStub(running.channel)
    held: SimpleQueue[LookupProfilesRequest | None] = SimpleQueue()
    held.put(LookupProfilesRequest(user_id="ann"))
    first = stub.LookupProfiles(until_closed(held), timeout=PATIENCE_SECONDS)
    next(first)
    watch = stub.WatchProfiles(WatchProfilesRequest(), timeout=PATIENCE_SECONDS)
    next(watch)
    with pytest.raises(grpc.RpcError) as failure:
        look_up(running, [LookupProfilesRequest(user_id="bob")])
    assert failure.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    info = running.error_info(failure.value)
    assert (info.reason, info.metadata["setting"]) == ("STREAMS_EXHAUSTED", "sidecar.streams_max")
    held.put(None)
    assert list(first) == []
    with pytest.raises(grpc.RpcError) as failure:
        list(stub.WatchProfiles(WatchProfilesRequest(), timeout=PATIENCE_SECONDS))
    assert running.error_info(failure.value).metadata["setting"] == "sidecar.watchers_max"
    assert len(look_up(running, [LookupProfilesRequest(user_id="bob")])) == 1
    watch.cancel()


def test_streams_end_with_the_sidecar(running: Any) -> None:
    """Idle lookups and watches end with DRAINING when the sidecar stops, long before the time running calls have."""
    stub = ProfileServiceStub(running.channel)
    held: SimpleQueue[LookupProfilesRequest | None] = SimpleQueue()
    held.put(LookupProfilesRequest(user_id="ann"))
    lookups = stub.LookupProfiles(until_closed(held), timeout=PATIENCE_SECONDS)
    watch = stub.WatchProfiles(WatchProfilesRequest(from_now=True), timeout=PATIENCE_SECONDS)
    next(lookups)
    next(watch)
    began = time.monotonic()
    running.server_stop()
    assert time.monotonic() - began < PATIENCE_SECONDS / 2
    for call in (lookups, watch):
        with pytest.raises(grpc.RpcError) as failure:
            list(call)
        assert failure.value.code() == grpc.StatusCode.UNAVAILABLE
        assert running.error_info(failure.value).reason == "DRAINING"
    held.put(None)


def test_who_reads_nothing_does_not_hold_the_stop(running: Any) -> None:
    """A watcher with more in flight than it takes is let go of, while a call that is under way gets its answer."""
    for number in range(200):
        running.put(f"u{number}", semantic_summary="x" * 15_000)
    running.client.record([running.event("1", user_id="u1")])
    watch = ProfileServiceStub(running.channel).WatchProfiles(WatchProfilesRequest())
    next(watch)
    # Blocked once what is in flight is full: no step is made any more.
    running.eventually(lambda: running.server._streams._watching == 1)
    answers: list[Any] = []
    slow = threading.Thread(
        target=lambda: answers.append(running.client.refresh("u1", wait_seconds=1.5)), daemon=True
    )
    slow.start()
    running.eventually(lambda: running.server._calls._single > 0)
    began = time.monotonic()
    running.server_stop()
    took = time.monotonic() - began
    slow.join(PATIENCE_SECONDS)
    assert took < PATIENCE_SECONDS / 2
    assert len(answers) == 1
    watch.cancel()
