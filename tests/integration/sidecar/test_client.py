"""The Python client against a real sidecar, and without one."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from forked import fork, run, tell

from foreword import keys
from foreword.client import AsyncForeword, Foreword
from foreword.defaults import default_profile
from foreword.errors import FieldError, ServiceError
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.event_pb2 import Event, Feedback
from foreword.v1.freshness_pb2 import Freshness

NOWHERE = "unix:/nonexistent/foreword.sock"


def stored(running: Any, user_id: str = "ann", namespace: str = "") -> list[Event]:
    activity = running.activity()
    found = [event.event for event in activity.events(keys.user_key(user_id, namespace))]
    activity.close()
    return found


def test_one_line_gives_the_text(running: Any) -> None:
    """`text` is the foreword, cut to the budget asked for."""
    running.put("ann", text="One.\nTwo.\n", cuts=((5, 3), (10, 6)))
    assert running.client.text("ann") == "One.\nTwo.\n"
    assert running.client.text("ann", 5) == "One.\n"
    assert running.client.foreword("ann", max_tokens=5).token_count == 3


def test_events_are_taken_in_every_form(running: Any) -> None:
    """An event may be given as a message, as a mapping, or by keywords; an id is made when there is none."""
    answer = running.client.record(
        [
            Event(user_id="ann", type="view", time={"seconds": 1}),
            {
                "user_id": "ann",
                "type": "read",
                "time": datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC),
                "dwell": timedelta(seconds=1.5),
                "feedback": "FEEDBACK_LIKE",
            },
            {"user_id": "ann", "type": "search", "time": "1970-01-01T00:00:03Z", "dwell": 2},
        ]
    )
    assert answer.accepted_count == 3
    assert (
        running.client.record(user_id="ann", type="like", time={"seconds": 4}, topics=["a"]).accepted_count
        == 1
    )
    events = stored(running)
    assert [(event.type, event.time.seconds) for event in events] == [
        ("view", 1),
        ("read", 2),
        ("search", 3),
        ("like", 4),
    ]
    assert (events[1].dwell.seconds, events[1].dwell.nanos) == (1, 500_000_000)
    assert events[1].feedback == Feedback.FEEDBACK_LIKE
    assert len({event.event_id for event in events}) == 4


def test_given_event_is_left_as_it_is(running: Any) -> None:
    """Recording an event changes nothing in the caller's message."""
    event = Event(user_id="ann", type="view")
    running.client.record(event)
    assert event == Event(user_id="ann", type="view")


def test_many_events_take_several_calls(running: Any) -> None:
    """More than 1,000 events are sent in batches, and refused ones are named by their place among all."""
    events = [running.event(str(number)) for number in range(1500)]
    events[1200].type = ""
    answer = running.client.record([{"user_id": 5}, *events])
    assert answer.accepted_count == 1499
    assert [(refused.index, refused.field) for refused in answer.refused] == [
        (0, "events[0].user_id"),
        (1201, "events[1201].type"),
    ]


def test_many_profiles_take_several_calls(running: Any) -> None:
    """More than 1,000 profiles are read in batches, in order, however large they are."""
    ids = [f"user-{number}" for number in range(1500)]
    assert [answer.profile.user_id for answer in running.client.profiles(ids)] == ids


def test_namespace_of_the_client_holds_unless_a_call_names_one(running: Any) -> None:
    """The client's namespace is that of its users and events; a call or an event may name another."""
    with Foreword(running.address, namespace="shop", raises=True) as client:
        assert client.profile("ann").profile.namespace == "shop"
        assert client.profile("ann", namespace="").profile.namespace == ""
        client.record(
            [{"user_id": "ann", "type": "view"}, {"user_id": "ann", "type": "read", "namespace": "lab"}]
        )
    assert [event.type for event in stored(running, namespace="shop")] == ["view"]
    assert [event.type for event in stored(running, namespace="lab")] == ["read"]


