"""What reads ask for behind the scenes, erasing and exporting users, and what operators see."""

from __future__ import annotations

import threading
from typing import Any

import grpc
import pytest
from paths import BOTH_PATHS
from waiting import PATIENCE_SECONDS

import foreword
from foreword import keys
from foreword.cli import main
from foreword.store import databases as db
from foreword.store.user_data import export_user
from foreword.store.v1.store_pb2 import SchedulerProblem
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.operator_service_pb2 import RefreshUserRequest
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome, RefreshState
from foreword.v1.user_data_service_pb2 import EraseUserRequest

pytestmark = BOTH_PATHS

ANN = keys.user_key("ann")


def opened(running: Any) -> list[bytes]:
    return [trigger.user_key for trigger in running.triggers() if trigger.on_open_ms]


# -- on-open triggers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", ["profile", "foreword", "profiles"])
def test_reading_a_dormant_user_asks_for_a_refresh(running: Any, read: str) -> None:
    """Each way of reading a user whose row says so leaves an on-open trigger."""
    running.client.record([running.event("1")])
    running.put("ann", refresh_on_open=True)
    getattr(running.client, read)(["ann"] if read == "profiles" else "ann")
    running.eventually(lambda: opened(running) == [ANN], "the trigger")


@pytest.mark.parametrize("is_stored", [False, True])
def test_reading_a_user_not_computed_asks_for_a_refresh(running: Any, is_stored: bool) -> None:
    """A user with events and no profile, or a default one, is asked for when read."""
    running.client.record([running.event("1")])
    if is_stored:
        running.put("ann", is_default=True)
    assert running.client.profile("ann").freshness == Freshness.FRESHNESS_DEFAULT
    running.eventually(lambda: opened(running) == [ANN], "the trigger")


def test_reading_others_asks_for_nothing(running: Any) -> None:
    """Neither an unknown user nor one with a profile in force, fresh or stale, leaves a trigger or a row."""
    running.put("fresh")
    running.put("stale", stale_after_ms=1, expired_after_ms=running.now_ms * 2)
    for user_id in ("nobody", "fresh", "stale"):
        running.client.profile(user_id)
    # A trigger of a read that came later stands behind whatever those left.
    running.client.record([running.event("1")])
    running.client.profile("ann")
    running.eventually(lambda: opened(running) == [ANN], "the trigger of the known user")
    activity = running.activity()
    assert activity.count(db.USERS) == 1
    activity.close()


def test_reading_again_soon_asks_once(running: Any) -> None:
    """Within open_trigger_seconds a user makes no second trigger; after it he does."""
    running.client.record([running.event("1")])
    running.client.profile("ann")
    running.eventually(lambda: opened(running), "the first trigger")
    running.take_triggers()
    running.eventually(
        lambda: _commit(running) and running.client.status().trigger_count == 0, "it to be taken"
    )
    activity = running.activity()
    before = activity.user(ANN).trigger_seq
    running.clock.advance(59_000)
    running.client.profile("ann")
    running.client.record([running.event("other", user_id="bob")])
    assert activity.user(ANN).trigger_seq == before
    running.clock.advance(2_000)
    running.client.profile("ann")
    running.eventually(lambda: activity.user(ANN).trigger_seq > before, "the second trigger")
    activity.close()


def test_where_refreshes_are_weighed_every_read_is_noted_once_a_session(start: Any) -> None:
    """Under the policy `optimal` a read of a fresh profile leaves a trigger, a second one half an hour later."""
    scheduler = {"policy": "optimal", "refreshes_per_day": 1000}
    running = start(start.config(scheduler=scheduler))
    running.client.record([running.event("1")])
    running.put("ann")
    running.client.profiles(["ann"])
    running.eventually(lambda: opened(running) == [ANN], "the trigger")
    activity = running.activity()
    first = activity.user(ANN).trigger_seq
    running.clock.advance(1_799_000)
    running.client.profile("ann")
    running.client.record([running.event("other", user_id="bob")])
    assert activity.user(ANN).trigger_seq == first
    running.clock.advance(2_000)
    running.client.foreword("ann")
    running.eventually(
        lambda: activity.triggers(first - 1, 10)[-1][1].on_open_ms > running.now_ms - 10_000, "a second"
    )
    activity.close()


def _commit(running: Any) -> bool:
    # Counts are kept for a moment of the sidecar's time, which a test has to move.
    running.clock.advance(1)
    return True


