"""check, backup, restore, compact, stats and export, on real environments."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import threading
from pathlib import Path

import pytest
from forked import run

from foreword import keys
from foreword.clock import ManualClock
from foreword.errors import (
    FieldError,
    StoreCorruptError,
    StoreError,
    StoreLockedError,
    StoreMissingError,
    StoreVersionError,
)
from foreword.store import (
    ActivityReader,
    ActivityWriter,
    ProfileReader,
    ProfileWriter,
    lock_activity,
    lock_profiles,
)
from foreword.store import databases as db
from foreword.store.check import check_store, inspect_store
from foreword.store.files import ACTIVITY, DATA_FILE, PROFILES
from foreword.store.manifest import MANIFEST_FILE
from foreword.store.swap import RESTORE_MARKER, former, incoming
from foreword.store.upkeep import backup_store, compact_store, compactable, restore_store, store_stats
from foreword.store.user_data import export_user

MAP_BYTES = 1 << 28
USER = keys.user_key("user7")


def everything(directory: Path) -> dict[str, list[tuple[bytes, bytes]]]:
    """Return all rows of a store."""
    found = {}
    for reader in (ProfileReader(directory), ActivityReader(directory)):
        with reader.environment.begin() as txn:
            for name, handle in reader.environment.handles.items():
                found[f"{reader.environment.name}/{name.decode()}"] = list(txn.cursor(db=handle))
        reader.close()
    return found


def damage(directory: Path, database: bytes, key: bytes, row: bytes | None) -> None:
    """Put a row as it is, past all writers' rules; None deletes it."""
    kind = ProfileWriter if database in db.PROFILE_DATABASES and database != b"meta" else ActivityWriter
    writer = kind(directory, map_size_bytes=MAP_BYTES)
    with writer.environment.begin(write=True) as txn:
        handle = writer.environment.handles[database]
        assert txn.delete(key, db=handle) if row is None else txn.put(key, row, db=handle)
    writer.close()


# -- check ----------------------------------------------------------------------------------------------------


def test_a_filled_store_is_sound(store: Path) -> None:
    """A store written by the writers alone has nothing wrong with it, seen from another process."""
    assert list(check_store(store)) == []


