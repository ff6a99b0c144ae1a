"""One refresh: what it reads, what it writes, and what it leaves alone."""

from __future__ import annotations

import asyncio

import pytest

from foreword import keys
from foreword.clock import DAY_MS, HOUR_MS
from foreword.errors import StoreRowError
from foreword.store import ProfileTransaction, decode_header
from foreword.store import databases as db
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshReason
from scheduler.due import backoff_ms

WRITTEN = RefreshOutcome.REFRESH_OUTCOME_WRITTEN
UNCHANGED = RefreshOutcome.REFRESH_OUTCOME_UNCHANGED
FAILED = RefreshOutcome.REFRESH_OUTCOME_FAILED


def header(store, user: str):
    row = store.profiles.profile_row(keys.user_key(user))
    assert row is not None
    return decode_header(row)


def refresh(store, daemon, user: str):
    """Ask for a refresh and wait for its end."""
    attempts = len(store.ledger())
    store.clock.advance(1000)
    store.request(user, manual=True)
    return store.attempted(daemon, attempts + 1)


def test_a_refresh_writes_all_its_rows_together(store) -> None:
    """Profile, foreword, revision, refresh state, due time, ledger and population agree after a refresh."""
    store.known("ann", days=28)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            state, row = store.refresh_state("ann"), header(store, "ann")
            assert (state.outcome, state.consumed_seq, state.revision) == (WRITTEN, 28, 1)
            assert (state.segment, row.segment) == (Segment.SEGMENT_ACTIVE, Segment.SEGMENT_ACTIVE)
            assert row.stale_after_ms == store.clock.now_ms() + 26 * HOUR_MS
            assert row.expired_after_ms == store.clock.now_ms() + 72 * HOUR_MS
            assert not row.refresh_on_open
            assert store.profiles.due(state.due_ms + 1, 10) == [(state.due_ms, keys.user_key("ann"))]
            assert store.ledger()[0].revision == 1
            assert store.ledger()[0].generator == "test"
            population = store.profiles.population("")
            assert (population.total_weight, population.user_count) == (28.0, 1)

    asyncio.run(story())


def test_nothing_new_writes_no_revision(store) -> None:
    """A refresh that finds nothing new moves the header's times and writes neither profile nor revision."""
    store.known("ann", days=28)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            before = header(store, "ann")
            await refresh(store, daemon, "ann")
            after = header(store, "ann")
            assert store.ledger()[1].outcome == UNCHANGED
            assert (after.revision, after.computed_at_ms) == (before.revision, before.computed_at_ms)
            assert after.stale_after_ms == before.stale_after_ms + 1001
            assert store.refresh_state("ann").due_ms > store.clock.now_ms()
            assert len(store.agent.calls) == 1

    asyncio.run(story())