# -- erasing ----------------------------------------------------------------------------------------------------


def erase_with_scheduler(running: Any, user_id: str) -> Any:
    """Erase while a stand-in for the scheduler takes the trigger."""
    done = threading.Event()

    def schedule() -> None:
        while not done.is_set():
            running.take_triggers()
            done.wait(0.01)

    thread = threading.Thread(target=schedule)
    thread.start()
    try:
        return running.client.erase(user_id)
    finally:
        done.set()
        thread.join()


def test_erased_user_is_gone_everywhere(running: Any) -> None:
    """An erasure removes the rows of all databases, counts them, and leaves nothing of the user's name."""
    running.put("ann")
    running.client.record([running.event("1"), running.event("2"), running.event("3", user_id="anna")])
    refused = running.store / "imports" / "events.0123.refused.jsonl"
    refused.parent.mkdir()
    refused.write_text('{"line": 1, "reason": "no type", "row": "ann,"}\n')
    answer = erase_with_scheduler(running, "ann")
    assert answer.complete
    assert answer.pending == ""
    counts = {count.store: count.rows for count in answer.counts}
    assert counts["activity.events"] == counts["activity.applied"] == 2
    assert counts["activity.users"] == counts["profiles.profiles"] == counts["profiles.revisions"] == 1
    assert counts["imports.refused"] == 1
    assert not refused.exists()
    assert list(running.client.export("ann")) == []
    activity = running.activity()
    assert activity.erasures() == []
    assert ANN not in [trigger.user_key for trigger in running.triggers()]
    assert activity.count(db.EVENTS) == 1
    activity.close()


def test_pending_erasure_is_served_as_unknown(running: Any) -> None:
    """Without a scheduler the answer says what is pending, and the user is served as unknown from then on."""
    running.put("ann", text="secret", cuts=((6, 2),))
    answer = running.client.erase("ann", wait_seconds=0.05)
    assert not answer.complete
    assert "scheduler" in answer.pending
    assert running.client.profile("ann").freshness == Freshness.FRESHNESS_DEFAULT
    assert running.client.profiles(["ann"])[0].freshness == Freshness.FRESHNESS_DEFAULT
    assert running.client.text("ann") == ""
    assert [record.WhichOneof("record") for record in running.client.export("ann")][:1] == ["erasure"]
    running.take_triggers()
    running.eventually(lambda: not running.server._profiles.hidden, "the receipt to be seen")
    running.put("ann", text="anew", cuts=((4, 2),))
    assert running.client.text("ann") == "anew"


def test_pending_erasure_survives_a_restart(start: Any) -> None:
    """A sidecar that starts with an erasure pending hides the user at once, and finishes it later."""
    running = start()
    running.put("ann")
    running.client.erase("ann", wait_seconds=0.05)
    running.stop()
    again = start()
    assert again.client.profile("ann").freshness == Freshness.FRESHNESS_DEFAULT
    again.take_triggers()
    again.eventually(lambda: not again.server._profiles.hidden, "the receipt to be seen")


def test_events_after_an_erasure_are_a_new_users(running: Any) -> None:
    """An event that comes while the erasure is pending is kept, and outlives it."""
    running.client.record([running.event("old")])
    running.client.erase("ann", wait_seconds=0.05)
    running.client.record([running.event("new"), running.event("old")])
    running.take_triggers()
    running.eventually(lambda: not running.server._profiles.hidden, "the receipt to be seen")
    activity = running.activity()
    assert sorted(activity.applied_ids(ANN)) == ["new", "old"]
    assert activity.user(ANN).event_count == 2
    activity.close()


def test_repeated_erasure_waits_for_its_own_receipt(running: Any) -> None:
    """A second erasure is not answered by the receipt of the first, which may be older than what came between."""
    running.put("ann")
    running.client.erase("ann", wait_seconds=0.05)
    activity = running.activity()
    (_, first), *_ = activity.erasures()
    with running.profiles.begin() as txn:
        txn.erase(ANN)
    running.put("ann", text="computed since", cuts=((14, 2),))
    answer = running.client.erase("ann", wait_seconds=0.05)
    (_, second), *_ = activity.erasures()
    assert first.erase_id != second.erase_id
    assert not answer.complete
    assert erase_with_scheduler(running, "ann").complete
    assert running.client.text("ann") == ""
    activity.close()


@pytest.fixture
def early_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits ends half a minute before its caller's deadline: a tenth of a second is not enough everywhere."""
    monkeypatch.setattr("sidecar.refresh_wait._ANSWER_SECONDS", PATIENCE_SECONDS)