def test_check_runs_beside_writers(store: Path, make_event) -> None:
    """A store that is being written is sound at every moment."""
    writer = ActivityWriter(store, map_size_bytes=MAP_BYTES)
    done = threading.Event()

    def write() -> None:
        for number in range(10_000):
            if done.is_set():
                return
            with writer.begin() as transaction:
                transaction.record([make_event("user1", f"late{number}")], 1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(2):
            assert list(check_store(store)) == []
    finally:
        done.set()
        thread.join()
        writer.close()


def test_check_says_that_there_is_no_store(tmp_path: Path) -> None:
    """A folder without a store is a mistake of the caller's, not a sound store."""
    with pytest.raises(StoreMissingError, match="no store at"):
        list(check_store(tmp_path))


REVISION_KEY = USER + keys.u64(1)
FOREIGN_STATE = b"\x10\x01"


@pytest.mark.parametrize(
    ("database", "key", "row", "store_name", "what"),
    [
        (db.PROFILES, USER, bytes(10), "profiles.profiles", "its header alone has 40"),
        (db.PROFILES, USER, b"\x01" + bytes(60), "profiles.profiles", "checksum"),
        (db.PROFILES, b"\xff", b"", "profiles.profiles", "no user key"),
        (db.PROFILES, USER, None, "profiles.forewords", "belongs to no profile"),
        (db.FOREWORDS, USER, None, "profiles.profiles", "has no foreword"),
        (db.FOREWORDS, USER, bytes(50), "profiles.forewords", "format 0"),
        (db.REFRESH_STATES, USER, None, "profiles.due", "refresh state does not say so"),
        (db.REFRESH_STATES, USER, None, "profiles.profiles", "no refresh state"),
        (db.REFRESH_STATES, USER, FOREIGN_STATE, "profiles.watermarks", "due index does not know"),
        (db.REFRESH_STATES, USER, b"\xff", "profiles.watermarks", "cannot be parsed"),
        (db.DUE, keys.due_key(5, USER), b"", "profiles.due", "refresh state does not say so"),
        (db.DUE, b"short", b"", "profiles.due", "too short"),
        (db.REVISIONS, USER + keys.u64(2**40), bytes(50), "profiles.revisions", "format 0"),
        (db.LEDGER, keys.u64(2**40), b"", "profiles.ledger", "outside"),
        (db.LEDGER, keys.u64(1), b"\xff", "profiles.ledger", "cannot be parsed"),
        (db.POPULATION, b"\0", b"\xff", "profiles.population", "cannot be parsed"),
        (db.ERASURES, b"short", b"", "profiles.erasures", "not 16"),
        (db.EVENTS, keys.event_key(USER, 5, "e0"), keys.u64(1), "activity.events", "taken twice"),
        (db.EVENTS, keys.event_key(USER, 1_700_000_000_000, "e0"), b"", "activity.events", "8"),
        (
            db.EVENTS,
            keys.event_key(USER, 1_700_000_000_000, "e0"),
            keys.u64(1) + b"\xff",
            "activity.events",
            "parsed",
        ),
        (db.EVENTS, USER, keys.u64(1), "activity.events", "no event key"),
        (db.APPLIED, USER + b"e0", b"", "activity.applied", "8 of a time"),
        (db.APPLIED, USER + b"e0", None, "activity.events", "taken twice"),
        (db.USERS, USER, None, "activity.triggers", "not the trigger"),
        (db.USERS, USER, None, "activity.users", "it has no row"),
        (db.USERS, USER, b"\x20\x01", "activity.users", "8 are stored"),
        (db.USERS, USER, b"\x30\x63", "activity.users", "names trigger 99"),
        (db.TRIGGERS, keys.u64(99), b"", "activity.triggers", "no number from 1"),
        (db.TRIGGERS, keys.u64(1), None, "activity.users", "not its own"),
        (db.CONTROLS, keys.user_key("leaver"), None, "activity.triggers", "nobody waits for"),
        (db.CONTROLS, USER, b"\x0a\x01x", "activity.controls", "not 16"),
        (db.READS, keys.u32(1), keys.u64(1), "activity.reads", "no day with a segment"),
        (db.READS, keys.u32(1) + b"\x08\x08", keys.u64(1), "activity.reads", "no day with a segment"),
        (db.READS, keys.u32(1) + b"\x01", b"", "activity.reads", "8 of a count"),
        (db.META, db.META_EVENT_SEQ, keys.u64(1), "activity.events", "events counted"),
        (db.META, db.META_TRIGGER_SEQ, keys.u64(2), "profiles.meta", "were taken"),
    ],
)
def test_check_names_what_is_wrong(
    store: Path, database: bytes, key: bytes, row: bytes | None, store_name: str, what: str
) -> None:
    """Each rule of the format that a row can break is found broken, at its place."""
    damage(store, database, key, row)
    found = list(inspect_store(store))
    assert [p for p in found if p.store == store_name and what in p.what], found


def test_check_survives_a_file_cut_short(store: Path) -> None:
    """A file that would kill a process mapping it is reported by one that lives."""
    data = store / ACTIVITY / DATA_FILE
    with data.open("rb+") as file:
        file.truncate(data.stat().st_size // 2)
    found = list(check_store(store))
    assert any(p.store == ACTIVITY for p in found), found
    assert not any(p.store.startswith("profiles.") for p in found), found


def test_a_damaged_row_is_never_made_to_pass_for_sound(store: Path) -> None:
    """Moving a damaged profile's times leaves its checksum failing, and its reading fails in words."""
    reader = ProfileReader(store)
    row = bytearray(reader.profile_row(USER))
    reader.close()
    row[-1] ^= 1
    damage(store, db.PROFILES, USER, bytes(row))
    writer = ProfileWriter(store, map_size_bytes=MAP_BYTES)
    with writer.begin() as transaction:
        transaction.revalidate(USER, stale_after_ms=7, expired_after_ms=8, segment=1, refresh_on_open=False)
    with (
        pytest.raises(StoreCorruptError, match=r"user 'user7' .* fails its checksum"),
        writer.begin() as transaction,
    ):
        transaction.profile(USER)
    reader = ProfileReader(store)
    with pytest.raises(StoreCorruptError, match="fails its checksum"):
        reader.profile_rows([keys.user_key("user1"), USER])
    reader.close()
    writer.close()


# -- backup and restore -----------------------------------------------------------------------------------------


def test_a_backup_holds_the_store_as_it_was(store: Path, tmp_path: Path, make_event) -> None:
    """What is written after the backup is not in it; all before is, and the restored store equals it."""
    before = everything(store)
    manifest = backup_store(store, tmp_path / "backup", clock=ManualClock(5))
    writer = ActivityWriter(store, map_size_bytes=MAP_BYTES)
    with writer.begin() as transaction:
        transaction.record([make_event("user1", "late")], 1)
    writer.close()
    assert everything(store) != before
    assert restore_store(tmp_path / "backup", store) == manifest
    assert everything(store) == before
    assert list(check_store(store)) == []
    assert manifest.created_ms == 5
    assert sorted(p.name for p in store.iterdir()) == [ACTIVITY, PROFILES, "scheduler.lock", "sidecar.lock"]


def test_a_backup_of_a_running_store_is_one_moment(
    store: Path, tmp_path: Path, make_event, write_profile
) -> None:
    """Profiles in a backup never know of activity that is not in it, while both are being written."""
    activity = ActivityWriter(store, map_size_bytes=MAP_BYTES)
    profiles = ProfileWriter(store, map_size_bytes=MAP_BYTES)
    done = threading.Event()

    def write() -> None:
        for number in range(10_000):
            if done.is_set():
                return
            with activity.begin() as transaction:
                transaction.record([make_event("user1", f"late{number}")], 1)
            known = ActivityReader(store)
            user = known.user(keys.user_key("user1"))
            known.close()
            with profiles.begin() as transaction:
                mark = transaction.refresh_state(keys.user_key("user1"))
                mark.consumed_seq = user.last_seq
                transaction.schedule(keys.user_key("user1"), mark)
                transaction.put_trigger_cursor(activity.environment.id, user.trigger_seq)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for number in range(3):
            backup_store(store, tmp_path / f"backup{number}")
    finally:
        done.set()
        thread.join()
        activity.close()
        profiles.close()
    for number in range(3):
        assert list(check_store(tmp_path / f"backup{number}")) == []


def test_a_backup_does_not_overwrite(store: Path, tmp_path: Path) -> None:
    """A backup into a folder that exists is refused and leaves it as it was."""
    target = tmp_path / "backup"
    target.mkdir()
    with pytest.raises(StoreError, match="exists already"):
        backup_store(store, target)
    assert list(target.iterdir()) == []


def die_in_a_backup(store: Path, target: Path) -> None:
    backup_store(store, target, progress=lambda name, done, total: os._exit(9))


def test_a_backup_takes_the_place_of_one_that_died(store: Path, tmp_path: Path) -> None:
    """What a killed backup left under the name is cleared away: its lock is free, so its process is gone."""
    assert run(die_in_a_backup, store, tmp_path / "backup").code == 9
    left = tmp_path / "backup.partial"
    assert (left / PROFILES).exists()
    assert not (tmp_path / "backup").exists()
    backup_store(store, tmp_path / "backup")
    assert not left.exists()
    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == [
        ACTIVITY,
        MANIFEST_FILE,
        PROFILES,
    ]
    assert list(check_store(tmp_path / "backup")) == []


def test_a_backup_leaves_a_living_one_alone(store: Path, tmp_path: Path) -> None:
    """While another process makes a backup of the name it is refused, and named; the other comes to its end."""
    refusals: list[StoreLockedError] = []

    def meanwhile(_name: str, _done: int, _total: int) -> None:
        with pytest.raises(StoreLockedError, match=rf"under way: process {os.getpid()} holds") as refused:
            backup_store(store, tmp_path / "backup")
        refusals.append(refused.value)

    backup_store(store, tmp_path / "backup", progress=meanwhile)
    assert refusals
    assert list(check_store(tmp_path / "backup")) == []


def test_a_backup_clears_away_nothing_that_may_be_somebody_elses(store: Path, tmp_path: Path) -> None:
    """A folder of that name without a backup's lock is left as it is, and the operator told what to do."""
    (tmp_path / "backup.partial").mkdir()
    (tmp_path / "backup.partial" / "letters").touch()
    with pytest.raises(StoreError, match="in the way") as refused:
        backup_store(store, tmp_path / "backup")
    assert "remove it" in refused.value.hint
    assert (tmp_path / "backup.partial" / "letters").exists()


def die_with_a_restore_marked(backup: Path, store: Path) -> None:
    os.umask(0)
    Path.unlink = lambda self, **_: os._exit(9) if self.name == RESTORE_MARKER else None
    restore_store(backup, store)


def test_only_the_owner_reads_a_store_and_its_backups(store: Path, tmp_path: Path) -> None:
    """No file of either is open to others, whatever the umask: manifest, locks and marks of a restore included."""
    umask = os.umask(0)
    try:
        backup_store(store, tmp_path / "backup")
        assert run(die_with_a_restore_marked, tmp_path / "backup", store).code == 9
    finally:
        os.umask(umask)
    assert (store / RESTORE_MARKER).exists()
    files = [path for top in (store, tmp_path / "backup") for path in [top, *top.rglob("*")]]
    assert {path: oct(path.stat().st_mode & 0o077) for path in files if path.stat().st_mode & 0o077} == {}


def test_a_backup_reports_its_progress(store: Path, tmp_path: Path) -> None:
    """The last report of each environment says that all of it is copied."""
    reports: dict[str, tuple[int, int]] = {}
    backup_store(
        store, tmp_path / "b", progress=lambda name, done, total: reports.update({name: (done, total)})
    )
    assert set(reports) == {PROFILES, ACTIVITY}
    assert all(done == total > 0 for done, total in reports.values())


@pytest.mark.parametrize("lock", [lock_activity, lock_profiles])
def test_restore_is_refused_while_a_daemon_runs(store: Path, tmp_path: Path, lock) -> None:
    """A restore under a running daemon is refused with its process id, and changes nothing."""
    backup_store(store, tmp_path / "backup")
    before = everything(store)
    with lock(store), pytest.raises(StoreLockedError, match=r"process \d+ holds"):
        restore_store(tmp_path / "backup", store)
    assert everything(store) == before


def test_restore_refuses_what_is_no_backup(store: Path, tmp_path: Path) -> None:
    """A folder without a manifest, such as a plain copy, is not restored from."""
    with pytest.raises(StoreError, match="is no backup"):
        restore_store(store, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


def test_restore_refuses_a_newer_backup(store: Path, tmp_path: Path) -> None:
    """A backup format of the future is refused in words."""
    backup_store(store, tmp_path / "backup")
    manifest = tmp_path / "backup" / MANIFEST_FILE
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 99}))
    with pytest.raises(StoreVersionError, match="backup format 99"):
        restore_store(tmp_path / "backup", store)