def test_refused_call_says_reason_field_and_hint(running: Any) -> None:
    """With `raises`, an error has the documented reason and a message that names the field."""
    with pytest.raises(ServiceError, match="user_id: found 257 bytes") as caught:
        running.client.profile("u" * 257)
    assert caught.value.reason == "FIELD_INVALID"


def test_hint_of_the_sidecar_arrives(start: Any) -> None:
    """What the sidecar advises the operator to do comes with the error."""
    running = start(start.config(store={"activity_map_size_bytes": 1 << 20}))
    answer = running.client.__class__(running.address, timeout_seconds=10)
    refused = answer.record([running.event(str(n), text="x" * 4000) for n in range(1000)]).refused
    answer.close()
    assert refused[0].reason == ErrorReason.ERROR_REASON_STORE_FULL
    assert "raise store.activity_map_size_bytes" in refused[0].message


CALLS: list[tuple[Callable[[Any], Any], Callable[[Any], bool]]] = [
    (lambda client: client.text("ann"), lambda answer: answer == ""),
    (
        lambda client: client.foreword("ann"),
        lambda answer: answer.freshness == Freshness.FRESHNESS_UNSPECIFIED,
    ),
    (lambda client: client.profile("ann"), lambda answer: answer.profile == default_profile("ann")),
    (
        lambda client: client.profiles(["a", "b"]),
        lambda answer: [a.profile.user_id for a in answer] == ["a", "b"],
    ),
    (lambda client: client.record(user_id="a", type="b"), lambda answer: len(answer.refused) == 1),
    (lambda client: client.refresh("ann"), lambda answer: "no sidecar answers" in answer.error),
    (lambda client: client.status(), lambda answer: "foreword up" in answer.problems[0].message),
    (
        lambda client: client.erase("ann"),
        lambda answer: not answer.complete and "no sidecar" in answer.pending,
    ),
]


@pytest.fixture(scope="module")
def lost() -> Iterator[Foreword]:
    """A client that found no sidecar before."""
    with Foreword(NOWHERE, timeout_seconds=10) as client:
        client.text("ann")
        yield client


@pytest.mark.parametrize(("call", "holds"), CALLS)
def test_no_sidecar_is_no_exception(
    lost: Foreword, call: Callable[[Any], Any], holds: Callable[[Any], bool]
) -> None:
    """Without a sidecar every call answers as if nothing were known."""
    assert holds(call(lost))


def test_no_sidecar_is_no_exception_for_asyncio_either() -> None:
    """The asyncio client answers the same."""

    async def ask_all() -> None:
        async with AsyncForeword(NOWHERE, timeout_seconds=10) as client:
            for call, holds in CALLS:
                assert holds(await call(client))

    asyncio.run(ask_all())


def test_no_sidecar_is_an_exception_when_asked_for() -> None:
    """With `raises` the failure is a ServiceError that names the address and how to start a sidecar."""
    with Foreword(NOWHERE, timeout_seconds=10, raises=True) as client, pytest.raises(ServiceError) as caught:
        client.text("ann")
    assert caught.value.reason == "UNAVAILABLE"
    assert NOWHERE in caught.value.message
    assert "foreword up" in caught.value.hint


MISTAKES: list[tuple[Callable[[Any], Any], str]] = [
    (lambda client: client.text(5), "user_id"),
    (lambda client: client.text("\ud800"), "user_id"),
    (lambda client: client.text("ann", -1), "max_tokens"),
    (lambda client: client.text("ann", "60"), "max_tokens"),
    (lambda client: client.text("ann", 60, 7), "session_id"),
    (lambda client: client.foreword(None), "user_id"),
    (lambda client: client.profile("ann", namespace=5), "namespace"),
    (lambda client: client.profiles("ann"), "user_ids"),
    (lambda client: client.profiles(["ann", 5]), "user_ids[1]"),
    (lambda client: client.profiles(5), "user_ids"),
    (lambda client: client.refresh(5), "user_id"),
    (lambda client: client.refresh("ann", "5"), "wait_seconds"),
    (lambda client: client.refresh("ann", -1), "wait_seconds"),
    (lambda client: client.erase("ann", float("nan")), "wait_seconds"),
    (lambda client: client.record(user_id="ann", type="view", topics="python"), "topics"),
    (lambda client: client.record(user_id=5, type="view"), "user_id"),
    (lambda client: client.record([{"user_id": "ann", "type": "view", "topic": ["a"]}]), "events[0].topic"),
    (lambda client: client.record("abc"), "events"),
]


