"""A backfill as the scheduler carries it out: in order, once each, behind all else, and on from where it was."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import pytest

from foreword import keys
from foreword.clock import DAY_MS, HOUR_MS
from foreword.errors import StoreFullError
from foreword.store import NewEvent
from foreword.store.v1.store_pb2 import BackfillRow, PausedUser, RefreshPauses
from foreword.v1.backfill_pb2 import BackfillMode, BackfillPlan, BackfillStage
from foreword.v1.event_pb2 import Event
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshReason
from scheduler.attempt_writer import AttemptWriter
from scheduler.backfill import refreshes
from scheduler.daemon import SchedulerDaemon

if TYPE_CHECKING:
    from conftest import Store

BACKFILL = RefreshReason.REFRESH_REASON_BACKFILL
DONE, CANCELED = BackfillStage.BACKFILL_STAGE_DONE, BackfillStage.BACKFILL_STAGE_CANCELED
FAST = 10_000.0


def in_a_loop(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in an event loop."""

    @functools.wraps(story)
    def run(*given: Any, **named: Any) -> None:
        asyncio.run(story(*given, **named))

    return run


def history(store: Store, user: str, *, ago_ms: int, count: int = 1, namespace: str = "") -> None:
    """Record history of a user for a backfill, the newest event so long ago."""
    events = []
    for number in range(count):
        event = Event(event_id=f"{user}-{ago_ms}-{number}", user_id=user, type="view", topics=["a"])
        event.namespace = namespace
        time_ms = store.clock.now_ms() - ago_ms - number
        event.time.FromMilliseconds(time_ms)
        key = keys.user_key(user, namespace)
        events.append(NewEvent(key, event.event_id, time_ms, event.SerializeToString(), False))
    with store.activity.begin() as txn:
        txn.record(events, store.clock.now_ms(), for_backfill=True)
    store.clock.advance(1)


def ask(store: Store, number: int = 1, **asked: Any) -> BackfillPlan:
    """Ask for a backfill, as the sidecar does."""
    plan = BackfillPlan(
        backfill_id=bytes([number]) * 16,
        requested_ms=store.clock.now_ms(),
        users_per_second=FAST,
        is_confirmed=True,
    )
    for name, value in asked.items():
        setattr(plan, name, value)
    with store.activity.begin() as txn:
        txn.put_backfill_plan(plan)
    return plan


def row(store: Store) -> BackfillRow:
    """Return how far the backfill is."""
    return store.profiles.backfill() or BackfillRow()


async def over(store: Store, stage: BackfillStage = DONE) -> BackfillRow:
    """Wait for the end."""
    await store.until(lambda: row(store).stage == stage, lambda: f"the end: {row(store)}")
    return row(store)


@in_a_loop
async def test_newest_active_first_and_each_once(store: Store) -> None:
    """Everybody with history gets one refresh, in the order of the newest event, for the reason of the backfill."""
    for user, days in (("carl", 40), ("ada", 2), ("eve", 300), ("bob", 9)):
        history(store, user, ago_ms=days * DAY_MS, count=3)
    ask(store)
    async with store.running():
        found = await over(store)
    assert store.agent.users() == ["ada", "bob", "carl", "eve"]
    assert {entry.reason for entry in store.ledger()} == {BACKFILL}
    assert (found.counts.seen_count, found.counts.written_count) == (4, 4)
    assert found.ended_ms >= found.started_ms > 0


@in_a_loop
async def test_history_for_a_backfill_starts_no_refresh(store: Store) -> None:
    """Neither the import nor the review of all users makes anybody due; after a week without a backfill it does."""
    history(store, "ada", ago_ms=30 * DAY_MS)
    store.settings["scheduler"]["review_seconds"] = 0.05
    async with store.running():
        await store.a_while()
        assert store.ledger() == []
        assert store.profiles.refresh_state(keys.user_key("ada")) is None
        store.clock.advance(7 * DAY_MS)
        await store.until(lambda: len(store.ledger()) == 1, "the review to find the forgotten user")


@in_a_loop
async def test_an_act_of_the_user_does_not_wait_for_the_backfill(store: Store) -> None:
    """Who has history and then does something is refreshed for that, with all of the history."""
    history(store, "ada", ago_ms=30 * DAY_MS, count=5)
    async with store.running() as daemon:
        store.record("ada", ends_session=True)
        await store.attempted(daemon, 1)
    assert store.ledger()[0].reason == RefreshReason.REFRESH_REASON_SESSION_END
    assert store.ledger()[0].event_count == 6