def test_restore_into_an_empty_place(store: Path, tmp_path: Path) -> None:
    """A backup makes a whole store where none was."""
    backup_store(store, tmp_path / "backup")
    restore_store(tmp_path / "backup", tmp_path / "new")
    assert everything(tmp_path / "new") == everything(store)


def test_a_restore_cut_short_is_undone_by_the_next(store: Path, tmp_path: Path, monkeypatch) -> None:
    """After a crash between the two renames no daemon starts, and the next restore begins from the former store."""
    backup_store(store, tmp_path / "backup")
    (store / RESTORE_MARKER).write_text(json.dumps([PROFILES, ACTIVITY]))
    (store / PROFILES).rename(former(store / PROFILES))
    with pytest.raises(StoreError, match="interrupted"):
        lock_activity(store)
    restore_store(tmp_path / "backup", store)
    lock_activity(store).release()
    assert list(check_store(store)) == []
    assert not former(store / PROFILES).exists()


def test_a_failing_restore_puts_the_former_store_back(store: Path, tmp_path: Path, monkeypatch) -> None:
    """When the second environment cannot be swapped in, neither is."""
    before = everything(store)
    backup_store(store, tmp_path / "backup")
    (store / "gone").mkdir()
    from foreword.store.upkeep import restore as module

    swapped = []

    def fail_second(path: Path) -> None:
        swapped.append(path)
        if len(swapped) == 2:
            raise OSError(5, "Input/output error")
        real(path)

    real = module.swap_in
    monkeypatch.setattr(module, "swap_in", fail_second)
    with pytest.raises(StoreError, match="the former store is in place"):
        restore_store(tmp_path / "backup", store)
    assert everything(store) == before
    assert not (store / RESTORE_MARKER).exists()


