"""A client whose sidecar is away, comes back, or hangs: over TCP and over a unix socket, with threads and asyncio."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ports import free_port
from waiting import PATIENCE_SECONDS, let_pass_async, until

from foreword.client import AsyncForeword, Foreword
from foreword.client.reach import WAITS_SECONDS, Reach
from foreword.errors import ServiceError

# What all the waits of a patient call take, and a tenth of it, which no call made at once comes near.
PATIENT_SECONDS = sum(WAITS_SECONDS)
AT_ONCE_SECONDS = PATIENT_SECONDS / 10


@pytest.fixture
def address(request: pytest.FixtureRequest, start: Any) -> str:
    """Where a sidecar may serve; none does. Over TCP unless a test says `unix`."""
    if getattr(request, "param", "tcp") == "unix":
        return f"unix:{start.sockets}/s.sock"
    return f"127.0.0.1:{free_port()}"


class Blocking:
    """The asyncio client, called from a thread, so that one test holds both."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncForeword(*arguments, **keywords)

    def text(self, user_id: str) -> str:
        """Return a user's text."""
        return self._loop.run_until_complete(self._client.text(user_id))

    def rest(self) -> None:
        """Let the loop do what is under way, as an application's loop does between calls."""
        self._loop.run_until_complete(let_pass_async(0.01))

    def close(self) -> None:
        """Close the client; nothing of it stays in the loop."""
        self._loop.run_until_complete(self._client.close())
        self._loop.run_until_complete(asyncio.sleep(0))
        assert not asyncio.all_tasks(self._loop)
        self._loop.close()


class Threaded(Foreword):
    """The client for threads."""

    def rest(self) -> None:
        """Leave the processor to gRPC."""
        time.sleep(0)


@pytest.fixture(params=[Threaded, Blocking])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes clients, and closes them."""
    made: list[Any] = []

    def make(*arguments: Any, **keywords: Any) -> Any:
        made.append(request.param(*arguments, **keywords))
        return made[-1]

    yield make
    for client in made:
        client.close()


def seconds_of(call: Callable[[], Any]) -> float:
    start_seconds = time.perf_counter()
    call()
    return time.perf_counter() - start_seconds


def failing(client: Any) -> None:
    with pytest.raises(ServiceError):
        client.text("ann")


def quickest(call: Callable[[], Any], tries: int = 20) -> float:
    """The least of some: another process may hold the processor during any one."""
    return min(seconds_of(call) for _ in range(tries))


@pytest.mark.parametrize(("address", "raises"), [("tcp", False), ("unix", True)], indirect=["address"])
def test_after_a_failure_calls_are_answered_at_once(
    address: str, connect: Callable[..., Any], raises: bool
) -> None:
    """The first call that finds no sidecar waits for one to be back; those after it do not, raising or not."""
    client = connect(address, raises=raises)
    call = (lambda: failing(client)) if raises else (lambda: client.text("ann"))
    assert seconds_of(call) >= PATIENT_SECONDS
    assert quickest(call) < AT_ONCE_SECONDS


@pytest.mark.parametrize(
    ("address", "connect"),
    [("tcp", Threaded), ("tcp", Blocking), ("unix", Threaded)],
    indirect=True,
)
def test_a_sidecar_that_is_back_is_found_behind_the_calls(
    address: str, connect: Callable[..., Any], start: Any
) -> None:
    """A client that failed is served again, without a call having waited for it, and is patient again."""
    client = connect(address)
    assert client.text("ann") == ""
    running = start(start.config(sidecar={"listen": [address]}))
    running.put("ann", text="One.", cuts=((4, 3),))
    longest = 0.0
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (text := ask(client, times := [])):
        longest = max(longest, *times)
        assert time.monotonic() < deadline
    assert text == "One."
    assert longest < PATIENT_SECONDS
    running.stop()
    assert seconds_of(lambda: client.text("ann")) >= PATIENT_SECONDS
    assert quickest(lambda: client.text("ann")) < AT_ONCE_SECONDS


def ask(client: Any, times: list[float]) -> str:
    answers: list[str] = []
    times.append(seconds_of(lambda: answers.append(client.text("ann"))))
    client.rest()
    return answers[0]


def test_a_sidecar_that_hangs_costs_one_call_its_time(connect: Callable[..., Any], start: Any) -> None:
    """After a call that was never answered, calls are answered at once until the sidecar answers behind them."""
    running = start()
    running.put("ann", text="One.", cuts=((4, 3),))
    client = connect(running.address, timeout_seconds=0.5)
    # Once it is connected: that may take a busy machine longer than is allowed.
    until(lambda: client.text("ann") == "One.")
    hang, hanging = threading.Event(), threading.Event()

    def block() -> None:
        hanging.set()
        hang.wait(PATIENCE_SECONDS)

    running.loop.call_soon_threadsafe(block)
    assert hanging.wait(PATIENCE_SECONDS)
    try:
        assert seconds_of(lambda: client.text("ann")) >= 0.4
        assert quickest(lambda: client.text("ann")) < AT_ONCE_SECONDS
    finally:
        hang.set()
    until(lambda: client.text("ann") == "One." or client.rest(), "the sidecar to be found")


def test_nothing_is_left_behind(address: str, tmp_path: Path) -> None:
    """A closed client leaves no thread, whatever it was looking for."""
    before = set(threading.enumerate())
    client = Foreword(address)
    client.text("ann")
    client.text("ann")
    client.close()
    until(lambda: not set(threading.enumerate()) - before, lambda: set(threading.enumerate()) - before)


def test_many_threads_share_a_client_without_a_sidecar(address: str) -> None:
    """Calls from many threads all get their answer, none later than a patient one."""
    answers: list[str] = []
    with Foreword(address, timeout_seconds=30) as client:
        threads = [
            threading.Thread(target=lambda: answers.extend(client.text("ann") for _ in range(50)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
    assert answers == [""] * 400


def error(reason: str, *, from_sidecar: bool = False) -> ServiceError:
    return ServiceError("it failed", reason=reason, from_sidecar=from_sidecar)


@pytest.mark.parametrize(
    ("failure", "is_patient", "is_silent"),
    [
        (error("UNAVAILABLE"), False, False),
        (error("DRAINING", from_sidecar=True), False, False),
        (error("DEADLINE_EXCEEDED"), True, True),
        (error("DEADLINE_EXCEEDED", from_sidecar=True), True, False),
        (error("STORE_NOT_WRITABLE", from_sidecar=True), True, False),
        (error("FIELD_INVALID", from_sidecar=True), True, False),
    ],
)
def test_what_a_failure_says_of_the_sidecar(failure: ServiceError, is_patient: bool, is_silent: bool) -> None:
    """Only a sidecar that was not reached changes how the next call is made; one that refused is there."""
    reach = Reach()
    reach.failed(failure)
    assert (bool(reach.waits_seconds), reach.is_silent) == (is_patient, is_silent)
    reach.answered()
    assert (reach.waits_seconds, reach.is_silent) == (WAITS_SECONDS, False)


def test_the_sidecars_health_is_asked_once_at_a_time() -> None:
    """However many calls find it silent, one question is under way."""
    reach = Reach()
    assert [reach.begin_asking() for _ in range(3)] == [True, False, False]
    reach.end_asking(error("DEADLINE_EXCEEDED"))
    assert reach.is_silent
    assert reach.begin_asking()
    reach.end_asking(None)
    assert not reach.is_silent