def test_another_prompt_version_computes_again(store) -> None:
    """A profile made by other rules is computed again though nothing is new, without folding events twice."""
    store.record("ann", count=4, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
        store.agent.version = "test-2"
        async with store.running() as daemon:
            await refresh(store, daemon, "ann")
        assert store.ledger()[1].outcome == WRITTEN
        assert len(store.agent.calls[1].new_events) == 0
        assert store.text("ann") == "ann did 4 things."

    asyncio.run(story())


def test_other_settings_compute_again(store) -> None:
    """What profiles are made by being changed, the next refresh applies it though nothing is new, and once."""
    store.record("ann", count=4, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
        store.settings["foreword"] = {"tokens_max": 100}
        async with store.running() as daemon:
            await refresh(store, daemon, "ann")
            await refresh(store, daemon, "ann")
        assert [entry.outcome for entry in store.ledger()] == [WRITTEN, WRITTEN, UNCHANGED]

    asyncio.run(story())


def test_a_changed_segment_computes_again(store) -> None:
    """A user who is no longer new gets a profile that says so, though nothing is new."""
    store.record("ann", count=4, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            assert header(store, "ann").segment == Segment.SEGMENT_NEW
            store.clock.advance(40 * DAY_MS)
            await refresh(store, daemon, "ann")
            assert store.ledger()[-1].outcome == WRITTEN
            assert header(store, "ann").segment == Segment.SEGMENT_DORMANT
            assert header(store, "ann").refresh_on_open
            assert store.refresh_state("ann").due_ms == 0

    asyncio.run(story())


def test_every_event_is_folded_once(store) -> None:
    """Each refresh gets as new what was accepted since the last one, however old, and the window besides."""
    store.record("ann", count=2, ago_ms=100 * DAY_MS)
    store.record("ann", count=2, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            store.record("ann", ago_ms=50 * DAY_MS)
            await refresh(store, daemon, "ann")
            first, second = store.agent.calls
            assert [event.event_id for event in first.new_events] == ["e1", "e2", "e3", "e4"]
            assert [event.event_id for event in first.window_events] == ["e3", "e4"]
            assert [event.event_id for event in second.new_events] == ["e5"]
            assert [event.event_id for event in second.window_events] == ["e3", "e4"]

    asyncio.run(story())


def test_a_failure_keeps_the_last_good_profile(store) -> None:
    """A refresh that raises leaves the profile served, says why, and comes again after the backoff."""
    store.record("ann", count=4, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            store.agent.failing["ann"] = RuntimeError("the model is away")
            store.record("ann")
            await refresh(store, daemon, "ann")
            state = store.refresh_state("ann")
            assert (state.outcome, state.error, state.failures) == (
                FAILED,
                "the model is away",
                1,
            )
            assert (state.reason, state.revision) == (RefreshReason.REFRESH_REASON_RETRY, 1)
            assert state.consumed_seq == 4
            assert store.ledger()[1].error == "the model is away"
            assert store.text("ann") == "ann did 4 things."
            settings = store.config.scheduler
            wait_ms = backoff_ms(keys.user_key("ann"), 1, settings)
            assert state.due_ms == store.clock.now_ms() + wait_ms

            store.clock.advance(wait_ms)
            await store.attempted(daemon, 3)
            assert store.refresh_state("ann").failures == 2
            assert (
                store.refresh_state("ann").due_ms - store.clock.now_ms()
                >= 2000 * settings.retry_backoff_seconds
            )

            store.agent.failing.clear()
            store.clock.advance(backoff_ms(keys.user_key("ann"), 2, settings))
            await store.attempted(daemon, 4)
            state = store.refresh_state("ann")
            assert (state.failures, state.error, state.outcome) == (0, "", WRITTEN)
            assert store.text("ann") == "ann did 5 things."

    asyncio.run(story())


def test_reads_do_not_shorten_the_backoff(store) -> None:
    """A user whose refreshes fail is not tried again at every read, but at once when an operator asks."""
    store.agent.failing["ann"] = RuntimeError("no")
    store.record("ann", count=4, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            store.clock.advance(1000)
            store.request("ann", on_open=True)
            await store.a_while()
            assert len(store.ledger()) == 1
            await refresh(store, daemon, "ann")
            assert len(store.ledger()) == 2

    asyncio.run(story())


def test_a_slow_refresh_is_ended(store) -> None:
    """A refresh that takes longer than agent.timeout_seconds fails and says so."""
    store.settings["agent"] = {"timeout_seconds": 0.05}
    store.record("ann", count=4, ends_session=True)

    async def story() -> None:
        store.agent.held["ann"] = asyncio.Event()
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            assert store.ledger()[0].outcome == FAILED
            assert "agent.timeout_seconds" in store.ledger()[0].error

    asyncio.run(story())


def test_a_profile_over_the_limit_fails_alone(store) -> None:
    """Of one batch, the user whose profile is too large fails by the field's name; the others are written."""
    users = [f"user{number}" for number in range(10)]
    store.agent.oversized.add("user4")
    store.record(*users, count=4, ago_ms=2 * HOUR_MS)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 10)
            outcomes = {entry.user_key: entry.outcome for entry in store.ledger()}
            assert [user for user in users if outcomes[keys.user_key(user)] == FAILED] == ["user4"]
            assert "profile.semantic_summary" in store.refresh_state("user4").error
            assert store.text("user4") is None
            assert store.text("user5") == "user5 did 4 things."
            assert store.profiles.population("").user_count == 9

    asyncio.run(story())


def test_one_bad_event_row_fails_one_user(store) -> None:
    """A stored event that cannot be parsed fails its user's refresh, not the batch."""
    from foreword.store import NewEvent

    store.record("ann", "bob", count=4, ago_ms=2 * HOUR_MS)
    with store.activity.begin() as txn:
        bad = NewEvent(keys.user_key("bob"), "bad", store.clock.now_ms() - 2 * HOUR_MS, b"\xff\xff", False)
        txn.record([bad], store.clock.now_ms())

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 2)
        assert store.text("ann") == "ann did 4 things."
        assert store.refresh_state("bob").outcome == FAILED
        with store.activity.begin() as txn:
            txn.erase(keys.user_key("bob"), store.clock.now_ms())

    asyncio.run(story())


def test_a_user_without_events_gets_no_rows(store) -> None:
    """An operator's request for somebody who never did anything ends, and stores no profile."""
    store.request("nobody", manual=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            assert store.ledger()[0].outcome == UNCHANGED
            assert store.text("nobody") is None
            assert store.agent.calls == []
            store.clock.advance(1000)
            store.record("nobody", ends_session=True)
            await store.until(lambda: store.text("nobody") == "nobody did 1 things.")

    asyncio.run(story())


def test_lost_events_do_not_wipe_what_was_known(store) -> None:
    """A refresh that finds no activity at all keeps the profile as it is."""
    store.record("ann", count=4, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
        store.close_activity()
        (store.directory / "activity.lmdb").rename(store.directory.parent / "lost")
        store.request("ann", manual=True)
        async with store.running() as daemon:
            await store.attempted(daemon, 2)
            assert store.ledger()[1].outcome == UNCHANGED
            assert store.text("ann") == "ann did 4 things."

    asyncio.run(story())


@pytest.mark.parametrize(
    ("damaged", "source"),
    [
        (["profiles"], "its kept revision"),
        (["profiles", "revisions"], "the events that are kept"),
        (["forewords"], "written anew"),
        (["revisions"], ""),
    ],
)
def test_a_refresh_mends_what_is_damaged(store, caplog, damaged, source) -> None:
    """Asked to refresh a user any of whose rows fails its checksum, the scheduler leaves none that does."""
    store.record("ann", count=4, ends_session=True)
    user = keys.user_key("ann")

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            environment = store.profiles.environment
            with environment.begin(write=True) as txn:
                for name in damaged:
                    handle = environment.handles[name.encode()]
                    key = user + keys.u64(1) if name == "revisions" else user
                    row = bytearray(txn.get(key, db=handle))
                    row[-1] ^= 1
                    txn.put(key, bytes(row), db=handle)
            await refresh(store, daemon, "ann")
            assert store.ledger()[1].outcome == (UNCHANGED if damaged == ["revisions"] else WRITTEN)
            assert store.text("ann") == "ann did 4 things."
            (*_, (revision, _)) = store.profiles.revisions(user)
            assert revision == store.profiles.refresh_state(user).revision
        assert source in caplog.text

    asyncio.run(story())


@pytest.mark.parametrize("is_asked_for", [True, False])
def test_a_damaged_state_is_made_anew_and_keeps_nobody_else_waiting(store, caplog, is_asked_for) -> None:
    """Asked for, or due by the index alone, its user is refreshed, counts nothing twice, and others are as ever."""
    ann = keys.user_key("ann")
    for name in ("ann", "bob"):
        store.record(name, count=4, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 2)
            environment = store.profiles.environment
            with environment.begin(write=True) as txn:
                txn.put(ann, b"\xff", db=environment.handles[db.REFRESH_STATES])
                due = keys.due_key(store.clock.now_ms() + 1, ann)
                txn.put(due, b"", db=environment.handles[db.DUE])
            with pytest.raises(StoreRowError, match=r"'ann'.* cannot be parsed"):
                store.profiles.refresh_state(ann)
            store.clock.advance(1000)
            if is_asked_for:
                store.request("ann", manual=True)
            store.record("bob", count=1, ends_session=True)
            await store.attempted(daemon, 4)
            assert store.profiles.refresh_state(ann).revision
            assert (store.text("ann"), store.text("bob")) == ("ann did 4 things.", "bob did 5 things.")
        assert "cannot be parsed" in caplog.text
        assert "the store fails" not in caplog.text

    asyncio.run(story())


def test_a_full_store_is_retried_and_said_once(store, monkeypatch, caplog) -> None:
    """While nothing can be written the daemon lives, says so once, and goes on when there is room."""
    from foreword.errors import StoreFullError

    whole = ProfileTransaction.put_profile
    refused = []

    def full(self, *arguments, **options):
        refused.append(1)
        raise StoreFullError("profiles.lmdb has reached its map size")

    store.record("ann", count=4, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            monkeypatch.setattr(ProfileTransaction, "put_profile", full)
            await store.until(lambda: len(refused) >= 2)
            assert "profiles.lmdb has reached its map size" in daemon.health.listed()[0].message
            monkeypatch.setattr(ProfileTransaction, "put_profile", whole)
            await store.attempted(daemon, 1)
            assert store.text("ann") == "ann did 4 things."
            assert store.profiles.population("").total_weight == 4
            assert daemon.health.listed() == []

    asyncio.run(story())
    said = [
        record
        for record in caplog.records
        if record.levelname == "WARNING" and record.name.startswith("scheduler")
    ]
    assert len(said) == 1
    assert "map size" in said[0].message