def test_wait_of_an_erasure_ends_with_the_callers_deadline(running: Any, early_answers: None) -> None:
    """A caller with less time than the wait still gets the answer that says what is pending."""
    request = EraseUserRequest(user_id="ann", wait={"seconds": 60}).SerializeToString()
    answer = running.call("UserDataService/EraseUser", request, timeout=PATIENCE_SECONDS + 0.2)
    assert b"scheduler" in answer


# -- exporting --------------------------------------------------------------------------------------------------


def test_export_holds_every_record_of_the_user(running: Any) -> None:
    """An export streams what each database keeps of one user, and nothing of another."""
    revisions = [
        running.put("ann", text="one", cuts=((3, 1),)),
        running.put("ann", text="two", cuts=((3, 1),)),
    ]
    with running.profiles.begin() as txn:
        txn.schedule(ANN, RefreshState(due_ms=77, consumed_seq=1))
        txn.append_ledger(LedgerEntry(user_key=ANN, cost_micro_usd=5))
        txn.append_ledger(LedgerEntry(user_key=keys.user_key("bob")))
    running.client.record([running.event(str(number), time={"seconds": number + 1}) for number in range(450)])
    running.client.record([running.event("b", user_id="bob")])
    records: dict[str, list[Any]] = {}
    for record in running.client.export("ann"):
        kind = record.WhichOneof("record")
        records.setdefault(record.store, []).append(getattr(record, kind))
    assert [event.event_id for event in records["activity.events"]] == [str(number) for number in range(450)]
    assert sorted(records["activity.applied"], key=int) == [str(number) for number in range(450)]
    assert records["activity.users"][0].event_count == 450
    assert records["activity.triggers"][0].user_key == ANN
    assert [profile.revision for profile in records["profiles.revisions"]] == revisions
    assert records["profiles.profiles"][0].revision == revisions[-1]
    assert records["profiles.forewords"][0].text == "two"
    assert records["profiles.watermarks"][0].consumed_seq == 1
    assert records["profiles.due"] == [77]
    assert [entry.cost_micro_usd for entry in records["profiles.ledger"]] == [5]


def test_both_exports_are_the_same(running: Any) -> None:
    """The sidecar streams record for record what `foreword export` reads from the store while no sidecar runs."""
    for text in ("one", "two", "three"):
        running.put("ann", text=text, cuts=((len(text), 1),))
    with running.profiles.begin() as txn:
        txn.schedule(ANN, RefreshState(due_ms=77, consumed_seq=1))
        txn.append_ledger(LedgerEntry(user_key=ANN, cost_micro_usd=5))
    running.client.record([running.event(str(number), time={"seconds": number + 1}) for number in range(450)])

    def exports() -> tuple[list[Any], list[Any]]:
        return list(running.client.export("ann")), list(export_user(running.store, ANN))

    served, stored = exports()
    assert len(served) == 1 + 1 + 450 + 450 + 1 + 1 + 3 + 1 + 1 + 1
    assert served == stored
    running.client.erase("ann", wait_seconds=0.01)
    running.client.record([running.event("late")])
    served, stored = exports()
    stores = [record.store for record in served]
    assert stores[:2] == ["activity.users", "activity.triggers"]
    assert stores.index("activity.controls") + 1 == stores.index("activity.triggers", 2)
    assert served == stored


def test_export_of_nobody_is_empty(running: Any) -> None:
    """A user nobody knows has no records, which is no error."""
    assert list(running.client.export("nobody")) == []


def test_export_refuses_a_bad_user_id(running: Any) -> None:
    """A streaming call is refused with the same details as a unary one."""
    call = running.channel.unary_stream("/foreword.v1.UserDataService/ExportUser")
    with pytest.raises(grpc.RpcError) as caught:
        list(call(b"", timeout=5))
    assert running.error_info(caught.value).metadata["field"] == "user_id"


# -- operating --------------------------------------------------------------------------------------------------


