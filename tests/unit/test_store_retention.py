"""Events past retention in activity.lmdb: counted, kept for the archive, their ids forgotten, and erased."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from foreword import keys
from foreword.admission import admit, without_forgotten
from foreword.clock import DAY_MS
from foreword.errors import StoreError
from foreword.keys import ErasureId
from foreword.store import ActivityReader, ActivityWriter
from foreword.store import databases as db
from foreword.store.check import check_store
from foreword.store.environment import Environment
from foreword.store.upkeep import backup_store, compact_store, restore_store
from foreword.store.user_data import export_user
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.event_pb2 import Event
from foreword.v1.operator_service_pb2 import EventAbsence

MAP_BYTES = 64 << 20
TODAY = 19_700
NOW_MS = TODAY * DAY_MS + 5
ANN, BEN = keys.user_key("ann"), keys.user_key("ben", "acme")
FORGOTTEN = ErrorReason.ERROR_REASON_ID_FORGOTTEN


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ActivityWriter]:
    with closing(ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)) as writer:
        yield writer
    assert list(check_store(tmp_path)) == []


@pytest.fixture
def reader(writer: ActivityWriter, tmp_path: Path) -> Iterator[ActivityReader]:
    with closing(ActivityReader(tmp_path)) as reader:
        yield reader


def event(event_id: str, days_ago: int, user_id: str = "ann", **fields) -> Event:
    made = Event(event_id=event_id, user_id=user_id, type="view", **fields)
    made.time.FromMilliseconds((TODAY - days_ago) * DAY_MS)
    return made


def record(writer: ActivityWriter, *events: Event, now_ms: int = NOW_MS) -> list:
    """Record as the sidecar does; return what was refused."""
    with writer.begin() as txn:
        admission = admit(events, now_ms)
        is_new = txn.record(admission.kept, now_ms)
        return without_forgotten(admission, txn.forgotten(admission.kept, is_new))


def fold(
    writer: ActivityWriter, user=ANN, *, days: int = 90, limit: int = 500, archived: bool = False
) -> int:
    with writer.begin() as txn:
        return txn.retention.fold(
            user,
            before_ms=(TODAY - days) * DAY_MS,
            consumed_seq=1 << 60,
            limit=limit,
            as_of_day=TODAY,
            is_archived=archived,
        )


def forget(writer: ActivityWriter, reader: ActivityReader, days: int = 180, now_ms: int = NOW_MS) -> int:
    before_ms = (now_ms // DAY_MS - days) * DAY_MS
    with writer.begin() as txn:
        ids = list(reader.ids_before(ANN, before_ms))
        return txn.retention.forget(ANN, ids, before_ms=before_ms, now_ms=now_ms)


def settle(writer: ActivityWriter, reader: ActivityReader) -> None:
    """Let so much time pass since the store was made that ids may go: the note of when that was is put back."""
    forget(writer, reader)
    with writer.environment.writing() as txn:
        txn.put(db.META_IDS_SINCE, keys.u64(1), db=writer.environment.handles[db.META])


# -- counting ---------------------------------------------------------------------------------------------------


def test_old_events_leave_bands_and_no_row(writer: ActivityWriter, reader: ActivityReader) -> None:
    """A folded event is in the counts and no longer among the events; young ones stay; its id is still known."""
    record(writer, event("old", 200, topics=["go"]), event("older", 900), event("young", 20))
    assert fold(writer) == 2
    assert [stored.event.event_id for stored in reader.events(ANN)] == ["young"]
    bands = reader.bands(ANN)
    assert [band.event_count for band in bands] == [1, 1]
    assert bands[0].first_day <= TODAY - 900 < bands[0].first_day + bands[0].day_count
    assert reader.waiting_count() == 0
    with writer.begin() as txn:
        assert txn.record(admit([event("old", 200)], NOW_MS).kept, NOW_MS) == [False]


def test_portions_count_each_event_once(writer: ActivityWriter, reader: ActivityReader) -> None:
    """Folded a few at a time, all events are counted once, whatever bands they fall into."""
    record(writer, *[event(f"e{n}", 100 + 3 * n) for n in range(40)])
    while fold(writer, limit=7) == 7:
        pass
    assert sum(band.event_count for band in reader.bands(ANN)) == 40
    assert reader.count(db.EVENTS) == 0


def test_what_is_not_consumed_stays(writer: ActivityWriter, reader: ActivityReader) -> None:
    """An event that no profile has counted is not folded, however old."""
    record(writer, event("one", 200), event("two", 300))
    with writer.begin() as txn:
        old = {"before_ms": NOW_MS, "limit": 9, "as_of_day": TODAY}
        assert txn.retention.fold(ANN, consumed_seq=1, **old) == 1
    assert [stored.event.event_id for stored in reader.events(ANN)] == ["two"]


def test_a_failing_portion_leaves_everything_as_it_was(
    writer: ActivityWriter, reader: ActivityReader
) -> None:
    """An exception within the transaction undoes the fold: the event is there, and in no band."""
    record(writer, event("old", 200))
    with suppress(ZeroDivisionError), writer.begin() as txn:
        txn.retention.fold(ANN, before_ms=NOW_MS, consumed_seq=9, limit=9, as_of_day=TODAY, is_archived=True)
        raise ZeroDivisionError
    assert (reader.count(db.EVENTS), reader.bands_count(), reader.waiting_count()) == (1, 0, 0)


def test_what_waits_for_the_archive_is_given_day_by_day(
    writer: ActivityWriter, reader: ActivityReader
) -> None:
    """The first day that waits comes with all users' events, whole, and goes once it is archived."""
    first = event("a", 300, topics=["go"], text="as it was")
    record(writer, first, event("b", 300, "ben", namespace="acme"), event("c", 200))
    fold(writer, archived=True)
    fold(writer, BEN, archived=True)
    waiting = reader.waiting_day(10)
    assert waiting.day == TODAY - 300
    assert [each.event_id for each in waiting.events] == ["a", "b"]
    assert waiting.events[0] == first
    assert [each.event_id for each in reader.waiting_of(ANN)] == ["a", "c"]
    with writer.begin() as txn:
        assert txn.retention.archived(waiting.keys) == 2
    assert reader.waiting_day(10).day == TODAY - 200
    assert reader.archived_count() == 2


