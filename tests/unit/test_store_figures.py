"""What a store tells a plan: counted by hand in a store made for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from foreword import keys
from foreword.clock import DAY_MS, HOUR_MS
from foreword.errors import StoreMissingError
from foreword.store import ActivityWriter, NewEvent, ProfileWriter
from foreword.store.check import inspect_store
from foreword.store.upkeep import StoreFigures, store_figures, store_stats
from foreword.v1.event_pb2 import Event
from foreword.v1.model_work_pb2 import ModelCall, ModelMode, ModelOutcome
from foreword.v1.profile_pb2 import Foreword, Profile, Segment
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome, RefreshState

MAP_BYTES = 1 << 26
IDLE_MS = 1_800_000
TODAY = 20_000
USERS = 40


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """40 users of four weeks; each second one comes on each second day, for two sessions of three events."""
    activity = ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)
    for day in range(TODAY - 28, TODAY + 1):
        with activity.begin() as txn:
            rows = [row for user in range(0, USERS, 2) if day % 2 == 0 for row in _day(user, day)]
            # Who never comes again came once.
            rows += [row for user in range(1, USERS, 2) if day == TODAY - 28 for row in _day(user, day)]
            txn.record(rows, day * DAY_MS)
            txn.add_reads(day, {Segment.SEGMENT_ACTIVE: 100, 0: 20})
    activity.close()
    profiles = ProfileWriter(tmp_path, map_size_bytes=MAP_BYTES)
    with profiles.begin() as txn:
        for user in range(USERS):
            _put_profile(txn, user, times=1 + user % 2)
        for number, outcome in enumerate(
            [RefreshOutcome.REFRESH_OUTCOME_WRITTEN] * 3 + [RefreshOutcome.REFRESH_OUTCOME_UNCHANGED]
        ):
            entry = LedgerEntry(user_key=_key(0), outcome=outcome, duration_us=1000 * (number + 1))
            txn.append_ledger(entry)
        for mode, tokens in ((ModelMode.MODEL_MODE_MESSAGES, 100), (ModelMode.MODEL_MODE_BATCH, 300)):
            call = ModelCall(
                call_id=bytes([tokens % 256] * 16),
                user_key=_key(0),
                mode=mode,
                provider="anthropic",
                model="m",
                outcome=ModelOutcome.MODEL_OUTCOME_APPLIED,
                input_tokens=tokens,
                output_tokens=10,
            )
            txn.model.end_call(call, TODAY * DAY_MS)
    profiles.close()
    yield tmp_path
    assert list(inspect_store(tmp_path)) == []


def _key(user: int) -> keys.UserKey:
    return keys.user_key(f"user-{user:03d}")


def _day(user: int, day: int) -> Iterator[NewEvent]:
    for session in range(2):
        for minute in (0, 5, 10):
            time_ms = day * DAY_MS + (9 + 3 * session) * HOUR_MS + minute * 60_000
            event = Event(event_id=f"{day}-{session}-{minute}", user_id=f"user-{user:03d}", type="read")
            event.time.FromMilliseconds(time_ms)
            yield NewEvent(_key(user), event.event_id, time_ms, event.SerializeToString(), False)


def _put_profile(txn: object, user: int, *, times: int) -> None:
    segment = Segment.SEGMENT_ACTIVE if user % 2 == 0 else Segment.SEGMENT_DORMANT
    for _ in range(times):
        profile = Profile(user_id=f"user-{user:03d}", segment=segment, semantic_summary="x" * 3000)
        revision = txn.put_profile(  # type: ignore[attr-defined]
            _key(user),
            profile,
            Foreword(),
            computed_at_ms=1,
            stale_after_ms=2,
            expired_after_ms=3,
            refresh_on_open=False,
        )
    txn.schedule(_key(user), RefreshState(segment=segment, revision=revision))  # type: ignore[attr-defined]


@pytest.fixture
def found(store: Path) -> StoreFigures:
    """The figures of that store."""
    return store_figures(store, idle_ms=IDLE_MS)


def test_users_and_their_days_are_counted(found: StoreFigures) -> None:
    """Half are active and come on 3.5 days a week; the others came once in four weeks, which is a quarter of a day."""
    assert found.users == USERS
    assert found.use.users_by_segment == {Segment.SEGMENT_ACTIVE: 20, Segment.SEGMENT_DORMANT: 20}
    assert found.use.active_days_per_week == {Segment.SEGMENT_ACTIVE: 3.5, Segment.SEGMENT_DORMANT: 0.25}
    assert found.use.visits_per_day == pytest.approx((20 * 14 + 20) / 28)


def test_sessions_are_told_apart_by_quiet_time(found: StoreFigures) -> None:
    """Two sessions a day, of three events in ten minutes each."""
    use = found.use
    assert use.sessions == 2 * use.session_days
    assert use.session_events == 3 * use.sessions
    assert use.session_seconds == 600 * use.sessions


def test_a_young_store_is_judged_by_the_days_it_has(tmp_path: Path) -> None:
    """Two users who came on each of three whole days are two visits a day, though four weeks are looked at."""
    activity = ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)
    with activity.begin() as txn:
        rows = [row for day in range(TODAY - 3, TODAY + 1) for user in (1, 2) for row in _day(user, day)]
        txn.record(rows, TODAY * DAY_MS)
    activity.close()
    use = store_figures(tmp_path, idle_ms=IDLE_MS).use
    assert use.visits_per_day == 2
    assert use.active_days_per_week == {Segment.SEGMENT_UNSPECIFIED: 7}


def test_reads_are_of_whole_days(found: StoreFigures) -> None:
    """The day of the newest event has not ended and does not count."""
    assert (found.reads, found.read_days) == (28 * 120, 28)


def test_rows_are_those_of_the_statistics(store: Path, found: StoreFigures) -> None:
    """Bytes and rows of each database are what `store stats` says."""
    stats = {each.name: (each.entries, each.bytes) for part in store_stats(store) for each in part.databases}
    assert {name: (row.rows, row.bytes) for name, row in found.rows.items()} == stats
    assert found.revisions_per_user == 1.5
    assert all(0 <= share < 5 for share in found.free_share.values())


def test_attempts_and_calls_are_told_apart(found: StoreFigures) -> None:
    """Times of refreshes that wrote and that did not; tokens of calls and of batches."""
    written, unchanged = found.attempts["written"], found.attempts["unchanged"]
    assert (written.count, written.mean_ms, written.p50_ms) == (3, 2, 2)
    assert (unchanged.count, unchanged.mean_ms) == (1, 4)
    assert {mode: (calls.calls, calls.input_tokens) for mode, calls in found.calls.items()} == {
        "messages": (1, 100),
        "batch": (1, 300),
    }


def test_a_store_of_a_sidecar_alone_tells_what_it_can(tmp_path: Path) -> None:
    """Without profiles.lmdb users are known and their segments are not; an empty folder is refused."""
    with pytest.raises(StoreMissingError):
        store_figures(tmp_path, idle_ms=IDLE_MS)
    activity = ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)
    with activity.begin() as txn:
        txn.record(list(_day(1, TODAY)), TODAY * DAY_MS)
    activity.close()
    found = store_figures(tmp_path, idle_ms=IDLE_MS)
    assert found.users == 1
    assert found.use.users_by_segment == {Segment.SEGMENT_UNSPECIFIED: 1}
    assert found.attempts == found.calls == {}