def test_status_counts_what_is_there(running: Any) -> None:
    """GetStatus counts users by segment and freshness, and rows, triggers and due users."""
    day_ms = 86_400_000
    running.put("a", segment=Segment.SEGMENT_NEW)
    running.put("b", stale_after_ms=1, expired_after_ms=running.now_ms + day_ms)
    running.put("c", stale_after_ms=1, expired_after_ms=2)
    revision = running.put("d", is_default=True)
    with running.profiles.begin() as txn:
        txn.schedule(ANN, RefreshState(due_ms=running.now_ms - 1))
        txn.schedule(keys.user_key("later"), RefreshState(due_ms=running.now_ms + 1000))
        txn.append_ledger(LedgerEntry(outcome=RefreshOutcome.REFRESH_OUTCOME_WRITTEN))
        txn.put_scheduler_seen(running.now_ms)
    running.client.record([running.event("1"), running.event("2"), running.event("3", user_id="bob")])
    status = running.client.status()
    active, new = status.segments[1], status.segments[0]
    assert (new.segment, new.fresh_count) == (Segment.SEGMENT_NEW, 1)
    assert (active.segment, active.fresh_count) == (Segment.SEGMENT_ACTIVE, 0)
    assert (active.stale_count, active.expired_count, active.default_count) == (1, 1, 1)
    assert (status.due_count, status.trigger_count, status.user_count, status.event_count) == (1, 2, 2, 3)
    assert (status.profile_count, status.revision, status.ledger.written) == (4, revision, 1)
    assert (status.events_accepted, status.version) == (3, foreword.__version__)
    assert status.now.ToMilliseconds() == status.scheduler_seen_at.ToMilliseconds() == running.now_ms
    assert list(status.problems) == []


def test_status_counts_triggers_not_yet_taken(running: Any) -> None:
    """Triggers that the scheduler has taken do not count, though maintenance has not yet dropped them."""
    running.client.record([running.event("1"), running.event("2", user_id="bob")])
    running.take_triggers()
    running.client.record([running.event("3", user_id="cid")])
    assert running.client.status().trigger_count == 1


def test_what_the_scheduler_has_taken_is_not_asked_for_again(running: Any) -> None:
    """An event after a session's end that was taken asks for no second refresh of that session."""
    running.client.record([running.event("1"), running.event("2", type="session.end")])
    assert [trigger.session_end_ms for trigger in running.take_triggers()] == [running.now_ms]
    running.client.record([running.event("3")])
    assert [trigger.session_end_ms for trigger in running.take_triggers()] == [0]


def test_silent_scheduler_is_a_problem(running: Any) -> None:
    """Status says when no scheduler ever ran, and when one has not shown life for long; it ends when one does."""
    assert "no scheduler has run" in running.problems()["scheduler"]
    assert not running.client.status().scheduler_running
    with running.profiles.begin() as txn:
        txn.put_scheduler_seen(running.now_ms)
    assert "scheduler" not in running.problems()
    assert running.client.status().scheduler_running
    running.clock.advance(90_000)
    assert "not shown life for 90 s" in running.problems()["scheduler"]
    assert not running.client.status().scheduler_running


@pytest.mark.parametrize(("sweep_seconds", "said"), [(5, "no scheduler runs since"), (60, "last seen at")])
def test_refresh_judges_the_scheduler_as_the_status_does(
    start: Any, capsys: pytest.CaptureFixture[str], sweep_seconds: float, said: str
) -> None:
    """What `foreword refresh` says of a scheduler that keeps it waiting follows from the configured sweep."""
    running = start(start.config(scheduler={"sweep_seconds": sweep_seconds}))
    with running.profiles.begin() as txn:
        txn.put_scheduler_seen(running.now_ms)
    running.client.record([running.event("1", user_id="ann")])
    running.clock.advance(100_000)
    assert main(["refresh", "ann", "--wait", "0.01", "--address", running.address]) == 1
    assert said in capsys.readouterr().err


def test_what_the_scheduler_reports_is_listed(running: Any) -> None:
    """Status lists what was wrong when the scheduler last showed life, with its time, until it is well again."""
    reported = SchedulerProblem(message="the changed file was refused", since_ms=running.now_ms - 5000)
    with running.profiles.begin() as txn:
        txn.put_scheduler_seen(running.now_ms, [reported])
    (problem,) = running.client.status().problems
    assert (problem.component, problem.message) == ("scheduler", "the changed file was refused")
    assert problem.since.ToMilliseconds() == running.now_ms - 5000
    with running.profiles.begin() as txn:
        txn.put_scheduler_seen(running.now_ms)
    assert running.problems() == {}