HEADER_FIELDS = {
    "version": 0,
    "flags": 1,
    "reserved": 2,
    "crc": 4,
    "revision": 8,
    "computed": 16,
    "stale": 24,
    "expired": 32,
}


@pytest.mark.parametrize("field", HEADER_FIELDS)
@pytest.mark.parametrize("database", [db.PROFILES, db.FOREWORDS, db.REVISIONS])
def test_a_flipped_bit_in_any_header_field_is_found(store: Path, database: bytes, field: str) -> None:
    """Each bit of the header is covered by the checksum, the version or the checksum field itself."""
    writer = ProfileWriter(store, map_size_bytes=MAP_BYTES)
    with writer.environment.begin(write=True) as txn:
        cursor = txn.cursor(db=writer.environment.handles[database])
        cursor.first()
        key, row = cursor.key(), bytearray(cursor.value())
        row[HEADER_FIELDS[field]] ^= 0x10
        txn.put(key, bytes(row), db=writer.environment.handles[database])
    writer.close()
    assert any(p.store == f"profiles.{database.decode()}" for p in inspect_store(store))


def test_a_flipped_bit_in_any_copy_of_a_text_is_found(store: Path) -> None:
    """Wherever a text stands in the file, in profile, foreword or revision, a changed bit of it is noticed."""
    compact_store(store, PROFILES)
    data = store / PROFILES / DATA_FILE
    good = data.read_bytes()
    places = [match.start() for match in re.finditer(b"Text 7", good)]
    # Three revisions, the profile in force and its foreword; compaction has removed all former copies.
    assert len(places) == 5
    for place in places:
        bad = bytearray(good)
        bad[place] ^= 0x01
        data.write_bytes(bad)
        assert any("checksum fails" in p.what for p in inspect_store(store))


