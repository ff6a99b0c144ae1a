"""Rows that are damaged, another's, or gone: none is served as if it were the user's own, or as nothing."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from google_crc32c import extend, value

from foreword import keys
from foreword.clock import ManualClock
from foreword.errors import FieldError, StoreCorruptError
from foreword.local import LocalReader
from foreword.store import ActivityReader, ActivityWriter, ProfileReader, ProfileWriter, codec
from foreword.store import databases as db
from foreword.store.files import ACTIVITY, PROFILES
from foreword.store.seal import SEAL_BYTES
from foreword.v1.profile_pb2 import Foreword, Profile

ALICE, ALICD = keys.user_key("alice"), keys.user_key("alicd")
MAP_BYTES = 1 << 28


@pytest.fixture
def writer(tmp_path: Path, write_profile) -> Iterator[ProfileWriter]:
    """A store with one profile, alice's, open for writing."""
    writer = ProfileWriter(tmp_path, map_size_bytes=MAP_BYTES)
    with writer.begin() as transaction:
        write_profile(transaction, "alice", "Likes trains.")
    yield writer
    writer.close()


@pytest.fixture
def reader(writer: ProfileWriter, tmp_path: Path) -> Iterator[LocalReader]:
    """Reads that store."""
    with LocalReader(tmp_path, clock=ManualClock(0)) as local:
        yield local


def get(writer: ProfileWriter | ActivityWriter, database: bytes, key: bytes) -> bytes:
    with writer.environment.begin() as txn:
        return txn.get(key, db=writer.environment.handles[database])


def put(writer: ProfileWriter | ActivityWriter, database: bytes, key: bytes, row: bytes) -> None:
    with writer.environment.begin(write=True) as txn:
        txn.put(key, row, db=writer.environment.handles[database])


def delete(writer: ProfileWriter | ActivityWriter, database: bytes, key: bytes) -> None:
    with writer.environment.begin(write=True) as txn:
        assert txn.delete(key, db=writer.environment.handles[database])


def former(row: bytes) -> bytes:
    """Return a row as format 1 wrote it: with a checksum of the row alone."""
    head = b"\1" + row[1:4]
    return head + struct.pack("<I", extend(value(head), row[8:])) + row[8:]


def as_format_1(writer: ProfileWriter) -> None:
    """Make all of alice's rows rows of format 1."""
    for database in (db.PROFILES, db.FOREWORDS):
        put(writer, database, ALICE, former(get(writer, database, ALICE)))


# -- another's row ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_former", [False, True])
def test_another_users_row_is_never_served(writer, reader, is_former: bool) -> None:
    """With one byte of the key changed, the neighbour is not served alice's rows, in either format."""
    for database in (db.PROFILES, db.FOREWORDS):
        row = get(writer, database, ALICE)
        put(writer, database, ALICD, former(row) if is_former else row)
        delete(writer, database, ALICE)
    for read in (reader.profile, reader.text):
        with pytest.raises(StoreCorruptError, match="'alicd'"):
            read("alicd")
        with pytest.raises(StoreCorruptError, match="'alice' in namespace '' is gone"):
            read("alice")


def test_a_row_of_another_database_is_never_served(writer, reader) -> None:
    """A page number that leads into the other tree serves no profile for a text, though user and bytes are right."""
    put(writer, db.FOREWORDS, ALICE, get(writer, db.PROFILES, ALICE))
    with pytest.raises(StoreCorruptError, match="fails its checksum"):
        reader.text("alice")


def test_a_kept_revision_of_another_place_is_never_given_out(writer, tmp_path: Path) -> None:
    """A revision under another's key, or under another number, is damage, in either format."""
    profiles = ProfileReader(tmp_path)
    row = get(writer, db.REVISIONS, ALICE + keys.u64(1))
    for key in (ALICD + keys.u64(1), ALICD + keys.u64(2)):
        for moved in (row, former(row)):
            put(writer, db.REVISIONS, key, moved)
            with pytest.raises(StoreCorruptError, match="'alicd'"):
                profiles.revisions(ALICD)
        delete(writer, db.REVISIONS, key)
    put(writer, db.REVISIONS, ALICE + keys.u64(1), former(row))
    assert [revision for revision, _ in profiles.revisions(ALICE)] == [1]
    profiles.close()


