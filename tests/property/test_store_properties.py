"""The store against a plain dictionary: whatever is done to both, they hold the same, and the fsck is content."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from foreword import keys
from foreword.clock import DAY_MS
from foreword.store import ActivityReader, ActivityWriter, NewEvent, ProfileReader, ProfileWriter, codec
from foreword.store import databases as db
from foreword.store.check import inspect_store
from foreword.store.upkeep import backup_store, restore_store
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import Foreword, ForewordCut, Profile
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome, RefreshState

MAP_BYTES = 1 << 26
REVISIONS_MAX = 3
LEDGER_MAX = 100
KEY = keys.user_key("alice")
USERS = st.sampled_from(["a", "ab", "b", "\x00", "é" * 20])
EVENT_IDS = st.integers(0, 30).map(str)
DAYS = st.integers(0, 80)


def event(user_id: str, event_id: str, time_ms: int) -> NewEvent:
    made = Event(event_id=event_id, user_id=user_id, type="view", topics=["t"])
    return NewEvent(keys.user_key(user_id), event_id, time_ms, made.SerializeToString(), False)


class StoreMachine(RuleBasedStateMachine):
    """Does to a store and to dictionaries what sidecar and scheduler do."""

    @initialize()
    def open(self) -> None:
        """Begin with nothing."""
        self.directory = Path(tempfile.mkdtemp())
        self._open()
        self.sequence = 0
        self.trigger_seq = 0
        self.cursor = 0
        # user -> event id -> (time, sequence); what retention removed stays in `accepted`.
        self.events: dict[str, dict[str, tuple[int, int]]] = {}
        self.accepted: dict[str, dict[str, int]] = {}
        self.folded: dict[str, list[int]] = {}
        self.waiting: dict[str, list[str]] = {}
        self.forgotten: dict[str, tuple[int, int]] = {}
        self.triggers: dict[str, int] = {}
        self.erasing: dict[int, str] = {}
        self.revision = 0
        self.profiles: dict[str, list[int]] = {}
        self.due: dict[str, int] = {}
        self.attempts: list[str | None] = []

    def _open(self) -> None:
        self.activity = ActivityWriter(self.directory, map_size_bytes=MAP_BYTES)
        self.writer = ProfileWriter(
            self.directory,
            map_size_bytes=MAP_BYTES,
            revisions_max=REVISIONS_MAX,
            ledger_entries_max=LEDGER_MAX,
        )
        self.activity_reader = ActivityReader(self.directory)
        self.reader = ProfileReader(self.directory)

    def _close(self) -> None:
        for part in (self.activity, self.writer, self.activity_reader, self.reader):
            part.close()

    def teardown(self) -> None:
        """Leave nothing behind."""
        if hasattr(self, "directory"):
            self._close()
            shutil.rmtree(self.directory)

    # -- the sidecar's part ------------------------------------------------------------------------------------

    @rule(user=USERS, batch=st.lists(st.tuples(EVENT_IDS, DAYS), min_size=1, max_size=6), fails=st.booleans())
    def record(self, user: str, batch: list[tuple[str, int]], fails: bool) -> None:
        """Record events; or fail in the middle, which leaves no trace."""
        items = [event(user, event_id, day * DAY_MS + 1) for event_id, day in batch]
        if fails:
            with suppress(ZeroDivisionError), self.activity.begin() as transaction:
                transaction.record(items, 1)
                raise ZeroDivisionError
            return
        with self.activity.begin() as transaction:
            fresh = transaction.record(items, 1)
        assert fresh == [self._accept(user, item) for item in items]
        if any(fresh):
            self._trigger(user)

    def _accept(self, user: str, item: NewEvent) -> bool:
        first, last = self.forgotten.get(user, (1, 0))
        if item.event_id in self.accepted.setdefault(user, {}) or first <= item.time_ms <= last:
            return False
        self.accepted[user][item.event_id] = item.time_ms
        self.sequence += 1
        self.events.setdefault(user, {})[item.event_id] = (item.time_ms, self.sequence)
        return True

    def _trigger(self, user: str) -> None:
        self.trigger_seq += 1
        self.triggers[user] = self.trigger_seq

    @rule(user=USERS)
    def request(self, user: str) -> None:
        """Ask for a refresh."""
        with self.activity.begin() as transaction:
            transaction.request(keys.user_key(user), manual_ms=5)
        self._trigger(user)

    @rule(
        user=USERS,
        before_day=DAYS,
        consumed=st.integers(0, 60),
        limit=st.integers(1, 5),
        is_archived=st.booleans(),
    )
    def fold(self, user: str, before_day: int, consumed: int, limit: int, is_archived: bool) -> None:
        """Count what is consumed and old, and remove it, or have it wait for the archive."""
        with self.activity.begin() as transaction:
            dropped = transaction.retention.fold(
                keys.user_key(user),
                before_ms=before_day * DAY_MS,
                consumed_seq=consumed,
                limit=limit,
                as_of_day=before_day + 30,
                is_archived=is_archived,
            )
        kept = self.events.get(user, {})
        old = sorted(
            (ms, name.encode(), name)
            for name, (ms, seq) in kept.items()
            if ms < before_day * DAY_MS and seq <= consumed
        )
        assert dropped == min(limit, len(old))
        for _, _, name in old[:limit]:
            self.folded.setdefault(user, []).append(kept[name][0])
            if is_archived:
                self.waiting.setdefault(user, []).append(name)
            del kept[name]

    @rule(user=USERS)
    def archive(self, user: str) -> None:
        """Remove what waits of the first day, as if it stood in a file."""
        waiting = self.activity_reader.waiting_day(100)
        if waiting is not None:
            with self.activity.begin() as transaction:
                assert transaction.retention.archived(waiting.keys) == len(waiting.events)
            for event in waiting.events:
                self.waiting[event.user_id].remove(event.event_id)

    @rule(user=USERS, before_day=DAYS)
    def forget(self, user: str, before_day: int) -> None:
        """Forget the ids of events that are gone; what lies among them is refused from then on."""
        before_ms = before_day * DAY_MS
        ids = list(self.activity_reader.ids_before(keys.user_key(user), before_ms))
        with self.activity.begin() as transaction:
            # At 0 the store is old enough; recorded at 1, no event came late: these rules have tests of their own.
            count = transaction.retention.forget(keys.user_key(user), ids, before_ms=before_ms, now_ms=0)
        kept = self.events.get(user, {})
        gone = {
            name for name, ms in self.accepted.get(user, {}).items() if ms < before_ms and name not in kept
        }
        assert count == (len(gone) if before_ms else 0)
        for name in gone if count else ():
            time_ms = self.accepted[user].pop(name)
            first, last = self.forgotten.get(user, (time_ms, time_ms))
            self.forgotten[user] = min(first, time_ms), max(last, time_ms)

    @rule(limit=st.integers(1, 3))
    def drop_triggers(self, limit: int) -> None:
        """Remove what the scheduler has taken."""
        with self.activity.begin() as transaction:
            dropped = transaction.drop_triggers(self.cursor, limit)
        places = {seq: user for user, seq in self.triggers.items()} | self.erasing
        taken = sorted(seq for seq in places if seq <= self.cursor)[:limit]
        assert dropped == len(taken)
        for seq in taken:
            if self.erasing.pop(seq, None) is None:
                del self.triggers[places[seq]]

    @rule(user=USERS)
    def erase(self, user: str) -> None:
        """Remove a user's activity."""
        with self.activity.begin() as transaction:
            _, counts = transaction.erase(keys.user_key(user), 9)
        rows = {count.store: count.rows for count in counts}
        assert rows["activity.events"] == len(self.events.pop(user, {}))
        assert rows["activity.applied"] == len(self.accepted.pop(user, {}))
        assert rows["activity.to_archive"] == len(self.waiting.pop(user, ()))
        assert bool(rows["activity.bands"]) == bool(self.folded.pop(user, ()))
        self.forgotten.pop(user, None)
        assert rows["activity.triggers"] == int(self.triggers.pop(user, None) is not None)
        self.trigger_seq += 1
        # A repeated erasure takes the former one's place.
        self.erasing = {seq: name for seq, name in self.erasing.items() if name != user}
        self.erasing[self.trigger_seq] = user

    @rule(user=USERS)
    def finish_erasure(self, user: str) -> None:
        """Forget an erasure."""
        with self.activity.begin() as transaction:
            transaction.finish_erasure(keys.user_key(user))
        self.erasing = {seq: name for seq, name in self.erasing.items() if name != user}

    # -- the scheduler's part ------------------------------------------------------------------------------------

    @rule(user=USERS, due_ms=st.integers(0, 50), text=st.text("aé ", max_size=9))
    def refresh(self, user: str, due_ms: int, text: str) -> None:
        """Write a profile."""
        size = len(text.encode())
        foreword = Foreword(text=text, token_count=size, cuts=[ForewordCut(byte_end=size, token_count=size)])
        with self.writer.begin() as transaction:
            revision = transaction.put_profile(
                keys.user_key(user),
                Profile(user_id=user, foreword=foreword),
                foreword,
                computed_at_ms=1,
                stale_after_ms=2,
                expired_after_ms=3,
                refresh_on_open=False,
            )
            transaction.schedule(keys.user_key(user), RefreshState(due_ms=due_ms, revision=revision))
            entry = LedgerEntry(user_key=keys.user_key(user), outcome=RefreshOutcome.REFRESH_OUTCOME_WRITTEN)
            transaction.append_ledger(entry)
        self.revision += 1
        assert revision == self.revision
        self.profiles[user] = [*self.profiles.get(user, []), revision][-REVISIONS_MAX:]
        self.due[user] = due_ms
        self.attempts.append(user)

    @rule(user=USERS, stale=st.integers(5, 9), segment=st.integers(0, 4))
    def revalidate(self, user: str, stale: int, segment: int) -> None:
        """Call a profile fresh again."""
        with self.writer.begin() as transaction:
            transaction.revalidate(
                keys.user_key(user),
                stale_after_ms=stale,
                expired_after_ms=stale + 1,
                segment=segment,
                refresh_on_open=True,
            )
        row = self.reader.profile_row(keys.user_key(user))
        assert (row is None) == (user not in self.profiles)
        if row is not None:
            header = codec.decode_header(row)
            assert (header.segment, header.stale_after_ms, header.refresh_on_open) == (segment, stale, True)

    @rule()
    def take_triggers(self) -> None:
        """Consume the trigger log."""
        self.cursor = self.trigger_seq
        with self.writer.begin() as transaction:
            transaction.put_trigger_cursor(self.activity.environment.id, self.cursor)

    @rule(user=USERS)
    def erase_profile(self, user: str) -> None:
        """Remove a user's profile."""
        with self.writer.begin() as transaction:
            rows = {count.store: count.rows for count in transaction.erase(keys.user_key(user))}
        assert rows["profiles.revisions"] == len(self.profiles.pop(user, []))
        assert rows["profiles.due"] == int(bool(self.due.pop(user, 0)))
        kept = self.attempts[-LEDGER_MAX:]
        assert rows["profiles.ledger"] == kept.count(user)
        self.attempts = [None if name == user else name for name in self.attempts]

    # -- both ------------------------------------------------------------------------------------------------------

    @rule(how=st.sampled_from(["reopen", "backup"]))
    def come_back(self, how: str) -> None:
        """Close and open, or go through a backup."""
        if how == "backup":
            backup_store(self.directory, self.directory / "backup")
        self._close()
        if how == "backup":
            restore_store(self.directory / "backup", self.directory)
            shutil.rmtree(self.directory / "backup")
        self._open()

    @invariant()
    def the_same_is_in_both(self) -> None:
        """Compare everything, and run the fsck."""
        if not hasattr(self, "directory"):
            return
        for user in ("a", "ab", "b", "\x00", "é" * 20):
            key = keys.user_key(user)
            stored = {e.event.event_id: (e.time_ms, e.sequence) for e in self.activity_reader.events(key)}
            assert stored == self.events.get(user, {})
            assert set(self.activity_reader.applied_ids(key)) == set(self.accepted.get(user, {}))
            bands = self.activity_reader.bands(key)
            assert sum(band.event_count for band in bands) == len(self.folded.get(user, ()))
            waiting = sorted(each.event_id for each in self.activity_reader.waiting_of(key))
            assert waiting == sorted(self.waiting.get(user, ()))
            assert [revision for revision, _ in self.reader.revisions(key)] == self.profiles.get(user, [])
            profile = self.reader.profile(key)
            assert (profile.profile.revision if profile else 0) == (self.profiles.get(user) or [0])[-1]
        triggers = {seq: (t.user_key, bool(t.erase_ms)) for seq, t in self.activity_reader.triggers(0, 100)}
        asked = {seq: (keys.user_key(user), False) for user, seq in self.triggers.items()}
        assert triggers == asked | {seq: (keys.user_key(user), True) for seq, user in self.erasing.items()}
        due = {(ms, keys.user_key(user)) for user, ms in self.due.items() if ms}
        assert set(self.reader.due(10**6, 100)) == due
        assert self.reader.ledger_totals().attempts == len(self.attempts)
        assert self.reader.count(db.LEDGER) == sum(name is not None for name in self.attempts[-LEDGER_MAX:])
        assert list(inspect_store(self.directory)) == []