@pytest.mark.parametrize("name", [PROFILES, ACTIVITY])
def test_damage_anywhere_never_ends_the_process_that_asks(store: Path, name: str) -> None:
    """Whatever bit is changed in headers of pages and trees, the check comes to an end and says what it saw."""
    seed = random.randrange(2**32)
    choose = random.Random(seed)
    data = store / name / DATA_FILE
    good = data.read_bytes()
    for _ in range(6):
        bad = bytearray(good)
        for page in range(len(good) // 4096):
            bad[page * 4096 + choose.randrange(16, 32)] ^= 1 << choose.randrange(8)
        data.write_bytes(bad)
        found = list(check_store(store))
        assert any(p.store == name for p in found), f"seed {seed}: {found}"


def test_flipped_bytes_in_a_backup_are_found_and_not_restored(store: Path, tmp_path: Path) -> None:
    """A backup with any byte changed is called damaged, by a process that lives, and is not restored."""
    backup_store(store, tmp_path / "backup")
    before = everything(store)
    data = tmp_path / "backup" / PROFILES / DATA_FILE
    good = data.read_bytes()
    for offset in (0, 16, 20, 40, 48, 152, 4096 + 152, len(good) // 2, len(good) - 100):
        bad = bytearray(good)
        bad[offset] ^= 0xFF
        data.write_bytes(bad)
        assert list(check_store(tmp_path / "backup")), offset
    with pytest.raises(StoreCorruptError, match="is damaged"):
        restore_store(tmp_path / "backup", store)
    assert everything(store) == before


# -- compact and stats --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [PROFILES, ACTIVITY])
def test_compaction_keeps_all_rows(store: Path, which: str) -> None:
    """A compacted store holds the same rows and nothing is left aside."""
    before = everything(store)
    result = compact_store(store, which)
    assert everything(store) == before
    assert result.after_bytes <= result.before_bytes
    assert not former(store / which).exists()
    assert not incoming(store / which).exists()
    assert list(check_store(store)) == []


def test_what_is_there_can_be_compacted(store: Path, tmp_path: Path) -> None:
    """A store without profiles yet, or with ones a compaction left aside, has what it has; an empty folder nothing."""
    assert compactable(store) == [PROFILES, ACTIVITY]
    (store / PROFILES).rename(former(store / PROFILES))
    assert compactable(store) == [PROFILES, ACTIVITY]
    shutil.rmtree(former(store / PROFILES))
    assert compactable(store) == [ACTIVITY]
    with pytest.raises(StoreMissingError, match="no store at"):
        compactable(tmp_path / "none")


def test_compaction_needs_the_daemon_to_be_stopped(store: Path) -> None:
    """A compaction under the running writer is refused."""
    with lock_profiles(store), pytest.raises(StoreLockedError, match="scheduler runs"):
        compact_store(store, PROFILES)
    with pytest.raises(FieldError, match=r"profiles\.lmdb or activity\.lmdb"):
        compact_store(store, "other")


def test_an_open_reader_follows_a_compaction(store: Path, write_profile) -> None:
    """A reader that was open before reads on, and sees what is written after, once it was kept up."""
    reader = ProfileReader(store)
    row = reader.profile_row(USER)
    compact_store(store, PROFILES)
    assert reader.profile_row(USER) == row
    reader.upkeep()
    assert reader.profile_row(USER) == row
    reader.close()
    reader = ProfileReader(store)
    assert not reader.environment.was_replaced()
    reader.close()


@pytest.mark.parametrize(("kind", "name"), [(ProfileWriter, PROFILES), (ActivityWriter, ACTIVITY)])
def test_a_swap_cut_short_leaves_the_former(store: Path, kind, name: str) -> None:
    """A crash between the two renames of a compaction costs nothing: the next writer puts the former back."""
    before = everything(store)
    (store / name).rename(former(store / name))
    incoming(store / name).mkdir()
    kind(store, map_size_bytes=MAP_BYTES).close()
    assert everything(store) == before
    assert not incoming(store / name).exists()


@pytest.mark.parametrize("kind", [ProfileWriter, ActivityWriter])
def test_no_writer_runs_over_an_interrupted_restore(store: Path, kind) -> None:
    """While a restore is half done neither environment is written, and nothing is touched."""
    (store / RESTORE_MARKER).write_text("[]")
    (store / PROFILES).rename(former(store / PROFILES))
    with pytest.raises(StoreError, match="interrupted"):
        kind(store, map_size_bytes=MAP_BYTES)
    assert former(store / PROFILES).exists()
    assert not (store / PROFILES).exists()


def test_stats_count_what_is_there(store: Path) -> None:
    """Sizes are those of the files, entries those of the rows, and free pages appear when rows go."""
    before = {stats.name: stats for stats in store_stats(store)}
    rows = {d.name: d.entries for s in before.values() for d in s.databases}
    assert rows["activity.events"] == 96
    assert rows["profiles.profiles"] == 12
    assert before[ACTIVITY].file_bytes == (store / ACTIVITY / DATA_FILE).stat().st_size
    assert 0 < before[ACTIVITY].used_share < 1
    assert before[ACTIVITY].readers == 0
    writer = ActivityWriter(store, map_size_bytes=MAP_BYTES)
    for number in range(12):
        with writer.begin() as transaction:
            transaction.erase(keys.user_key(f"user{number}"), 1)
    writer.close()
    after = {stats.name: stats for stats in store_stats(store)}
    assert after[ACTIVITY].free_pages > before[ACTIVITY].free_pages


def test_stats_show_a_reader_that_holds_pages(store: Path, make_event) -> None:
    """A reader that stays in an old transaction is counted, with how far it lags."""
    writer = ActivityWriter(store, map_size_bytes=MAP_BYTES)
    with writer.environment.begin():
        for number in range(3):
            with writer.begin() as transaction:
                transaction.record([make_event("user1", f"late{number}")], 1)
        stats = {s.name: s for s in store_stats(store)}[ACTIVITY]
    writer.close()
    assert (stats.readers, stats.oldest_reader_lag) == (1, 3)


# -- export -------------------------------------------------------------------------------------------------------


def test_an_export_holds_every_record_of_the_user(store: Path) -> None:
    """The export has as many records of each database as the user has rows there."""
    counts: dict[str, int] = {}
    for record in export_user(store, USER):
        counts[record.store] = counts.get(record.store, 0) + 1
    assert counts == {
        "activity.users": 1,
        "activity.triggers": 1,
        "activity.events": 8,
        "activity.applied": 8,
        "profiles.profiles": 1,
        "profiles.forewords": 1,
        "profiles.revisions": 3,
        "profiles.watermarks": 1,
        "profiles.due": 1,
        "profiles.ledger": 3,
    }


def test_an_export_needs_only_one_environment(tmp_path: Path, make_event) -> None:
    """A user whose profile was never computed is exported from the activity alone; an erasure pending is shown."""
    writer = ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)
    with writer.begin() as transaction:
        transaction.record([make_event("ann", "e1")], 1)
        transaction.erase(keys.user_key("bob"), 2)
    writer.close()
    assert [r.store for r in export_user(tmp_path, keys.user_key("ann"))][:2] == [
        "activity.users",
        "activity.triggers",
    ]
    assert [r.store for r in export_user(tmp_path, keys.user_key("bob"))] == [
        "activity.controls",
        "activity.triggers",
    ]
    with pytest.raises(StoreMissingError):
        list(export_user(tmp_path / "none", USER))