def test_nobody_is_written_under_anothers_key(writer) -> None:
    """A profile of another user or namespace is refused by name before it becomes a row that looks sound."""
    times = {"computed_at_ms": 1, "stale_after_ms": 2, "expired_after_ms": 3, "refresh_on_open": False}
    for field, profile in (
        ("profile.user_id", Profile(user_id="bob")),
        ("profile.namespace", Profile(user_id="alice", namespace="acme")),
    ):
        with writer.begin() as transaction, pytest.raises(FieldError) as refused:
            transaction.put_profile(ALICE, profile, Foreword(), **times)
        assert refused.value.field == field


# -- events -------------------------------------------------------------------------------------------------------


def test_a_damaged_or_moved_event_is_left_out_and_found(tmp_path: Path, make_event, faults, caplog) -> None:
    """An event with a byte of row or key changed reaches no refresh; the others do, and the check tells."""
    activity = ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)
    with activity.begin() as transaction:
        transaction.record([make_event("alice", f"e{number}", text="trains") for number in range(3)], 1)
    time_ms = 1_700_000_000_000
    key = keys.event_key(ALICE, time_ms, "e1")
    row = get(activity, db.EVENTS, key)
    bad = row.replace(b"trains", b"trainz")
    put(activity, db.EVENTS, key, bad)
    put(activity, db.EVENTS, keys.event_key(ALICD, time_ms, "e1"), row)
    reader = ActivityReader(tmp_path)
    assert [stored.event.event_id for stored in reader.events(ALICE)] == ["e0", "e2"]
    assert [event.event_id for event in reader.every_event(ALICE)] == ["e0", "e2"]
    assert reader.events(ALICD) == []
    assert "an event of user 'alice' in namespace '' is damaged and left out" in caplog.text
    reader.close()
    activity.close()
    found = {(fault.key, fault.what) for fault in faults(tmp_path) if fault.store == "activity.events"}
    assert ("alice e1", "the checksum fails") in found
    assert any(key == "alicd e1" for key, _ in found)


def test_events_of_schema_1_are_read(tmp_path: Path, make_event, faults) -> None:
    """An event that was stored without a seal counts as ever, and is sound to the check."""
    activity = ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)
    with activity.begin() as transaction:
        transaction.record([make_event("alice", "e0", text="trains")], 1)
    key = keys.event_key(ALICE, 1_700_000_000_000, "e0")
    put(activity, db.EVENTS, key, get(activity, db.EVENTS, key)[:-SEAL_BYTES])
    reader = ActivityReader(tmp_path)
    (stored,) = reader.events(ALICE)
    assert stored.event.text == "trains"
    reader.close()
    activity.close()
    assert faults(tmp_path) == []


# -- rows that are gone -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", [db.PROFILES, db.FOREWORDS])
def test_a_row_that_is_gone_is_damage(writer, reader, tmp_path: Path, database: bytes) -> None:
    """A user with one row of two is not unknown, in a single read, in a batch, and for the writer; others still are."""
    delete(writer, database, ALICE)
    read, profiles = reader.profile if database == db.PROFILES else reader.text, ProfileReader(tmp_path)
    with pytest.raises(StoreCorruptError, match=f"is gone from {database.decode()}"):
        read("alice")
    if database == db.PROFILES:
        with pytest.raises(StoreCorruptError, match="is gone"):
            profiles.profile_rows([ALICD, ALICE])
        with pytest.raises(StoreCorruptError, match="is gone"), writer.begin() as transaction:
            transaction.profile(ALICE)
    assert profiles.profile_rows([ALICD]) == [None]
    profiles.close()


def test_a_user_all_of_whose_rows_are_gone_is_known_by_the_refresh_state(writer, reader) -> None:
    """Both rows lost, the refresh state still says that there was a profile."""
    delete(writer, db.PROFILES, ALICE)
    delete(writer, db.FOREWORDS, ALICE)
    with pytest.raises(StoreCorruptError, match="is gone"):
        reader.text("alice")


