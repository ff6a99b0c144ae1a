"""Opening environments, sharing them in a process, and what their errors say."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import lmdb
import pytest
from forked import fork, run, tell

from foreword import keys
from foreword.errors import (
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreMissingError,
    StoreVersionError,
)
from foreword.store import (
    ActivityReader,
    ActivityWriter,
    FileLock,
    ProfileReader,
    ProfileWriter,
    lock_activity,
    lock_profiles,
)
from foreword.store import databases as db
from foreword.store.files import ACTIVITY, DATA_FILE, LOCK_FILE, PROFILES
from foreword.store.identity import SCHEMA_VERSION
from foreword.store.upkeep import backup_store, compact_store

MAP_BYTES = 1 << 28
USER = keys.user_key("user7")


@contextlib.contextmanager
def activity_writer(directory: Path, map_size_bytes: int = MAP_BYTES):
    writer = ActivityWriter(directory, map_size_bytes=map_size_bytes)
    try:
        yield writer
    finally:
        writer.close()


def until_full(write) -> tuple[int, StoreFullError]:
    """Call `write(0)`, `write(1)`, … until one finds the store full; return how many did not, and the error."""
    for number in range(1000):
        try:
            write(number)
        except StoreFullError as exc:
            return number, exc
    raise AssertionError("the store never became full")


# -- opening ------------------------------------------------------------------------------------------------------


def test_a_missing_store_is_said_and_not_made(tmp_path: Path) -> None:
    """Opening for reading what nobody has made fails in words and leaves nothing behind."""
    with pytest.raises(StoreMissingError, match=r"no store at .*hint|no store at"):
        ProfileReader(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_half_made_environment_counts_as_missing(tmp_path: Path) -> None:
    """A reader that comes while the writer is making the file sees no store rather than damage."""
    (tmp_path / PROFILES).mkdir()
    (tmp_path / PROFILES / DATA_FILE).touch()
    with pytest.raises(StoreMissingError, match="holds no Foreword store yet"):
        ProfileReader(tmp_path)
    lmdb.open(str(tmp_path / ACTIVITY), map_size=MAP_BYTES, lib_version=0).close()
    with pytest.raises(StoreMissingError, match="holds no Foreword store yet"):
        ActivityReader(tmp_path)
    # The failed attempts hold nothing: the writer can still make it.
    with activity_writer(tmp_path):
        ActivityReader(tmp_path).close()


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """Folders have mode 0700 and files 0600, for they hold what users did."""
    with activity_writer(tmp_path / "store" / "deep"):
        pass
    folder = tmp_path / "store" / "deep"
    assert [p.stat().st_mode & 0o777 for p in (folder, folder / ACTIVITY)] == [0o700, 0o700]
    assert {p.stat().st_mode & 0o777 for p in (folder / ACTIVITY).iterdir()} == {0o600}


def test_the_data_format_is_0_9_whatever_the_environment_says(tmp_path: Path) -> None:
    """A store made under a variable that asks for LMDB 1.0 is still one that every language reads."""
    code = (
        "import sys, pathlib; from foreword.store import ProfileWriter;"
        "ProfileWriter(pathlib.Path(sys.argv[1]), map_size_bytes=1 << 24).close()"
    )
    environ = {**os.environ, "LMDB_DEFAULT_LIB_VERSION": "1"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=environ)
    head = (tmp_path / PROFILES / DATA_FILE).read_bytes()[:24]
    assert head[16:24] == (0xBEEFC0DE).to_bytes(4, "little") + (1).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("kind", "lock", "who"),
    [(ActivityWriter, lock_activity, "a sidecar runs"), (ProfileWriter, lock_profiles, "a scheduler runs")],
)
def test_there_is_one_writer(tmp_path: Path, kind, lock, who: str) -> None:
    """While a writer is open no second one can be had, and afterwards, or when it could not be opened, one can."""
    writer = kind(tmp_path, map_size_bytes=MAP_BYTES)
    for second in (lock, lambda directory: kind(directory, map_size_bytes=MAP_BYTES)):
        with pytest.raises(StoreLockedError, match=rf"{who} on .*: process {os.getpid()} holds"):
            second(tmp_path)
    writer.close()
    shutil.rmtree(writer.environment.path)
    writer.environment.path.write_text("no folder")
    with pytest.raises(StoreError, match="cannot be used"):
        kind(tmp_path, map_size_bytes=MAP_BYTES)
    lock(tmp_path).release()


@pytest.mark.parametrize("readonly", [True, False])
def test_a_newer_store_is_refused_untouched(store: Path, readonly: bool) -> None:
    """A schema of the future is refused in words, by readers and writers, and not a byte of it changes."""
    with activity_writer(store) as writer, writer.environment.begin(write=True) as txn:
        txn.put(b"schema_version", keys.u64(SCHEMA_VERSION + 1), db=writer.environment.handles[db.META])
    before = (store / ACTIVITY / DATA_FILE).read_bytes()
    with pytest.raises(
        StoreVersionError,
        match=f"has schema {SCHEMA_VERSION + 1}; this Foreword reads up to {SCHEMA_VERSION}",
    ):
        ActivityReader(store) if readonly else ActivityWriter(store, map_size_bytes=MAP_BYTES)
    assert (store / ACTIVITY / DATA_FILE).read_bytes() == before


def test_another_data_format_is_refused_in_words(tmp_path: Path) -> None:
    """A file of LMDB 1.0 and a file of garbage are told apart."""
    lmdb.open(str(tmp_path / PROFILES), lib_version=1).close()
    with pytest.raises(StoreVersionError, match=r"LMDB's 1\.0 data format"):
        ProfileReader(tmp_path)
    (tmp_path / PROFILES / DATA_FILE).write_bytes(b"garbage" * 4096)
    with pytest.raises(StoreCorruptError, match="is damaged"):
        ProfileReader(tmp_path)


def test_a_read_only_folder_is_read_without_a_lock(store: Path, monkeypatch, caplog) -> None:
    """A reader that may not write reads all the same, leaves no file, and warns once what that risks."""
    (store / PROFILES / LOCK_FILE).unlink()
    real = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode, **options: mode != os.W_OK and real(path, mode, **options)
    )
    reader = ProfileReader(store)
    assert reader.profile(USER).profile.user_id == "user7"
    assert not reader.environment.locked
    assert not (store / PROFILES / LOCK_FILE).exists()
    assert "without a lock" in caplog.text
    reader.upkeep()
    reader.close()


def test_a_read_only_mount_is_read(store: Path, tmp_path: Path) -> None:
    """The same on a filesystem that is really mounted read-only, and writing there is refused in words."""
    script = f"""