@pytest.mark.parametrize(("call", "field"), MISTAKES)
def test_a_wrong_argument_is_refused_before_it_is_sent(call: Callable[[Any], Any], field: str) -> None:
    """Nobody is there to answer, yet the error names the argument; the asyncio client the same."""
    with Foreword(NOWHERE, raises=True) as client, pytest.raises(FieldError) as caught:
        call(client)
    assert caught.value.field == field

    async def same() -> Any:
        async with AsyncForeword(NOWHERE, raises=True) as async_client:
            await call(async_client)

    with pytest.raises(FieldError) as caught:
        asyncio.run(same())
    assert caught.value.field == field


@pytest.mark.parametrize(("call", "field"), MISTAKES)
def test_a_wrong_argument_is_logged_once_unless_raised(
    call: Callable[[Any], Any], field: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Without `raises` a mistake is no exception, and is said once however often it is made."""
    with Foreword(NOWHERE) as client, caplog.at_level(logging.WARNING, "foreword.client"):
        answers = [call(client) for _ in range(3)]
    assert answers[0] == answers[2]
    (record,) = caplog.records
    assert field.removeprefix("events[0].") in record.getMessage()


@pytest.mark.parametrize("call", [lambda client: client.export(5), lambda client: client.export(None)])
def test_a_wrong_argument_of_an_export_raises(call: Callable[[Any], Any]) -> None:
    """An export always raises."""
    with Foreword(NOWHERE) as client, pytest.raises(FieldError):
        list(call(client))


@pytest.mark.parametrize(
    "arguments", [{"target": 5}, {"namespace": None}, {"timeout_seconds": "2"}, {"timeout_seconds": -1}]
)
def test_a_client_is_not_made_from_wrong_arguments(arguments: dict[str, Any]) -> None:
    """Making a client raises whatever `raises` says: it happens once, when the application starts."""
    for kind in (Foreword, AsyncForeword):
        with pytest.raises(FieldError, match=next(iter(arguments))):
            kind(**arguments)


def test_one_bad_event_of_several_does_not_hinder_the_others(running: Any) -> None:
    """With `raises` too, a value of the wrong kind in one of several events refuses that event alone."""
    answer = running.client.record(
        [
            {"user_id": "ann", "type": "view"},
            {"user_id": "ann", "type": "view", "topics": "python"},
            {"user_id": "ann", "type": ""},
        ]
    )
    assert answer.accepted_count == 1
    assert [refused.field for refused in answer.refused] == ["events[1].topics", "events[2].type"]


def test_both_clients_have_the_same_calls() -> None:
    """Names, parameters and defaults of the asyncio client are those of the other."""
    sync, aio = (
        {name: member for name, member in vars(kind).items() if not name.startswith("_")}
        for kind in (Foreword, AsyncForeword)
    )
    assert sync.keys() == aio.keys()
    for name, member in sync.items():
        assert inspect.signature(member).parameters == inspect.signature(aio[name]).parameters, name


def test_export_that_fails_always_raises() -> None:
    """Part of an export must not pass for the whole, so a failing one raises in any case."""
    with Foreword(NOWHERE) as client, pytest.raises(ServiceError):
        list(client.export("ann"))


def test_restarted_sidecar_is_found_again(start: Any) -> None:
    """A client outlives a restart of the sidecar: calls in between wait for it and succeed."""
    running = start()
    with Foreword(running.address, raises=True, timeout_seconds=5) as client:
        assert client.status().version
        running.stop()
        start(with_profiles=False)
        for _ in range(20):
            assert client.status().version


def test_asyncio_client_does_the_same(running: Any) -> None:
    """The asyncio client has the same calls with the same answers."""
    running.put("ann", text="One.", cuts=((4, 3),))

    async def use() -> None:
        async with AsyncForeword(running.address, raises=True) as client:
            assert await client.text("ann") == "One."
            assert await client.foreword("ann") == running.client.foreword("ann")
            assert await client.profile("ann") == running.client.profile("ann")
            assert await client.profiles(["ann", "x"]) == running.client.profiles(["ann", "x"])
            assert (await client.record(user_id="ann", type="view")).accepted_count == 1
            assert not (await client.refresh("ann")).completed
            assert (await client.status()).event_count == 1
            stores = [record.store async for record in client.export("ann")]
            assert {"activity.events", "profiles.profiles"} <= set(stores)
            assert not (await client.erase("ann", wait_seconds=0.05)).complete
            with pytest.raises(ServiceError):
                await client.profile("")

    asyncio.run(use())


def test_asyncio_client_serves_several_loops(running: Any) -> None:
    """A client used in a second event loop connects anew there."""
    client = AsyncForeword(running.address, raises=True)
    for _ in range(2):
        assert asyncio.run(client.status()).version


def test_closed_client_fails_as_a_call(running: Any) -> None:
    """After `close` a call fails; it does not connect again behind the caller's back."""
    client = Foreword(running.address, raises=True)
    client.status()
    client.close()
    with pytest.raises(ServiceError, match="closed"):
        client.status()


def test_a_client_closed_by_another_thread_fails_as_a_call(running: Any) -> None:
    """Closed in the midst of a call, just before it is sent, a client answers as if it were closed before."""
    with Foreword(running.address, raises=True) as client:
        client.status()
        with (
            patch.object(client._tls, "have_changed", lambda: bool(client.close())),
            pytest.raises(ServiceError, match="closed"),
        ):
            client.status()


def _connect_after_a_fork(address: str) -> None:
    client = Foreword(address, raises=True)
    child = fork()
    if not child:
        tell(client.text("ann"))
        os._exit(0)
    os.waitpid(child, 0)


def test_client_made_before_a_fork_works_after_it(running: Any) -> None:
    """A client that has not called yet may be made before workers are forked."""
    running.put("ann", text="One.", cuts=((4, 3),))
    child = run(_connect_after_a_fork, running.address)
    assert child.told == ["One."], child.errors


@pytest.mark.parametrize(
    "given",
    [
        None,
        "abc",
        {"user_id": "ann", "type": "view", "time": 5},
        {"user_id": "a", "type": "x", "value": 10**400},
    ],
)
def test_what_is_no_event_is_refused_and_not_raised(given: Any) -> None:
    """Something that cannot be made an event is refused in the answer, whatever an application passes by mistake."""
    with Foreword(NOWHERE, timeout_seconds=0.2) as client:
        refused = client.record([given]).refused
    assert [one.reason for one in refused] == [ErrorReason.ERROR_REASON_FIELD_INVALID]


def test_an_id_that_cannot_be_sent_gets_the_default(running: Any) -> None:
    """An id that is no UTF-8 is answered with the default profile instead of an exception."""
    with Foreword(running.address, raises=False) as client:
        assert client.profile("\ud800").freshness == Freshness.FRESHNESS_UNSPECIFIED
        assert len(client.profiles(["ann", "\ud800"])) == 2


def test_a_thousand_events_at_all_limits_are_recorded(running: Any) -> None:
    """Large events are split over calls, so that no message exceeds what the sidecar takes."""
    attributes = {f"{number:064}": "v" * 256 for number in range(32)}
    large = {"user_id": "ann", "type": "view", "text": "x" * 8192, "attributes": attributes}
    assert running.client.record([large] * 1000).accepted_count == 1000
