"""Rows of the answers' cache: sealed, bytes alone, and nobody else's."""

from __future__ import annotations

import os
import pickle
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tiering.errors import CacheError
from tiering.secret import cache_secret
from tiering.shelf import Eviction, Shelf

SECRET = bytes(range(32))
_CUT = """
import os, sys
from contextlib import suppress
from pathlib import Path
from tiering.errors import CacheError
from tiering.shelf import Shelf
shelf = Shelf(Path(sys.argv[1]), bytes(range(32)), eviction="none", size_bytes_max=1 << 30)
for number in range(1000):
    shelf.put(b"%d" % number, bytes(2000))
shelf.scrub()
os.truncate(shelf.folder / "cache.db", 1 << 16)
for number in range(1000):
    with suppress(CacheError):
        assert shelf.get(b"%d" % number) in (None, bytes(2000))
print("alive")
"""


def opened(folder: Path, *, eviction: Eviction = "none", size_bytes_max: int = 1 << 30) -> Shelf:
    return Shelf(folder, SECRET, eviction=eviction, size_bytes_max=size_bytes_max)


def change_rows(folder: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(folder / "cache.db") as connection:
        connection.execute(statement, values)


class Payload:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, (str(self.file),))


def test_a_row_comes_back_in_another_process_as_it_was_stored(tmp_path: Path) -> None:
    """What is stored is read by whoever opens the folder with the same key."""
    opened(tmp_path / "rows").put(b"key", b"value")
    assert opened(tmp_path / "rows").get(b"key") == b"value"
    assert opened(tmp_path / "rows").get(b"other") is None


def test_only_the_owner_may_enter_the_folder(tmp_path: Path) -> None:
    """The folder has mode 0700."""
    opened(tmp_path / "rows")
    assert stat.S_IMODE((tmp_path / "rows").stat().st_mode) == 0o700


@pytest.mark.parametrize("value", [b"", b"\x00" * 16, b"forged"])
def test_a_row_that_was_changed_is_no_row(tmp_path: Path, value: bytes) -> None:
    """A value that somebody else wrote has no seal that fits."""
    shelf = opened(tmp_path)
    shelf.put(b"key", b"value")
    change_rows(tmp_path, "UPDATE Cache SET value = ?", value)
    assert shelf.get(b"key") is None


def test_a_row_that_was_moved_to_another_key_is_no_row(tmp_path: Path) -> None:
    """A sealed value is good for its own key alone: nobody gets the answer to another question."""
    shelf = opened(tmp_path)
    shelf.put(b"alice", b"secret of alice")
    change_rows(tmp_path, "UPDATE Cache SET key = ?", b"mallory")
    assert shelf.get(b"mallory") is None


def test_a_pickled_row_is_never_unpickled(tmp_path: Path) -> None:
    """A row that says it is a pickle runs nothing, and is no row."""
    shelf = opened(tmp_path / "rows")
    shelf.put(b"key", b"value")
    pickled = pickle.dumps(Payload(tmp_path / "ran"))
    change_rows(tmp_path / "rows", "UPDATE Cache SET value = ?, mode = 4", pickled)
    assert shelf.get(b"key") is None
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("value", ["text", 7, None, object()])
def test_nothing_but_bytes_is_stored(tmp_path: Path, value: object) -> None:
    """A value of another kind is refused rather than pickled."""
    with pytest.raises(TypeError):
        opened(tmp_path)._rows.set(b"key", value)


def test_what_was_stored_first_goes_first_when_it_is_full(tmp_path: Path) -> None:
    """A shelf stays near its size, and reading a row does not keep it."""
    shelf = opened(tmp_path, eviction="least-recently-stored", size_bytes_max=1 << 20)
    for number in range(400):
        shelf.put(number.to_bytes(2, "big"), bytes(8000))
        shelf.get((0).to_bytes(2, "big"))
    assert shelf.size_bytes() < (1 << 20) + 200_000
    assert shelf.get((0).to_bytes(2, "big")) is None
    assert shelf.get((399).to_bytes(2, "big")) == bytes(8000)


def test_many_rows_at_once_push_out_no_more_than_their_room(tmp_path: Path) -> None:
    """A transaction of hundreds of small rows leaves a full shelf full."""
    shelf = opened(tmp_path, eviction="least-recently-stored", size_bytes_max=1 << 20)
    for number in range(400):
        shelf.put(number.to_bytes(2, "big"), bytes(8000))
    with shelf.writing():
        for number in range(300):
            shelf.put(b"small%d" % number, bytes(100))
    assert shelf.size_bytes() > 900_000
    assert all(shelf.get(b"small%d" % number) is not None for number in range(300))


def test_a_removed_row_leaves_no_byte_on_disk(tmp_path: Path) -> None:
    """After a scrub no file has what a row said, whatever SQLite's own default is."""
    shelf = opened(tmp_path)
    for number in range(50):
        shelf.put(b"%d" % number, b"a secret of alice")
    for number in range(50):
        shelf.delete(b"%d" % number)
    shelf.scrub()
    assert not any(b"a secret of alice" in file.read_bytes() for file in tmp_path.iterdir())


def test_what_was_begun_and_failed_is_undone(tmp_path: Path) -> None:
    """Inside `writing` it is all or nothing."""
    shelf = opened(tmp_path)

    def fail() -> None:
        with shelf.writing():
            shelf.put(b"key", b"value")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert shelf.get(b"key") is None


def test_a_file_that_is_no_database_is_told_of(tmp_path: Path) -> None:
    """A damaged file is an error that names it and says what to do."""
    (tmp_path / "cache.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(CacheError, match=str(tmp_path)) as told:
        opened(tmp_path)
    assert "tiering.directory" in told.value.hint


def test_a_file_that_is_cut_short_while_it_is_open_ends_nobody(tmp_path: Path) -> None:
    """In a process of its own, since a file that is mapped rather than read would end it with SIGBUS."""
    done = subprocess.run([sys.executable, "-c", _CUT, tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


def test_all_processes_get_one_key(tmp_path: Path) -> None:
    """The cache's key is made once, for its owner alone."""
    secret = cache_secret(tmp_path / "answers")
    assert cache_secret(tmp_path / "answers") == secret
    assert stat.S_IMODE((tmp_path / "answers" / "key").stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "answers").iterdir()) == ["key"]


def test_a_key_of_another_length_is_refused(tmp_path: Path) -> None:
    """A cut key is named with its length and what is allowed."""
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(CacheError, match="5 bytes; allowed: 32"):
        cache_secret(tmp_path)
