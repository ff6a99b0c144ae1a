"""The order of changes: what is in it, what is kept of it, and what it can no longer tell."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from conftest import MAP_BYTES, START_MS, put_profile

from foreword import keys
from foreword.store import ProfileReader, ProfileWriter
from foreword.store import databases as db
from foreword.store.change_reader import Place
from foreword.store.files import PROFILES
from foreword.store.upkeep import backup_store, compact_store, restore_store
from foreword.store.v1.store_pb2 import ChangeRow, ErasureReceipt, NewestChange
from foreword.v1.profile_change_pb2 import ChangeKind

WRITTEN, ROLLED_BACK = ChangeKind.CHANGE_KIND_WRITTEN, ChangeKind.CHANGE_KIND_ROLLED_BACK
REVALIDATED, ERASED = ChangeKind.CHANGE_KIND_REVALIDATED, ChangeKind.CHANGE_KIND_ERASED
ERASE_ID = bytes(range(16))
ANN = keys.user_key("ann")


def write(directory: Path, *user_ids: str, **limits: int) -> None:
    """Write a profile of each user, as a scheduler that then ends."""
    with closing(ProfileWriter(directory, map_size_bytes=MAP_BYTES, **limits)) as writer:
        for user_id in user_ids:
            with writer.begin() as txn:
                put_profile(txn, user_id)


def erase(directory: Path, user_id: str) -> None:
    with closing(ProfileWriter(directory, map_size_bytes=MAP_BYTES)) as writer, writer.begin() as txn:
        txn.erase(keys.user_key(user_id))
        txn.put_receipt(ERASE_ID, ErasureReceipt(erased_ms=START_MS))


def newest(directory: Path) -> Place:
    with closing(ProfileReader(directory)) as reader:
        return reader.changes.newest()[0]


def told(directory: Path, place: Place) -> list[tuple[int, str, int]] | None:
    """Return what is told behind a place: kind, user and revision."""
    with closing(ProfileReader(directory)) as reader:
        rows = reader.changes.following(place, 1000)
        if rows is None:
            return None
        return [
            (row.kind, keys.split_user_key(row.user_key)[0] if row.user_key else "", row.revision)
            for _, row in rows
        ]


def test_each_change_has_its_place(tmp_path: Path, faults: Callable) -> None:
    """Writing, confirming, rolling back and erasing are told in the order in which they were committed."""
    write(tmp_path)
    begin = newest(tmp_path)
    with closing(ProfileWriter(tmp_path, map_size_bytes=MAP_BYTES)) as writer:
        with writer.begin() as txn:
            put_profile(txn, "ann")
            put_profile(txn, "bob")
        with writer.begin() as txn:
            times = {"stale_after_ms": START_MS + 5, "expired_after_ms": START_MS + 6}
            txn.revalidate(keys.user_key("ann"), **times, segment=1, refresh_on_open=False)
    assert told(tmp_path, begin) == [(WRITTEN, "ann", 1), (WRITTEN, "bob", 2), (REVALIDATED, "ann", 1)]
    assert told(tmp_path, newest(tmp_path)) == []
    assert faults(tmp_path) == []


def test_an_undone_change_is_not_told(tmp_path: Path) -> None:
    """A transaction that fails leaves nothing in the order."""
    write(tmp_path)
    begin = newest(tmp_path)
    with closing(ProfileWriter(tmp_path, map_size_bytes=MAP_BYTES)) as writer:

        def fail() -> None:
            with writer.begin() as txn:
                put_profile(txn, "ann")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
    assert told(tmp_path, begin) == []


def test_an_erased_user_is_named_nowhere(tmp_path: Path, faults: Callable) -> None:
    """An erasure takes the user's name out of the order, keeps the places, and is told by its id alone."""
    write(tmp_path, "ann", "bob", "ann")
    begin = Place(1, newest(tmp_path).term)
    erase(tmp_path, "ann")
    assert told(tmp_path, begin) == [(0, "", 0), (WRITTEN, "bob", 2), (0, "", 0), (ERASED, "", 0)]
    with closing(ProfileReader(tmp_path)) as reader:
        rows = [row for _, row in reader.range(db.CHANGES)]
    assert not any(b"ann" in row for row in rows)
    assert ERASE_ID in rows[-1]
    assert faults(tmp_path) == []


def test_the_newest_are_kept(tmp_path: Path, faults: Callable) -> None:
    """Beyond the limit the oldest go, and whoever stopped at one of them is told so instead of a part."""
    write(tmp_path, "ann")
    early = newest(tmp_path)
    write(tmp_path, *["bob"] * 120, changes_max=100)
    assert told(tmp_path, early) is None
    kept = told(tmp_path, newest(tmp_path)._replace(number=newest(tmp_path).number - 99))
    assert kept is not None
    assert len(kept) == 99
    assert told(tmp_path, newest(tmp_path)._replace(number=newest(tmp_path).number - 100)) is None
    assert faults(tmp_path) == []