# -- ids --------------------------------------------------------------------------------------------------------


def test_forgotten_ids_refuse_events_of_their_time(writer: ActivityWriter, reader: ActivityReader) -> None:
    """Once ids are gone, an event from among those of its user is refused; earlier and later ones are taken."""
    record(writer, event("first", 400), event("last", 200), event("young", 100))
    settle(writer, reader)
    with writer.environment.writing() as txn:
        row = reader.user(ANN)
        row.late_ms = 1
        txn.put(ANN, row.SerializeToString(), db=writer.environment.handles[db.USERS])
    fold(writer)
    assert forget(writer, reader) == 2
    assert list(reader.applied_ids(ANN)) == ["young"]
    refused = record(
        writer,
        event("first", 400),
        event("never seen", 300),
        event("bad", 1, topics=[""]),
        event("before", 401),
        event("behind", 199),
        event("young", 100),
        event("other user", 300, "ben"),
    )
    assert [(each.index, each.event_id, each.field) for each in refused] == [
        (0, "first", "events[0].time"),
        (1, "never seen", "events[1].time"),
        (2, "bad", "events[2].topics[0]"),
    ]
    assert [each.reason == FORGOTTEN for each in refused] == [True, True, False]
    assert "ids are forgotten" in refused[0].message
    assert {stored.event.event_id for stored in reader.events(ANN)} == {"before", "behind"}