StoreMachine.TestCase.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.__doc__ = "Any course of writes leaves a store equal to the dictionaries, with a clean fsck."


@given(
    body=st.binary(max_size=200),
    flags=st.integers(0, 255),
    segment=st.integers(0, 255),
    revision=st.integers(0, 2**64 - 1),
    times=st.tuples(*[st.integers(-(2**63), 2**63 - 1)] * 3),
    bit=st.integers(min_value=0),
)
def test_rows_come_back_whole_and_any_flipped_bit_is_seen(
    body: bytes, flags: int, segment: int, revision: int, times: tuple[int, int, int], bit: int
) -> None:
    """A row's header and body come back as they went in, and no single changed bit of key or row keeps it intact."""
    computed, stale, expired = times
    row = codec.encode(
        db.PROFILES,
        KEY,
        body,
        flags=flags,
        segment=segment,
        revision=revision,
        computed_at_ms=computed,
        stale_after_ms=stale,
        expired_after_ms=expired,
    )
    header = codec.decode_header(row)
    assert (header.flags, header.revision) == (flags, revision)
    assert header.own_segment == (segment if segment > 6 else 0)
    assert (header.computed_at_ms, header.stale_after_ms, header.expired_after_ms) == times
    assert row[codec.HEADER_BYTES :] == body
    assert codec.is_intact(db.PROFILES, KEY, row)
    flipped = bytearray(KEY + row)
    place = bit % (len(flipped) * 8)
    flipped[place // 8] ^= 1 << place % 8
    assert not codec.is_intact(db.PROFILES, bytes(flipped[: len(KEY)]), bytes(flipped[len(KEY) :]))