@in_a_loop
async def test_who_needs_nothing_is_passed_over(store: Store) -> None:
    """Current profiles stay untouched; who is due for a reason of their own is left to that."""
    store.record("current", ends_session=True)
    async with store.running() as daemon:
        await store.attempted(daemon, 1)
        history(store, "new", ago_ms=DAY_MS)
        store.record("in-session")
        await store.until(lambda: store.refresh_state("in-session").due_ms > 0, "a session to be waited out")
        due = store.refresh_state("in-session").due_ms
        ask(store)
        found = await over(store)
    assert store.agent.users() == ["current", "new"]
    assert (found.counts.written_count, found.counts.current_count, found.counts.left_count) == (1, 1, 1)
    assert store.refresh_state("in-session").due_ms == due


@in_a_loop
async def test_outdated_profiles_are_brought_up_to_date(store: Store) -> None:
    """History that comes to a profile in force is taken in, and the cadence goes on."""
    store.known("ada", days=30)
    async with store.running() as daemon:
        await store.attempted(daemon, 1)
        due = store.refresh_state("ada").due_ms
        history(store, "ada", ago_ms=100 * DAY_MS, count=4)
        ask(store)
        found = await over(store)
    assert found.estimate.outdated_count == found.counts.written_count == 1
    assert store.refresh_state("ada").due_ms == due > 0


@in_a_loop
async def test_the_estimate_comes_first_and_waits_for_the_word(store: Store) -> None:
    """Nothing is refreshed before the plan is confirmed; the estimate counts who has no profile."""
    store.record("known", ends_session=True)
    async with store.running() as daemon:
        await store.attempted(daemon, 1)
        for user in ("ada", "bob"):
            history(store, user, ago_ms=DAY_MS)
        plan = ask(store, is_confirmed=False, users_per_second=4.0)
        found = await over(store, BackfillStage.BACKFILL_STAGE_ESTIMATED)
        await store.a_while()
        assert len(store.ledger()) == 1
        counted = found.estimate
        assert (counted.user_count, counted.without_profile_count, counted.refresh_count) == (3, 2, 2)
        assert counted.refresh_duration.ToMilliseconds() == 500
        assert counted.question_count == counted.cost_micro_usd == 0
        plan.is_confirmed, plan.users_per_second = True, FAST
        with store.activity.begin() as txn:
            txn.put_backfill_plan(plan)
        assert (await over(store)).counts.written_count == 2


@in_a_loop
async def test_one_namespace(store: Store) -> None:
    """Only users of the namespace are counted and refreshed."""
    for namespace in ("", "a", "b", "bb"):
        history(store, f"user-{namespace}", ago_ms=DAY_MS, namespace=namespace)
    ask(store, namespace="b")
    async with store.running():
        found = await over(store)
    assert store.agent.users() == ["user-b"]
    assert found.estimate.user_count == found.counts.seen_count == 1


@in_a_loop
async def test_a_triggered_refresh_goes_first(store: Store) -> None:
    """While a backfill has users in hand, one who is read is refreshed before the next of them."""
    for number in range(40):
        history(store, f"user{number:02}", ago_ms=(number + 1) * DAY_MS)
    store.settings["scheduler"]["concurrency"] = 1
    store.agent.delay_seconds = 0.02
    ask(store)
    async with store.running():
        await store.until(lambda: len(store.agent.calls) >= 3, "the backfill to be under way")
        store.request("user39", on_open=True)
        await store.until(lambda: "user39" in store.agent.users(), "the reader to be refreshed")
        place = store.agent.users().index("user39")
        await over(store)
    assert place < 30
    assert store.agent.users().count("user39") == 1
    assert [entry.reason for entry in store.ledger() if entry.user_key == keys.user_key("user39")] == [
        RefreshReason.REFRESH_REASON_ON_OPEN
    ]


@in_a_loop
async def test_triggers_are_looked_at_between_its_refreshes(store: Store) -> None:
    """While a backfill runs, a trigger need not wait for the next look by the clock."""
    for number in range(300):
        history(store, f"user{number:03}", ago_ms=(number + 1) * DAY_MS)
    store.settings["scheduler"] |= {"concurrency": 1, "trigger_poll_ms": 10_000}
    store.agent.delay_seconds = 0.01
    ask(store)
    async with store.running():
        await store.until(lambda: len(store.agent.calls) >= 3, "the backfill to be under way")
        store.request("user299", on_open=True)
        await store.until(lambda: "user299" in store.agent.users(), "the reader to be refreshed", seconds=8)
        assert len(store.agent.calls) < 200