def test_no_id_goes_while_an_import_may_go_on(writer: ActivityWriter, reader: ActivityReader) -> None:
    """As long as the age of ids has not passed since events came late, all stay, so that an import may be resumed."""
    record(writer, event("old", 400))
    settle(writer, reader)
    fold(writer)
    assert forget(writer, reader) == 0
    later_ms = NOW_MS + 179 * DAY_MS
    assert forget(writer, reader, now_ms=later_ms) == 0
    assert record(writer, event("next of the import", 401), event("old", 400), now_ms=later_ms) == []
    assert forget(writer, reader, now_ms=later_ms + 180 * DAY_MS) == 0
    fold(writer)
    assert forget(writer, reader, now_ms=later_ms + 182 * DAY_MS) == 2


def test_no_id_goes_in_the_first_while_of_a_store(writer: ActivityWriter, reader: ActivityReader) -> None:
    """A store written by an earlier version knows nothing of late events: its ids stay for as long as their age is."""
    record(writer, event("old", 400))
    fold(writer)
    with writer.environment.writing() as txn:
        row = reader.user(ANN)
        row.late_ms = 0
        txn.put(ANN, row.SerializeToString(), db=writer.environment.handles[db.USERS])
    assert forget(writer, reader) == 0
    assert forget(writer, reader, now_ms=NOW_MS + 179 * DAY_MS) == 0
    assert forget(writer, reader, now_ms=NOW_MS + 182 * DAY_MS) == 1


def test_events_that_came_in_time_are_not_late(writer: ActivityWriter, reader: ActivityReader) -> None:
    """An event of less than 28 days is no import, and keeps no ids."""
    record(writer, event("in time", 27))
    assert reader.user(ANN).late_ms == 0
    record(writer, event("late", 29))
    assert reader.user(ANN).late_ms == NOW_MS


def test_an_event_that_is_still_kept_keeps_its_id(writer: ActivityWriter, reader: ActivityReader) -> None:
    """No id goes before its event: a store in which events are not consumed forgets nothing."""
    record(writer, event("old", 400))
    settle(writer, reader)
    assert forget(writer, reader, now_ms=NOW_MS + 500 * DAY_MS) == 0


def test_an_explanation_tells_retention_from_never_seen(
    writer: ActivityWriter, reader: ActivityReader
) -> None:
    """An event whose id went with it is still past retention, and one that never was is unknown."""
    record(writer, event("old", 400))
    settle(writer, reader)
    fold(writer)
    time_ms = (TODAY - 400) * DAY_MS
    assert reader.absence(ANN, time_ms, "old") == EventAbsence.EVENT_ABSENCE_PAST_RETENTION
    assert forget(writer, reader, now_ms=NOW_MS + 500 * DAY_MS) == 1
    assert reader.absence(ANN, time_ms, "old") == EventAbsence.EVENT_ABSENCE_PAST_RETENTION
    assert reader.absence(ANN, time_ms - DAY_MS, "never") == EventAbsence.EVENT_ABSENCE_UNKNOWN


# -- erasing, giving out, looking after -------------------------------------------------------------------------


def test_erasing_reaches_counts_and_what_waits(writer: ActivityWriter, reader: ActivityReader) -> None:
    """No band and no waiting event of an erased user stays, and others keep theirs; the receipt has the counts."""
    record(writer, event("a", 300), event("b", 200), event("c", 300, "ben", namespace="acme"))
    fold(writer, archived=True)
    fold(writer, BEN, archived=True)
    with writer.begin() as txn:
        erase_id, counts = txn.erase(ANN, NOW_MS)
    rows = {count.store: count.rows for count in counts}
    assert (rows["activity.bands"], rows["activity.to_archive"]) == (2, 2)
    assert (reader.bands(ANN), list(reader.waiting_of(ANN))) == ([], [])
    assert len(reader.bands(BEN)) == len(list(reader.waiting_of(BEN))) == 1
    assert reader.erasure(ANN).is_archive_pending
    with writer.begin() as txn:
        txn.archive_erased(ANN, ErasureId(b"another erasure "))
    assert reader.erasure(ANN).is_archive_pending
    with writer.begin() as txn:
        txn.archive_erased(ANN, erase_id)
    assert not reader.erasure(ANN).is_archive_pending


