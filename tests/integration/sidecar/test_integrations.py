"""What integrations do for an agent beside a sidecar that serves, is away, hangs, or comes back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ports import free_port
from waiting import PATIENCE_SECONDS, until

from foreword.clock import ManualClock
from foreword.errors import StoreError
from foreword.integrations import Personalization, User, block_of
from foreword.integrations.kept_texts import KEEP_SECONDS, PAUSE_FACTOR
from foreword.integrations.recorder import EVENTS_MAX
from foreword.local import LocalReader
from foreword.v1.event_pb2 import Feedback

ADA = User("ada", session_id="monday")
# What no call takes that asks nobody, and any takes that waits for a sidecar.
AT_ONCE_SECONDS = 0.03


class Later:
    """The machine's clock, which a test moves on."""

    def __init__(self) -> None:
        self.moved = 0.0

    def __call__(self) -> float:
        """Return seconds."""
        return time.monotonic() + self.moved


@pytest.fixture
def later() -> Later:
    """Return the clock of the test's Personalization."""
    return Later()


@pytest.fixture
def address(start: Any) -> str:
    """Where a sidecar may serve; none does."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def away(address: str, later: Later) -> Iterator[Personalization]:
    """Return one whose sidecar is away."""
    # The sidecar of these tests has the same clock.
    made = Personalization(address, clock=ManualClock(1_700_000_000_000), monotonic=later)
    yield made
    made.close()


@pytest.fixture
def personalization(running: Any, later: Later) -> Iterator[Personalization]:
    """Return one whose sidecar serves."""
    made = Personalization(
        running.address,
        monotonic=later,
        topics=lambda text: [text.split()[-1]],
        timeout_seconds=PATIENCE_SECONDS,
    )
    yield made
    made.close()


def seconds_of(call: Any) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def events_of(running: Any, user_id: str = "ada", namespace: str = "") -> list[Any]:
    rows = running.client.export(user_id, namespace=namespace)
    return [row.event for row in rows if row.HasField("event")]


def test_threads_and_loops_are_told_the_same(personalization: Personalization, running: Any) -> None:
    """The same block comes to a thread, and to each of several event loops; nobody and a stranger get none."""
    running.put("ada", text="Likes {tests}.", cuts=((14, 3),))
    block = block_of("Likes {tests}.")
    assert personalization.block(ADA) == block
    for user in (ADA._replace(session_id="tuesday"), ADA._replace(session_id="wednesday")):
        assert asyncio.run(personalization.block_async(user)) == block
    for user in (None, User("stranger")):
        assert personalization.block(user) == ""
        assert asyncio.run(personalization.block_async(user)) == ""


def test_a_conversation_keeps_its_bytes(personalization: Personalization, running: Any, later: Later) -> None:
    """A revision shows in the next conversation at once, and in a running one within five minutes."""
    running.put("ada", text="One.", cuts=((4, 3),))
    assert personalization.block(ADA) == block_of("One.")
    running.put("ada", text="Two.", cuts=((4, 3),))
    assert personalization.block(ADA) == block_of("One.")
    assert personalization.block(ADA._replace(session_id="tuesday")) == block_of("Two.")
    later.moved += KEEP_SECONDS
    assert personalization.block(ADA) == block_of("Two.")


def test_what_users_do_is_recorded(personalization: Personalization, running: Any) -> None:
    """Requests, corrections of an answer, tools, outcomes and ends arrive in order, whose they are and with topics."""
    shop = User("ada", "shop", "monday")
    personalization.request(shop, "how about tests")
    personalization.request(shop, "Shorter, please", "A long answer.")
    personalization.tool_call(shop, "search", "TimeoutError")
    personalization.outcome(shop, accepted=True, value=0.5)
    personalization.session_end(shop)
    personalization.request(None, "of nobody")
    assert personalization.flush(20)
    asked, corrected, called, outcome, ended = events_of(running, namespace="shop")
    assert (asked.type, asked.text, asked.topics[0], asked.session_id) == (
        "agent.request",
        "how about tests",
        "tests",
        "monday",
    )
    assert (corrected.type, corrected.feedback) == ("agent.follow_up", Feedback.FEEDBACK_CORRECTION)
    assert (called.item_id, dict(called.attributes)) == (
        "tool:search",
        {"tool": "search", "outcome": "error", "error_type": "TimeoutError"},
    )
    assert (outcome.type, outcome.feedback, outcome.value) == ("agent.outcome", Feedback.FEEDBACK_ACCEPT, 0.5)
    assert ended.type == "session.end"


def test_hostile_and_huge_words_are_recorded_cut(personalization: Personalization, running: Any) -> None:
    """Words longer than an event holds are cut, and lone surrogates lose nothing but themselves."""
    personalization.request(ADA, "\ud800 x " + "é" * 9000)
    personalization.tool_call(ADA, "t" * 999)
    assert personalization.flush(20)
    said, called = events_of(running)
    assert said.text.startswith("? x é")
    assert len(said.text.encode()) <= 8192
    assert len(called.item_id) == 256


def test_topics_that_fail_cost_the_topics(running: Any) -> None:
    """An application's own `topics` that raises leaves the event without any, and the agent alone."""
    made = Personalization(running.address, topics=lambda text: 1 / 0)  # type: ignore[arg-type, return-value]
    made.request(ADA, "how about tests")
    assert made.flush(20)
    made.close()
    assert [list(event.topics) for event in events_of(running)] == [[]]