set -e
mount --bind {store} {store}
mount -o remount,ro,bind {store}
{sys.executable} - <<'END'
from pathlib import Path
from foreword import keys
from foreword.errors import StoreError
from foreword.store import ProfileReader, ProfileWriter
reader = ProfileReader(Path({str(store)!r}))
print(reader.profile(keys.user_key("user7")).profile.user_id)
reader.close()
try:
    ProfileWriter(Path({str(store)!r}), map_size_bytes=1 << 28)
except StoreError as exc:
    print(type(exc).__name__, exc)
END
"""
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("mount namespaces are not permitted here")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], check=True, capture_output=True, text=True
    )
    first, second = done.stdout.splitlines()
    assert first == "user7"
    assert second.startswith("StoreNotWritableError")
    assert "Read-only file system" in second


def test_commits_are_synced(store: Path) -> None:
    """Acknowledged means on disk: no option that leaves syncing to the system is on."""
    with activity_writer(store) as writer:
        flags = writer.environment.lmdb.flags()
    assert flags["sync"]
    assert flags["metasync"]
    assert not flags["writemap"]


# -- the map ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "setting"),
    [(ActivityWriter, "store.activity_map_size_bytes"), (ProfileWriter, "store.profiles_map_size_bytes")],
)
def test_a_full_map_names_its_setting_and_loses_nothing(
    tmp_path: Path, make_event, write_profile, faults, kind, setting: str
) -> None:
    """The write that does not fit is refused by name, all before it stay, and a larger map takes it."""
    writer = kind(tmp_path, map_size_bytes=1 << 20)

    def write(writer, number: int) -> None:
        with writer.begin() as transaction:
            if kind is ActivityWriter:
                transaction.record([make_event(f"user{number}", "e", text="x" * 5000)], 1)
            else:
                write_profile(transaction, f"user{number}", "x" * 5000)

    written, error = until_full(lambda number: write(writer, number))
    assert setting in str(error)
    database = db.EVENTS if kind is ActivityWriter else db.PROFILES
    reader = (ActivityReader if kind is ActivityWriter else ProfileReader)(tmp_path)
    assert reader.count(database) == written > 10
    reader.close()
    writer.close()
    assert faults(tmp_path) == []
    writer = kind(tmp_path, map_size_bytes=4 << 20)
    write(writer, written)
    writer.close()
    assert faults(tmp_path) == []


def test_a_smaller_map_than_the_file_opens(store: Path) -> None:
    """A configured size below what is in use does not keep the store from opening."""
    with activity_writer(store, map_size_bytes=1 << 12):
        reader = ActivityReader(store)
        assert reader.user(USER).event_count == 8
        reader.close()


def test_a_reader_follows_a_map_that_another_process_grew(store: Path, make_event) -> None:
    """A reader with a small map reads on after another process wrote beyond it."""
    code = (
        "import sys, pathlib; from foreword import keys; from foreword.store import *;"
        "w = ActivityWriter(pathlib.Path(sys.argv[1]), map_size_bytes=1 << int(sys.argv[2]));\n"
        "with w.begin() as t: t.record([NewEvent(keys.user_key('grown'), f'e{i}', 1, b'x' * 9000, False)"
        " for i in range(int(sys.argv[3]))], 1)"
    )
    small = store.parent / "small"
    subprocess.run([sys.executable, "-c", code, str(small), "20", "1"], check=True)
    reader = ActivityReader(small)
    subprocess.run([sys.executable, "-c", code, str(small), "24", "500"], check=True)
    assert reader.count(db.EVENTS) == 500
    assert reader.user(keys.user_key("grown")).event_count == 500
    reader.close()


# -- one process, several users -----------------------------------------------------------------------------------


def test_reader_and_writer_share_one_environment(store: Path, make_event) -> None:
    """Readers beside a writer in one process see its commits, and closing one leaves the others open."""
    with activity_writer(store) as writer:
        first, second = ActivityReader(store), ActivityReader(store)
        first.close()
        first.close()
        with writer.begin() as transaction:
            transaction.record([make_event("ann", "e1")], 1)
        assert second.user(keys.user_key("ann")).event_count == 1
        second.close()


def test_a_writer_beside_an_open_reader_is_refused(store: Path) -> None:
    """A reader's mapping cannot be written; the error says what to do instead of LMDB's."""
    reader = ActivityReader(store)
    with pytest.raises(StoreLockedError, match="close the reader first"):
        ActivityWriter(store, map_size_bytes=MAP_BYTES)
    reader.close()
    with activity_writer(store):
        pass


def test_a_replaced_environment_is_followed_while_threads_read(store: Path) -> None:
    """Swaps of the whole folder under reading threads cost no read: each sees the former or the new one."""
    reader = ProfileReader(store)
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                if reader.profile_row(USER) is None:
                    wrong.append("missing")
            except Exception as exc:
                wrong.append(exc)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(6):
        aside = store / f"aside{number}"
        shutil.copytree(store / PROFILES, aside, ignore=shutil.ignore_patterns(LOCK_FILE))
        (store / PROFILES).rename(store / f"former{number}")
        aside.rename(store / PROFILES)
        assert reader.environment.was_replaced()
        reader.upkeep()
        assert not reader.environment.was_replaced()
    done.set()
    for thread in threads:
        thread.join()
    reader.close()
    assert wrong == []


def use_after_a_fork(store: Path) -> None:
    """Fork with an environment open; tell what its use in the child says, then whether the parent's goes on."""
    reader = ProfileReader(store)
    child = fork()
    if not child:
        for attempt in (lambda: reader.profile_row(USER), lambda: ProfileReader(store)):
            try:
                attempt()
                tell("worked")
            except StoreError as exc:
                tell(exc.message)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    tell(reader.profile_row(USER) is not None)
    reader.close()


