"""Writing environments anew: what comes along, what does not, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword import keys
from foreword.errors import StoreCorruptError
from foreword.store import ActivityWriter, ProfileWriter
from foreword.store.check import inspect_store
from foreword.store.files import ACTIVITY, DATA_FILE, PROFILES
from foreword.store.snapshot import Snapshot, open_snapshot
from foreword.store.upkeep import backup_store, compact_store
from foreword.store.upkeep.rewrite import rewrite

MAP_BYTES = 1 << 28
MARK = "neighbour-7f3"
# Keys order by length, then bytes: these stand before and behind the marked user, on the same pages.
NEIGHBOURS = [f"neighbour{place}{number:03}" for place in "+." for number in range(4)]


def rows_of(snapshot: Snapshot) -> dict[bytes, list[tuple[bytes, bytes]]]:
    """Return everything in a snapshot, databases of other versions included."""
    return {name: list(snapshot.txn.cursor(db=handle)) for name, handle in snapshot.every_database().items()}


@pytest.fixture
def erased(store: Path, make_event, write_profile) -> Path:
    """A store that a marked user was erased from, whose rows lay on pages with those of others."""
    user = keys.user_key(MARK)
    activity = ActivityWriter(store, map_size_bytes=MAP_BYTES)
    profiles = ProfileWriter(store, map_size_bytes=MAP_BYTES)
    for number in range(30):
        with activity.begin() as transaction:
            transaction.record([make_event(MARK, f"{MARK}{number}", text=MARK)], 1)
            transaction.record([make_event(NEIGHBOURS[number % 8], f"late{number}")], 1)
        with profiles.begin() as transaction:
            write_profile(transaction, NEIGHBOURS[number % 8], due_ms=number + 1)
            write_profile(transaction, MARK, text=MARK, due_ms=number + 1)
    for writer in (activity, profiles):
        with writer.begin() as transaction:
            transaction.erase(user, 1) if writer is activity else transaction.erase(user)
    with activity.begin() as transaction:
        transaction.finish_erasure(user)
    activity.close()
    profiles.close()
    return store


def marks(path: Path) -> int:
    """Count the places in a data file that still hold something of the marked user."""
    return (path / DATA_FILE).read_bytes().count(MARK.encode())


@pytest.mark.parametrize("name", [PROFILES, ACTIVITY])
def test_a_compacted_file_holds_no_byte_of_a_removed_row(erased: Path, name: str) -> None:
    """Removed rows stand in pages that others still use, where a copy of pages keeps them; rows alone are written."""
    with open_snapshot(erased / name) as snapshot:
        before = rows_of(snapshot)
    assert marks(erased / name) > 0
    compact_store(erased, name)
    assert marks(erased / name) == 0
    with open_snapshot(erased / name) as snapshot:
        assert rows_of(snapshot) == before
    assert list(inspect_store(erased)) == []


def test_a_backup_holds_no_byte_of_a_removed_row(erased: Path, tmp_path: Path) -> None:
    """Nor does a backup, though the store it was made from still does."""
    backup_store(erased, tmp_path / "backup")
    assert [marks(erased / name) > 0 for name in (PROFILES, ACTIVITY)] == [True, True]
    assert [marks(tmp_path / "backup" / name) for name in (PROFILES, ACTIVITY)] == [0, 0]
    assert list(inspect_store(tmp_path / "backup")) == []


def test_rows_beyond_one_batch_all_come_along(store: Path, tmp_path: Path, monkeypatch) -> None:
    """However many transactions a rewrite takes, it says how far it is, and every row is there at the end."""
    monkeypatch.setattr("foreword.store.upkeep.rewrite._BATCH_ROWS", 7)
    reports: list[tuple[str, int, int]] = []
    with open_snapshot(store / ACTIVITY) as snapshot:
        before = rows_of(snapshot)
        rewrite(snapshot, tmp_path / ACTIVITY, lambda *report: reports.append(report))
    with open_snapshot(tmp_path / ACTIVITY) as snapshot:
        assert rows_of(snapshot) == before
    total = sum(len(rows) for rows in before.values())
    assert reports[-1] == (ACTIVITY, total, total)
    assert {done for _, done, _ in reports} == {*range(7, total, 7), total}


def test_a_database_of_a_later_version_comes_along(store: Path) -> None:
    """What a later Foreword keeps beside what this one knows is not lost by a compaction of this one's."""
    writer = ProfileWriter(store, map_size_bytes=MAP_BYTES)
    later = writer.environment.lmdb.open_db(b"later")
    with writer.environment.begin(write=True) as txn:
        txn.put(b"key", b"value", db=later)
    writer.close()
    compact_store(store, PROFILES)
    with open_snapshot(store / PROFILES) as snapshot:
        assert rows_of(snapshot)[b"later"] == [(b"key", b"value")]


def test_rows_out_of_order_are_not_left_out_in_silence(store: Path) -> None:
    """A damaged file whose keys do not ascend is refused and stays as it is: a shorter one would hide the loss."""
    data = store / ACTIVITY / DATA_FILE
    damaged = data.read_bytes().replace(b"user1", b"user8")
    data.write_bytes(damaged)
    with pytest.raises(StoreCorruptError, match="not in order"):
        compact_store(store, ACTIVITY)
    assert data.read_bytes() == damaged
    assert sorted(path.name for path in store.iterdir() if path.is_dir()) == [ACTIVITY, PROFILES]