@pytest.mark.parametrize("is_gone", [b"schema_version", b"environment_id"])
@pytest.mark.parametrize("kind", [ProfileReader, ProfileWriter, ActivityReader, ActivityWriter])
def test_an_environment_that_lost_its_identity_is_damaged(store: Path, kind, is_gone: bytes) -> None:
    """Without what it says of itself an environment is not taken for one that is being made, nor made anew."""
    of_profiles = kind in (ProfileReader, ProfileWriter)
    writer = (ProfileWriter if of_profiles else ActivityWriter)(store, map_size_bytes=MAP_BYTES)
    delete(writer, db.META, is_gone)
    writer.close()
    with pytest.raises(StoreCorruptError, match=f"its row {is_gone.decode()} is gone") as refused:
        kind(store) if kind in (ProfileReader, ActivityReader) else kind(store, map_size_bytes=MAP_BYTES)
    assert refused.value.store == (PROFILES if of_profiles else ACTIVITY)


@pytest.mark.parametrize("is_gone", [db.META, db.FOREWORDS])
@pytest.mark.parametrize("kind", [ProfileReader, ProfileWriter])
def test_an_environment_that_lost_a_database_is_damaged(store: Path, kind, is_gone: bytes) -> None:
    """A database whose name was damaged is not made anew, empty: everyone would be unknown and nobody be told."""
    writer = ProfileWriter(store, map_size_bytes=MAP_BYTES)
    with writer.environment.lmdb.begin(write=True) as txn:
        txn.drop(writer.environment.handles[is_gone], delete=True)
    writer.close()
    with pytest.raises(StoreCorruptError, match=f"its database {is_gone.decode()} is gone"):
        kind(store) if kind is ProfileReader else kind(store, map_size_bytes=MAP_BYTES)


# -- the former format --------------------------------------------------------------------------------------------


def test_rows_of_format_1_are_read_and_made_anew_when_written(writer, reader) -> None:
    """A store of format 1 is served as it is; moving its times or writing a user makes format 2 of the rows."""
    wanted = reader.profile("alice"), reader.text("alice")
    as_format_1(writer)
    assert (reader.profile("alice"), reader.text("alice")) == wanted
    with writer.begin() as transaction:
        transaction.revalidate(ALICE, stale_after_ms=7, expired_after_ms=8, segment=1, refresh_on_open=False)
    for database in (db.PROFILES, db.FOREWORDS):
        row = get(writer, database, ALICE)
        assert row[0] == codec.ROW_VERSION == 2
        assert codec.is_intact(database, ALICE, row)
    assert (reader.profile("alice"), reader.text("alice")) == wanted


def test_anothers_row_of_format_1_is_never_made_to_pass_for_sound(writer, reader) -> None:
    """Moving the times of a row of format 1 under the wrong key leaves it as it is: its new checksum would hold."""
    for database in (db.PROFILES, db.FOREWORDS):
        put(writer, database, ALICD, former(get(writer, database, ALICE)))
    with writer.begin() as transaction:
        transaction.revalidate(ALICD, stale_after_ms=7, expired_after_ms=8, segment=1, refresh_on_open=False)
    assert get(writer, db.PROFILES, ALICD)[0] == get(writer, db.FOREWORDS, ALICD)[0] == 1
    with pytest.raises(StoreCorruptError, match="'alicd'"):
        reader.text("alicd")


def test_a_writer_raises_the_schema_of_a_former_store(store: Path) -> None:
    """A store of schema 1 is read as it is, and is of schema 2 once its writer has opened it, with the same id."""
    writer = ProfileWriter(store, map_size_bytes=MAP_BYTES)
    own_id = writer.environment.id
    put(writer, db.META, b"schema_version", keys.u64(1))
    delete(writer, db.META, b"databases")
    writer.close()
    reader = ProfileReader(store)
    assert reader.profile(keys.user_key("user1")) is not None
    reader.close()
    writer = ProfileWriter(store, map_size_bytes=MAP_BYTES)
    assert get(writer, db.META, b"schema_version") == keys.u64(2)
    assert get(writer, db.META, b"databases").split(b"\n") == sorted(db.PROFILE_DATABASES)
    assert writer.environment.id == own_id
    before = writer.environment.last_transaction
    writer.close()
    writer = ProfileWriter(store, map_size_bytes=MAP_BYTES)
    assert writer.environment.last_transaction == before
    writer.close()