@in_a_loop
async def test_a_restart_goes_on_where_it_was(store: Store) -> None:
    """Stopped in the middle and started again, the backfill refreshes nobody twice and forgets nobody."""
    users = [f"user{number:03}" for number in range(150)]
    for number, user in enumerate(users):
        history(store, user, ago_ms=(number + 1) * HOUR_MS)
    store.agent.delay_seconds = 0.001
    ask(store)
    for wanted in (20, 70):
        async with store.running():
            await store.until(lambda least=wanted: len(store.ledger()) >= least, "some to be written")
    written = row(store).counts.written_count
    assert 70 <= written < 150
    async with store.running():
        found = await over(store)
    names = [keys.split_user_key(entry.user_key)[0] for entry in store.ledger()]
    assert sorted(names) == users
    assert found.counts.seen_count == 150
    assert found.counts.written_count + found.counts.current_count == 150


@in_a_loop
async def test_a_refused_commit_loses_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users whose refresh could not be written for want of room are refreshed again, and counted once."""
    for number in range(12):
        history(store, f"user{number:02}", ago_ms=(number + 1) * DAY_MS)
    write, failing = AttemptWriter._write_together, [True]

    def refusing(self: AttemptWriter, attempts: Any) -> None:
        if failing and attempts:
            failing.pop()
            raise StoreFullError("no room")
        write(self, attempts)

    monkeypatch.setattr(AttemptWriter, "_write_together", refusing)
    ask(store)
    async with store.running():
        found = await over(store)
    assert not failing
    assert found.counts.written_count == found.counts.seen_count == 12
    assert len(store.ledger()) == 12


@in_a_loop
async def test_a_failing_user_is_counted_and_left_to_the_retry(store: Store) -> None:
    """A refresh that fails does not hold up the others, and comes again after the backoff."""
    for user in ("ada", "bob"):
        history(store, user, ago_ms=DAY_MS)
    store.agent.failing["ada"] = ValueError("no")
    ask(store)
    async with store.running():
        found = await over(store)
    assert (found.counts.failed_count, found.counts.written_count) == (1, 1)
    assert store.refresh_state("ada").reason == RefreshReason.REFRESH_REASON_RETRY


@in_a_loop
async def test_a_user_erased_on_the_way_is_gone(store: Store) -> None:
    """Erased while their refresh is under way, a user holds up nothing, and no row of progress names them."""
    for user in ("ada", "bob"):
        history(store, user, ago_ms=DAY_MS * (1 + (user == "bob")))
    store.agent.held["ada"] = asyncio.Event()
    ask(store)
    async with store.running():
        await store.until(lambda: "ada" in store.agent.users(), "the refresh to be under way")
        store.erase("ada")
        found = await over(store)
    assert (found.counts.seen_count, found.counts.written_count, found.counts.current_count) == (2, 1, 1)
    assert store.profiles.refresh_state(keys.user_key("ada")) is None
    assert b"ada" not in found.SerializeToString()
    assert found.refresh_cursor == found.question_cursor == b""


async def steer(store: Store, plan: BackfillPlan, **changed: Any) -> None:
    """Change the plan, as the sidecar does."""
    for name, value in changed.items():
        setattr(plan, name, value)
    with store.activity.begin() as txn:
        txn.put_backfill_plan(plan)


@in_a_loop
async def test_paused_resumed_canceled(store: Store) -> None:
    """A paused backfill begins nothing, a resumed one goes on, a canceled one ends and what it wrote stays."""
    for number in range(400):
        history(store, f"user{number:03}", ago_ms=(number + 1) * DAY_MS)
    store.agent.delay_seconds = 0.002
    plan = ask(store, users_per_second=100.0)
    async with store.running() as daemon:
        await store.until(lambda: len(store.ledger()) >= 5, "some to be written")
        await steer(store, plan, is_paused=True)
        await over(store, BackfillStage.BACKFILL_STAGE_PAUSED)
        await store.until(lambda: daemon.runner.in_flight_count == 0, "what is under way to end")
        count = len(store.ledger())
        await store.a_while()
        assert len(store.ledger()) == count
        await steer(store, plan, is_paused=False)
        await store.until(lambda: len(store.ledger()) > count, "it to go on")
        await steer(store, plan, is_canceled=True)
        found = await over(store, CANCELED)
        await store.until(lambda: daemon.runner.in_flight_count == 0, "what is under way to end")
        count = len(store.ledger())
        await store.a_while()
        assert len(store.ledger()) == count < 400
    assert found.ended_ms > 0
    assert store.profiles.profiles_count() == count


@in_a_loop
async def test_a_segment_that_is_never_refreshed_stays_so(store: Store) -> None:
    """What the rule of a segment forbids a backfill does not do, and counts."""
    store.settings["segments"] = {"dormant": {"refresh": "never"}}
    history(store, "dormant", ago_ms=300 * DAY_MS)
    history(store, "new", ago_ms=DAY_MS)
    ask(store)
    async with store.running():
        found = await over(store)
    assert store.agent.users() == ["new"]
    assert found.estimate.skipped_count == found.counts.skipped_count == 1
    assert found.estimate.refresh_count == 1


@in_a_loop
async def test_a_pause_of_all_refreshes_holds_it(store: Store) -> None:
    """While an operator has paused all refreshes the backfill waits; of a paused segment it leaves the users."""
    history(store, "new", ago_ms=DAY_MS)
    history(store, "dormant", ago_ms=300 * DAY_MS)
    with store.activity.begin() as txn:
        txn.put_pauses(RefreshPauses(since_ms={"": 1}))
    ask(store)
    async with store.running():
        await store.until(lambda: row(store).stage == BackfillStage.BACKFILL_STAGE_RUNNING, "it to begin")
        await store.a_while()
        assert store.ledger() == []
        with store.activity.begin() as txn:
            txn.put_pauses(RefreshPauses(since_ms={"dormant": 1}))
        found = await over(store)
    assert store.agent.users() == ["new"]
    assert (found.counts.written_count, found.counts.left_count) == (1, 1)


@in_a_loop
async def test_who_is_paused_by_name_is_left(store: Store) -> None:
    """A backfill passes over a user who is paused by name, counts them as left, and ends."""
    history(store, "ann", ago_ms=DAY_MS)
    history(store, "bob", ago_ms=2 * DAY_MS)
    with store.activity.begin() as txn:
        txn.put_pauses(RefreshPauses(users=[PausedUser(user_key=keys.user_key("ann"), since_ms=1)]))
    ask(store)
    async with store.running():
        found = await over(store)
    assert store.agent.users() == ["bob"]
    assert (found.counts.written_count, found.counts.left_count) == (1, 1)


@in_a_loop
async def test_a_plan_of_before_is_not_taken_up_again(store: Store) -> None:
    """An activity store that was restored from a backup does not bring an older backfill back."""
    history(store, "ada", ago_ms=DAY_MS)
    former = ask(store, 1)
    async with store.running():
        await over(store)
        store.clock.advance(1000)
        ask(store, 2)
        await store.until(lambda: row(store).plan.backfill_id == bytes([2]) * 16, "the second")
        await over(store)
        with store.activity.begin() as txn:
            txn.put_backfill_plan(former)
        await store.a_while()
    assert row(store).plan.backfill_id == bytes([2]) * 16


@in_a_loop
async def test_memory_is_bounded_by_passes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for few users at once, the order over several passes is the same."""
    users = [f"user{number:02}" for number in range(23)]
    for number, user in enumerate(users):
        history(store, user, ago_ms=(1 + (number * 7) % 23) * DAY_MS)
    wanted = sorted(users, key=lambda user: (users.index(user) * 7) % 23)
    small: Callable[..., Any] = refreshes.NewestFirst
    monkeypatch.setattr(refreshes, "NewestFirst", lambda *given, **named: small(*given, **named, held_max=4))
    ask(store)
    async with store.running():
        await over(store)
    assert store.agent.users() == wanted


@in_a_loop
async def test_extractive_mode_asks_no_model(store: Store) -> None:
    """The mode is kept in the row, and nobody is queued."""
    history(store, "ada", ago_ms=DAY_MS, count=5)
    ask(store, mode=BackfillMode.BACKFILL_MODE_EXTRACTIVE)
    async with store.running():
        found = await over(store)
    assert found.are_questions_done
    assert found.counts.queued_count == 0
    assert store.ledger()[0].outcome == RefreshOutcome.REFRESH_OUTCOME_WRITTEN


def test_daemon_has_one_follower(store: Store) -> None:
    """The runner's spare work is the backfill's."""
    daemon = SchedulerDaemon(store.config, store.clock)
    assert daemon.runner.spare is daemon.backfill.refreshes
    daemon._closing.close()