def test_refresh_is_recorded_without_waiting(running: Any) -> None:
    """RefreshUser leaves a manual trigger and, unless asked to wait, answers at once."""
    running.client.record([running.event("1", user_id="ann")])
    answer = running.client.refresh("ann")
    assert not answer.completed
    assert answer.requested_at.ToMilliseconds() == running.now_ms
    assert [trigger.manual_ms for trigger in running.triggers() if trigger.manual_ms] == [running.now_ms]


@pytest.mark.parametrize("is_full", [False, True])
def test_nothing_is_kept_of_whom_a_refresh_finds_unknown(running: Any, is_full: bool) -> None:
    """A mistyped id, or one that was just erased, makes no user: it is answered at once, and leaves no row."""
    running.client.record([running.event("1", user_id="ann")])
    running.client.erase("ann", wait_seconds=0)
    running.take_triggers()
    running.eventually(lambda: not list(running.client.export("ann")), "the erasure to be over")
    before = running.triggers()
    for user_id in ("ann", "an"):
        answer = running.client.refresh(user_id, 1, full=is_full)
        assert (answer.completed, answer.revision) == (True, 0)
        assert answer.outcome == RefreshOutcome.REFRESH_OUTCOME_UNCHANGED
        assert list(running.client.export(user_id)) == []
    assert running.triggers() == before


def test_refresh_waits_for_its_end(running: Any) -> None:
    """With a wait, the answer comes when an attempt that began after the request is recorded."""
    running.client.record([running.event("1", user_id="ann")])
    with running.profiles.begin() as txn:
        txn.schedule(
            ANN, RefreshState(attempted_ms=running.now_ms - 1, outcome=RefreshOutcome.REFRESH_OUTCOME_WRITTEN)
        )
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(running.client.refresh("ann", wait_seconds=10)))
    thread.start()
    running.eventually(lambda: [one for one in running.triggers() if one.manual_ms], "the manual trigger")
    failed = RefreshOutcome.REFRESH_OUTCOME_FAILED
    with running.profiles.begin() as txn:
        txn.schedule(
            ANN, RefreshState(attempted_ms=running.now_ms, outcome=failed, error="too large", revision=3)
        )
    thread.join()
    (answer,) = answers
    assert (answer.completed, answer.outcome, answer.error, answer.revision) == (True, failed, "too large", 3)


def test_refresh_without_scheduler_ends_with_the_wait(running: Any, early_answers: None) -> None:
    """When nobody refreshes, the wait runs out and the answer says so; a long one ends before the deadline."""
    running.client.record([running.event("1", user_id="ann")])
    assert not running.client.refresh("ann", wait_seconds=0.05).completed
    request = RefreshUserRequest(user_id="ann", wait={"seconds": 60}).SerializeToString()
    assert running.call("OperatorService/RefreshUser", request, timeout=PATIENCE_SECONDS + 0.2)


@pytest.mark.parametrize("seconds", [-1, 61])
def test_wait_is_limited(running: Any, seconds: int) -> None:
    """A wait is 0 to 60 seconds."""
    request = RefreshUserRequest(user_id="ann", wait={"seconds": seconds}).SerializeToString()
    with pytest.raises(grpc.RpcError) as caught:
        running.call("OperatorService/RefreshUser", request)
    assert running.error_info(caught.value).metadata["field"] == "wait"


# -- maintenance ------------------------------------------------------------------------------------------------


def test_taken_triggers_and_old_events_are_dropped(start: Any) -> None:
    """Maintenance drops triggers behind the cursor and consumed events past retention, and nothing else."""
    running = start(start.config(sidecar={"maintenance_seconds": 0.02}))
    day = 86_400
    now = running.now_ms // 1000
    running.client.record(
        [
            running.event("old", time={"seconds": now - 91 * day}),
            running.event("young", time={"seconds": now - 89 * day}),
            running.event("old", user_id="bob", time={"seconds": now - 91 * day}),
        ]
    )
    with running.profiles.begin() as txn:
        txn.schedule(ANN, RefreshState(consumed_seq=2))
    running.take_triggers()
    running.client.record([running.event("new", user_id="cid")])
    activity = running.activity()
    running.eventually(lambda: activity.count(db.EVENTS) == 3, "the old event to go")
    running.eventually(lambda: activity.count(db.TRIGGERS) == 1, "the taken triggers to go")
    assert [event.event.event_id for event in activity.events(ANN)] == ["young"]
    assert [event.event.event_id for event in activity.events(keys.user_key("bob"))] == ["old"]
    assert activity.user(ANN).trigger_seq == 0
    assert running.client.record([running.event("old")]).duplicate_count == 1
    activity.close()