def test_a_forked_child_is_told_to_open_anew(store: Path) -> None:
    """A child that uses its parent's environment gets a sentence; the parent's goes on."""
    child = run(use_after_a_fork, store)
    assert child.code == 0, child.errors
    first, second, parent_reads = child.told
    assert "before this process was forked" in first
    assert "before this process was forked" in second
    assert parent_reads


def test_a_long_list_holds_no_view_while_its_reader_dawdles(store: Path, make_event) -> None:
    """Thousands of ids come whole and in order, and between them no transaction keeps freed pages."""
    with activity_writer(store) as writer:
        with writer.begin() as transaction:
            transaction.record([make_event("ann", f"e{i:05}") for i in range(2500)], 1)
        reader = ActivityReader(store)
        ids = reader.applied_ids(keys.user_key("ann"))
        first = next(ids)
        # The table's last column is the transaction a slot is in; `-` for none.
        assert not any(line.split()[-1].isdigit() for line in writer.environment.lmdb.readers().splitlines())
        assert [first, *ids] == [f"e{i:05}" for i in range(2500)]
        reader.close()


# -- several processes --------------------------------------------------------------------------------------------

HOLD_A_READ = """
import pathlib, sys, time
from foreword.store import ActivityReader
reader = ActivityReader(pathlib.Path(sys.argv[1]))
txn = reader.environment.begin()
print("held", flush=True)
time.sleep(60)
"""