def test_a_second_erasure_takes_over_what_the_first_left(
    writer: ActivityWriter, reader: ActivityReader
) -> None:
    """Asked for again before the archive was looked through, an erasure has that still to do."""
    record(writer, event("a", 300))
    fold(writer, archived=True)
    with writer.begin() as txn:
        txn.erase(ANN, NOW_MS)
    with writer.begin() as txn:
        txn.erase(ANN, NOW_MS)
    assert reader.erasure(ANN).is_archive_pending


def test_a_store_without_archive_has_none_to_look_through(
    writer: ActivityWriter, reader: ActivityReader
) -> None:
    """Where nothing was ever archived an erasure waits for no file."""
    record(writer, event("a", 300))
    fold(writer)
    with writer.begin() as txn:
        txn.erase(ANN, NOW_MS)
    assert not reader.erasure(ANN).is_archive_pending


def test_an_export_has_counts_and_what_waits(writer: ActivityWriter, tmp_path: Path) -> None:
    """Everything kept of old events is given out: each band, and each event that waits for the archive."""
    record(writer, event("a", 300), event("b", 20))
    fold(writer, archived=True)
    records = [(record.store, record.WhichOneof("record")) for record in export_user(tmp_path, ANN)]
    assert ("activity.bands", "event_band") in records
    assert records.count(("activity.to_archive", "event")) == records.count(("activity.events", "event")) == 1


def test_rewriting_keeps_counts_and_what_waits(tmp_path: Path) -> None:
    """Compaction, backup and restore carry both databases."""
    with closing(ActivityWriter(tmp_path / "store", map_size_bytes=MAP_BYTES)) as writer:
        record(writer, event("a", 300))
        fold(writer, archived=True)
    compact_store(tmp_path / "store", "activity.lmdb")
    backup_store(tmp_path / "store", tmp_path / "backup")
    restore_store(tmp_path / "backup", tmp_path / "other")
    with closing(ActivityReader(tmp_path / "other")) as reader:
        assert reader.bands(ANN)[0].event_count == 1
        assert [each.event_id for each in reader.waiting_of(ANN)] == ["a"]
    assert list(check_store(tmp_path / "other")) == []


def damage(environment: Environment, database: bytes) -> None:
    with environment.writing() as txn:
        ((key, row),) = list(txn.cursor(db=environment.handles[database]))
        broken = bytes(row[:10]) + bytes([row[10] ^ 1]) + bytes(row[11:])
        txn.put(key, broken, db=environment.handles[database])


def test_damage_is_found_and_does_not_stop_the_others(tmp_path: Path) -> None:
    """A damaged band and a damaged waiting event are found by the check, left out of reads, and nothing else is."""
    with closing(ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)) as writer:
        record(writer, event("a", 300))
        fold(writer, archived=True)
        damage(writer.environment, db.BANDS)
        damage(writer.environment, db.TO_ARCHIVE)
        with closing(ActivityReader(tmp_path)) as reader:
            assert (reader.bands(ANN), list(reader.waiting_of(ANN))) == ([], [])
            assert (reader.waiting_day(9).events, len(reader.waiting_day(9).keys)) == ([], 1)
        record(writer, event("b", 301))
        fold(writer)
        with closing(ActivityReader(tmp_path)) as reader:
            assert [band.event_count for band in reader.bands(ANN)] == [1]
    assert [fault.store for fault in check_store(tmp_path)] == ["activity.to_archive"]


def test_a_reader_of_an_older_store_does_without(tmp_path: Path) -> None:
    """A store made before has neither database: nothing is missed, and the next sidecar makes them."""
    with closing(ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)) as writer:
        record(writer, event("a", 300))
    with closing(ActivityReader(tmp_path)) as reader:
        for database in (db.BANDS, db.TO_ARCHIVE):
            del reader.environment.handles[database]
        reader.environment.has = lambda database: database in reader.environment.handles
        assert (reader.bands(ANN), reader.bands_count(), reader.waiting_count()) == ([], 0, 0)
        assert (reader.waiting_day(9), list(reader.waiting_of(ANN))) == (None, [])
        with pytest.raises((KeyError, StoreError)):
            reader.count(db.BANDS)