def test_the_order_survives_a_restart_and_a_compaction(tmp_path: Path, faults: Callable) -> None:
    """A place is good in later runs and in files written anew."""
    write(tmp_path, "ann")
    place = newest(tmp_path)
    write(tmp_path, "bob")
    compact_store(tmp_path, PROFILES)
    write(tmp_path, "cid")
    assert told(tmp_path, place) == [(WRITTEN, "bob", 2), (WRITTEN, "cid", 3)]
    assert faults(tmp_path) == []


def test_a_restored_store_knows_its_own_places(tmp_path: Path, faults: Callable) -> None:
    """After a restore, places of before the backup are good, and those given since are not, though others have their
    numbers by then."""
    store, backup = tmp_path / "store", tmp_path / "backup"
    write(store, "ann")
    common = newest(store)
    backup_store(store, backup)
    write(store, "bob", "cid")
    lost = newest(store)
    restore_store(backup, store)
    assert told(store, lost) is None
    write(store, "dan", "eve", "fay")
    assert newest(store).number > lost.number
    assert told(store, lost) is None
    assert told(store, common) == [(WRITTEN, "dan", 2), (WRITTEN, "eve", 3), (WRITTEN, "fay", 4)]
    assert faults(store) == []


def test_an_older_version_that_wrote_is_noticed(tmp_path: Path, faults: Callable) -> None:
    """Where a version without the order wrote profiles, the order begins anew: nobody is told a part for the whole."""
    write(tmp_path, "ann")
    place = newest(tmp_path)
    with closing(ProfileWriter(tmp_path, map_size_bytes=MAP_BYTES)) as writer:
        with writer.begin() as txn:
            put_profile(txn, "bob")
        # As that version leaves it: the profile without its change.
        with writer.begin() as txn:
            txn._delete(db.CHANGES, keys.u64(place.number + 1))
            before = NewestChange(place=place.number, term=place.term, revision=1)
            txn._put(db.META, db.META_CHANGES, before.SerializeToString())
    write(tmp_path, "cid")
    assert told(tmp_path, place) is None
    with closing(ProfileReader(tmp_path)) as reader:
        assert reader.changes.place_after(1) is None
        since = reader.changes.place_after(2)
    assert since is not None
    assert told(tmp_path, since) == [(WRITTEN, "cid", 3)]
    assert faults(tmp_path) == []


def test_a_store_without_the_order_is_read(tmp_path: Path, store: Path) -> None:
    """A reader of a store that no newer scheduler has opened finds an order without changes."""
    older = tmp_path / "older"
    shutil.copytree(store, older)
    with closing(ProfileWriter(older, map_size_bytes=MAP_BYTES)) as writer, writer.begin() as txn:
        txn._delete(db.META, db.META_CHANGES)
        txn._txn.drop(txn._db[db.CHANGES], delete=False)
    with closing(ProfileReader(older)) as reader:
        place, revision = reader.changes.newest()
        assert (place, revision) == (Place(0, 0), 0)
        assert reader.changes.following(place, 10) == []
        assert reader.changes.place_after(1) is None


def test_a_revision_leads_to_its_place(tmp_path: Path) -> None:
    """Behind the place of a revision is every higher one, also where an older one was confirmed since."""
    write(tmp_path, "ann", "bob", "cid")
    with closing(ProfileWriter(tmp_path, map_size_bytes=MAP_BYTES)) as writer, writer.begin() as txn:
        times = {"stale_after_ms": START_MS + 5, "expired_after_ms": START_MS + 6}
        txn.revalidate(keys.user_key("ann"), **times, segment=1, refresh_on_open=False)
    with closing(ProfileReader(tmp_path)) as reader:
        place = reader.changes.place_after(2)
        assert place is not None
        assert reader.changes.place_after(4) is None
    assert told(tmp_path, place) == [(WRITTEN, "cid", 3), (REVALIDATED, "ann", 1)]


@pytest.mark.parametrize(
    ("place", "row", "fault"),
    [
        (3, ChangeRow(kind=WRITTEN), "no term"),
        (99, ChangeRow(term=7), "outside 1 to"),
        (3, ChangeRow(term=7, kind=WRITTEN, user_key=b"\0\3not"), "no user key"),
        (3, ChangeRow(term=7, kind=ERASED, user_key=ANN), "not of one"),
        (3, ChangeRow(term=7, kind=WRITTEN, user_key=ANN, revision=99), "newer than the profile in force"),
        (3, ChangeRow(term=7, kind=WRITTEN, user_key=keys.user_key("eve"), revision=1), "no profile"),
    ],
)
def test_check_finds_what_is_wrong(
    tmp_path: Path, faults: Callable, place: int, row: ChangeRow, fault: str
) -> None:
    """The check names a row of the order that is no change of this store."""
    write(tmp_path, "ann", "bob")
    with closing(ProfileWriter(tmp_path, map_size_bytes=MAP_BYTES)) as writer, writer.begin() as txn:
        txn._put(db.CHANGES, keys.u64(place), row.SerializeToString())
    found = [each for each in faults(tmp_path) if each.store == "profiles.changes"]
    assert len(found) == 1
    assert fault in found[0].what