def test_a_store_is_read_in_process(running: Any, address: str) -> None:
    """With `store` the same blocks come from the store, also where no sidecar serves; a conversation keeps its bytes,
    and nobody in another namespace is told.
    """
    running.put("ada", text="One.", cuts=((4, 3),))
    made = Personalization(address, store=running.store, records=False)
    assert made.block(ADA) == block_of("One.")
    running.put("ada", text="Two.", cuts=((4, 3),))
    assert made.block(ADA) == block_of("One.")
    tuesday = ADA._replace(session_id="tuesday")
    assert asyncio.run(made.block_async(tuesday)) == block_of("Two.")
    for stranger in (User("stranger"), ADA._replace(namespace="shop")):
        assert made.block(stranger) == ""
    elsewhere = Personalization(address, namespace="shop", store=running.store, records=False)
    assert elsewhere.block(tuesday) == ""
    assert elsewhere.block(tuesday._replace(namespace="")) == block_of("Two.")


def test_what_the_store_cannot_say_the_sidecar_is_asked(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read in process that fails, as after a fork, is made as a call instead."""
    running.put("ada", text="One.", cuts=((4, 3),))

    def forked(*_: Any, **__: Any) -> str:
        raise StoreError("opened before a fork")

    monkeypatch.setattr(LocalReader, "text", forked)
    made = Personalization(running.address, store=running.store, records=False)
    assert made.block(ADA) == block_of("One.")
    assert asyncio.run(made.block_async(ADA._replace(session_id="tuesday"))) == block_of("One.")


def test_without_a_sidecar_one_call_waits(away: Personalization) -> None:
    """The first read looks for a sidecar within the time allowed; those after it, of whomever, take no time."""
    # Less than a client waits that is not told how long.
    assert seconds_of(lambda: away.block(ADA)) < 2
    times = [seconds_of(lambda name=str(number): away.block(User(name))) for number in range(50)]
    assert min(times) < AT_ONCE_SECONDS / 10
    assert sorted(times)[-5] < AT_ONCE_SECONDS


def test_handing_over_an_event_takes_no_time(away: Personalization) -> None:
    """Without a sidecar events wait, the newest thousand of them, and nobody waits for them."""
    times = [seconds_of(lambda: away.request(ADA, "tests")) for _ in range(EVENTS_MAX * 2)]
    assert sorted(times)[len(times) // 2] < AT_ONCE_SECONDS / 30
    assert not away.flush(0.01)


def test_events_outlive_a_restart(away: Personalization, address: str, start: Any) -> None:
    """What was done while the sidecar was away is recorded once it is back, in order, the newest thousand."""
    for number in range(EVENTS_MAX + 5):
        away.request(ADA, f"ask {number}")
    # Not while a first call with the oldest is still looking for a sidecar: it would find this one.
    recorder: Any = away._recorder
    until(lambda: len(recorder._events) == EVENTS_MAX, "the newest to wait")
    running = start(start.config(sidecar={"listen": [address]}))
    assert away.flush(20)
    texts = [event.text for event in events_of(running)]
    assert texts == [f"ask {number}" for number in range(5, EVENTS_MAX + 5)]


def test_a_sidecar_that_hangs_costs_one_wait(running: Any, later: Later) -> None:
    """One read waits as long as is allowed, then none for ten times that; afterwards users are read again."""
    running.put("ada", text="One.", cuts=((4, 3),))
    personalization = Personalization(running.address, monotonic=later, records=False)
    # Once it is connected: that may take a busy machine longer than is allowed.
    until(lambda: personalization.block(ADA._replace(session_id="sunday")) == block_of("One."))
    hang, hanging = threading.Event(), threading.Event()

    def block() -> None:
        hanging.set()
        hang.wait(20)

    running.loop.call_soon_threadsafe(block)
    assert hanging.wait(20)
    try:
        assert seconds_of(lambda: personalization.block(ADA)) >= 0.4
        assert min(seconds_of(lambda: personalization.block(ADA)) for _ in range(20)) < AT_ONCE_SECONDS / 10
    finally:
        hang.set()
    assert personalization.block(ADA) == ""
    later.moved += PAUSE_FACTOR
    until(lambda: personalization.block(ADA) == block_of("One."))
    personalization.close()


def test_an_event_that_is_refused_holds_up_no_other(running: Any, personalization: Personalization) -> None:
    """A user id that no store takes costs its own events, and an outage none."""
    personalization.request(User("x" * 999), "tests")
    personalization.request(ADA, "tests")
    assert personalization.flush(20)
    assert len(events_of(running)) == 1
    assert personalization.block(User("x" * 999)) == ""


def test_a_closed_one_drops_and_answers(running: Any) -> None:
    """After `close` nothing is recorded and nothing raised, and a second one does nothing."""
    made = Personalization(running.address)
    made.request(ADA, "tests")
    made.close()
    made.close()
    made.request(ADA, "tests")
    assert len(events_of(running)) == 1


def test_nothing_of_a_wrong_kind_raises(running: Any, personalization: Personalization) -> None:
    """Whatever an application without types hands over, its agent goes on; what can be recorded is."""
    wrong: Any
    for wrong in ("ada", b"ada", 7, 1.5, ["ada"], User(None), User(1.5)):  # type: ignore[arg-type]
        assert personalization.block(wrong) == ""
        personalization.request(wrong, "hello")
    numbered: Any = User(42, session_id=7)  # type: ignore[arg-type]
    personalization.request(numbered, "by number")
    for wrong in (None, 5, ["words"]):
        personalization.request(ADA, wrong, wrong)
        personalization.tool_call(ADA, wrong, wrong)
        personalization.outcome(ADA, value=wrong, text=wrong)
    personalization.request(ADA, "last")
    assert personalization.flush(10)
    (event,) = events_of(running, "42")
    assert (event.text, event.session_id) == ("by number", "7")
    assert events_of(running)[-1].text == "last"


def test_what_is_refused_is_said_with_its_reason(
    personalization: Personalization, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says which field was refused by which rule, once a minute, and none of the user's words."""
    for _ in range(2):
        personalization.request(User("a" * 300), "some words")
        assert personalization.flush(10)
    (said,) = [one.getMessage() for one in caplog.records if one.name == "foreword.integrations"]
    assert said == "1 events were refused; the first: FIELD_INVALID events[0].user_id (docs/errors.md)"