def test_a_killed_readers_slot_is_freed(store: Path) -> None:
    """The slot of a reader killed inside a transaction stays until a check of the readers, which frees it."""
    with activity_writer(store) as writer:
        child = subprocess.Popen([sys.executable, "-c", HOLD_A_READ, str(store)], stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"held\n"
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert str(child.pid) in writer.environment.lmdb.readers()
        assert writer.environment.reader_check() == 1
        assert str(child.pid) not in writer.environment.lmdb.readers()


def test_containers_without_a_common_pid_namespace_are_refused(store: Path) -> None:
    """Two processes that are both process 1 cannot share the store; the second is told why."""
    unshare = ["unshare", "--pid", "--fork", "--kill-child", sys.executable, "-c"]
    if subprocess.run(["unshare", "--pid", "--fork", "true"], check=False, capture_output=True).returncode:
        pytest.skip("PID namespaces are not permitted here")
    first = subprocess.Popen([*unshare, HOLD_A_READ, str(store)], stdout=subprocess.PIPE)
    try:
        assert first.stdout.readline() == b"held\n"
        second = subprocess.run(
            [*unshare, HOLD_A_READ, str(store)], check=False, capture_output=True, text=True
        )
    finally:
        first.kill()
        first.wait()
        first.stdout.close()
    assert "StoreLockedError" in second.stderr
    assert "share one PID namespace" in second.stderr


def test_a_lock_names_its_holder_and_is_free_after_it(tmp_path: Path) -> None:
    """A second holder is refused with the first one's process id; release and death both free it."""
    lock = FileLock(tmp_path / "x.lock", "it runs")
    with pytest.raises(StoreLockedError, match=f"process {os.getpid()} holds"):
        FileLock(tmp_path / "x.lock", "it runs")
    lock.release()
    lock.release()
    FileLock(tmp_path / "x.lock", "it runs").release()


def test_a_lock_holds_on_a_full_disk(tmp_path: Path) -> None:
    """Without room for its holder's name a lock is a lock all the same, and free again when it is released."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        lock = FileLock(tmp_path / "x.lock", "it runs")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with pytest.raises(StoreLockedError, match="process unknown"):
        FileLock(tmp_path / "x.lock", "it runs")
    lock.release()
    FileLock(tmp_path / "x.lock", "it runs").release()


# -- a full disk --------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path):
    """A filesystem of two megabytes."""
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(mount)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield mount
    subprocess.run(["umount", "--lazy", str(mount)], check=True)


def test_a_full_disk_is_said_and_loses_nothing(small_disk: Path, make_event, faults) -> None:
    """Writes beyond the disk fail by name, reads go on, and writing works again once there is room."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(500_000))
    with activity_writer(small_disk) as writer:
        reader = ActivityReader(small_disk)

        def write(number: int) -> None:
            with writer.begin() as transaction:
                transaction.record([make_event("ann", f"e{number}", text="x" * 5000)], 1)

        written, error = until_full(write)
        assert "the disk under activity.lmdb is full" in str(error)
        assert reader.user(keys.user_key("ann")).event_count == written > 10
        ballast.unlink()
        with writer.begin() as transaction:
            assert transaction.record([make_event("ann", f"e{written}")], 1) == [True]
        reader.close()
    assert faults(small_disk) == []


def test_a_backup_onto_a_full_disk_leaves_nothing(small_disk: Path, store: Path) -> None:
    """A backup that does not fit is refused by name, and what was copied of it is removed."""
    (small_disk / "ballast").write_bytes(bytes(2 * 1024 * 1024 - 64 * 1024))
    with pytest.raises(StoreFullError, match=r"the disk under .+ is full"):
        backup_store(store, small_disk / "backup")
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_a_compaction_on_a_full_disk_leaves_the_store(small_disk: Path, make_event, faults) -> None:
    """A compaction without room for the second copy is refused by name; the store stays, and nothing beside it."""
    with activity_writer(small_disk) as writer, writer.begin() as transaction:
        transaction.record([make_event("ann", f"e{number}", text="x" * 5000) for number in range(100)], 1)
    (small_disk / "ballast").write_bytes(bytes(600_000))
    with pytest.raises(StoreFullError, match=r"the disk under .+ is full"):
        compact_store(small_disk, ACTIVITY)
    assert [path.name for path in small_disk.iterdir() if path.is_dir()] == [ACTIVITY]
    with contextlib.closing(ActivityReader(small_disk)) as reader:
        assert reader.user(keys.user_key("ann")).event_count == 100
    assert faults(small_disk) == []


def test_a_store_on_a_full_disk_is_refused_and_not_killed(small_disk: Path, tmp_path: Path) -> None:
    """Opening where not even the lock file fits is an error, not the bus error of a sparse mapped file."""
    (small_disk / "ballast").write_bytes(bytes(2 * 1024 * 1024 - 64 * 1024))
    with pytest.raises(StoreFullError, match="is full"):
        ActivityWriter(small_disk, map_size_bytes=MAP_BYTES)
    assert not (small_disk / ACTIVITY / LOCK_FILE).exists()


def test_a_read_that_was_overtaken_by_two_swaps_is_done_again(store: Path, monkeypatch) -> None:
    """A thread put aside until the environment it had begun with is closed reads from the one in its place."""
    reader = ProfileReader(store)
    overtaken = reader.environment
    real = reader._sound_row

    def swapped_twice(database: bytes, user: bytes) -> bytes | None:
        for number in range(2):
            aside = store / f"aside{number}"
            shutil.copytree(store / PROFILES, aside, ignore=shutil.ignore_patterns(LOCK_FILE))
            (store / PROFILES).rename(store / f"former{number}")
            aside.rename(store / PROFILES)
            reader.upkeep()
        monkeypatch.setattr(reader, "_sound_row", real)
        overtaken.lmdb.begin()
        raise AssertionError("the former environment is still open")

    monkeypatch.setattr(reader, "_sound_row", swapped_twice)
    assert reader.profile_row(keys.user_key("nobody")) is None
    assert reader.profile_row(USER) is not None
    reader.close()


def test_another_lock_format_is_told_from_another_data_format(store: Path) -> None:
    """Beside a process whose LMDB locks in another way, the refusal names the lock and not the data."""
    with activity_writer(store):
        # By processes of their own: closing the lock file here would drop the writer's lock.
        patch = "import sys; f = open(sys.argv[1], 'r+b'); f.seek(4); f.write(bytes([2])); f.close()"
        subprocess.run([sys.executable, "-c", patch, str(store / ACTIVITY / LOCK_FILE)], check=True)
        ask = "import sys, pathlib, foreword.store as s; s.ActivityReader(pathlib.Path(sys.argv[1]))"
        done = subprocess.run(
            [sys.executable, "-c", ask, str(store)], capture_output=True, text=True, check=False
        )
    assert (
        "StoreVersionError: activity.lmdb is open in a process whose LMDB has another lock format"
        in done.stderr
    )
