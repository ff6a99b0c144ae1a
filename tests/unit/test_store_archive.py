"""The archive: events as Parquet files, a folder a day, given out again and taken out by user."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foreword import keys
from foreword.clock import DAY_MS, day_text
from foreword.errors import StoreCorruptError, StoreNotWritableError
from foreword.keys import EnvironmentId
from foreword.store.archive import Archive, archive, archive_stats, parquet
from foreword.v1.event_pb2 import FEEDBACK_REJECT, Event

DAY = 19_700
OURS = EnvironmentId(b"0123456789abcdef")
ANN, BEN = keys.user_key("ann"), keys.user_key("ben", "acme")


@pytest.fixture
def held(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive", OURS, is_needed=False)


def event(event_id: str, user_id: str = "ann", day: int = DAY, **fields) -> Event:
    made = Event(event_id=event_id, user_id=user_id, type="view", **fields)
    made.time.FromMilliseconds(day * DAY_MS + 7)
    return made


def files(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path / "archive")) for path in tmp_path.rglob("*.parquet*"))


def ids(events) -> list[str]:
    return [event.event_id for event in events]


def test_an_event_comes_back_as_it_went_in(held: Archive) -> None:
    """Every field of an event survives, to the nanosecond, and so does one that this version has no column for."""
    whole = event(
        "whole", item_id="i", topics=["go", "sql"], text="ä\n\x00", session_id="s", feedback=FEEDBACK_REJECT,
        value=-0.5, attributes={"depth": "deep", "": "x"},
    )  # fmt: skip
    whole.dwell.seconds, whole.dwell.nanos = 315_575_999_999, 999_999_999
    whole.time.nanos += 123
    of_a_later_version = Event.FromString(event("later").SerializeToString() + b"\xa2\x06\x03new")
    bare = event("bare", value=0.0)
    held.append(DAY, [whole, of_a_later_version, bare])
    assert {each.event_id: each for each in held.events(ANN)} == {
        each.event_id: each for each in (whole, of_a_later_version, bare)
    }


def test_any_tool_reads_a_day(held: Archive, tmp_path: Path) -> None:
    """A day's folder is named so that tools find the day in it, and its columns are those of an event."""
    held.append(DAY, [event("a", topics=["go"]), event("b", "ben", namespace="acme")])
    (name,) = files(tmp_path)
    (tmp_path / "archive" / name).with_name(".events-0002.parquet.partial").write_bytes(b"half a file")
    assert name == f"day={day_text(DAY)}/events-0001.parquet"
    table = pq.read_table(tmp_path / "archive")
    assert set(table.column_names) == {*parquet.SCHEMA.names, "day"}
    assert table.column("user_id").to_pylist() == ["ann", "ben"]
    assert table.schema.field("time").type == pa.timestamp("ns", tz="UTC")


def test_events_written_twice_stand_once(held: Archive, tmp_path: Path) -> None:
    """What a file holds already is not added again, so a write that was cut short is simply done again."""
    assert held.append(DAY, [event("a"), event("b")]) == 2
    assert held.append(DAY, [event("b"), event("c"), event("a", "ben")]) == 2
    assert sorted(ids(held.events(ANN))) == ["a", "b", "c"]
    assert len(files(tmp_path)) == 1
    assert list(held.faults()) == []


def test_a_full_file_is_followed_by_another(
    held: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day with more events than a file takes has several, and a repeated write still adds nothing."""
    monkeypatch.setattr(archive, "_FILE_ROWS_MAX", 3)
    for batch in ("ab", "cd", "cd", "e"):
        held.append(DAY, [event(name) for name in batch])
    assert [name.rpartition("/")[2] for name in files(tmp_path)] == [
        "events-0001.parquet",
        "events-0002.parquet",
    ]
    assert sorted(ids(held.events(ANN))) == list("abcde")
    assert list(held.faults()) == []


def test_erasing_rewrites_only_files_that_hold_the_user(held: Archive, tmp_path: Path) -> None:
    """A user goes from every file that has them, others keep theirs, and a file that held nobody else is removed."""
    held.append(DAY, [event("a"), event("b", "ben", namespace="acme"), event("c", "ann", namespace="acme")])
    held.append(DAY + 1, [event("d", day=DAY + 1)])
    held.append(DAY + 2, [event("e", "ben", day=DAY + 2)])
    untouched = tmp_path / "archive" / f"day={day_text(DAY + 2)}" / "events-0001.parquet"
    before = untouched.stat().st_ino
    assert held.erase(ANN) == 2
    assert (list(held.events(ANN)), held.erase(ANN)) == ([], 0)
    assert ids(held.events(BEN)) == ["b"]
    assert ids(held.events(keys.user_key("ann", "acme"))) == ["c"]
    assert untouched.stat().st_ino == before
    assert len(files(tmp_path)) == 2
    held.append(DAY + 1, [event("f", "cid", day=DAY + 1)])
    assert len(files(tmp_path)) == 3


def test_an_erasure_that_is_broken_off_can_be_done_again(held: Archive) -> None:
    """Told to stop between two files, an erasure fails rather than claim to be done, and the next one does the rest."""
    for day in (DAY, DAY + 1):
        held.append(day, [event("a", day=day), event("b", "ben", day=day)])
    answers = iter([True, False])
    with pytest.raises(StoreNotWritableError, match="broken off"):
        held.erase(ANN, lambda: next(answers))
    assert len(ids(held.events(ANN))) == 1
    assert held.erase(ANN) == 1


def test_no_byte_of_an_erased_user_is_left_in_the_files(held: Archive, tmp_path: Path) -> None:
    """Neither a file nor one half written holds the erased user's words."""
    held.append(DAY, [event("a", text="a-secret-of-anns"), event("b", "ben")])
    partial = tmp_path / "archive" / f"day={day_text(DAY)}" / ".events-0001.parquet.partial"
    partial.write_bytes(b"a-secret-of-anns")
    held.erase(ANN)
    assert not partial.exists()
    assert not any(b"ann" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_statistics_say_which_files_may_hold_a_user(held: Archive, tmp_path: Path) -> None:
    """A file whose users lie before and behind is looked into; one whose users all lie before is not."""
    held.append(DAY, [event("a", "aaa"), event("b", "zzz")])
    held.append(DAY + 1, [event("c", "aaa", day=DAY + 1), event("d", "aab", day=DAY + 1)])
    first, second = (tmp_path / "archive" / name for name in files(tmp_path))
    assert parquet.groups_with(first, "ann", "") == [0]
    assert parquet.groups_with(second, "ann", "") == []
    assert parquet.groups_with(second, "aab", "acme") == []


# -- whose it is ------------------------------------------------------------------------------------------------


def test_another_stores_archive_is_refused(held: Archive, tmp_path: Path) -> None:
    """A folder marked by another store is neither written nor read nor taken for empty."""
    held.append(DAY, [event("a")])
    other = Archive(tmp_path / "archive", EnvironmentId(bytes(16)), is_needed=False)
    for act in (
        lambda: other.append(DAY, [event("b")]),
        lambda: list(other.events(ANN)),
        lambda: other.erase(ANN),
    ):
        with pytest.raises(StoreNotWritableError, match="another store"):
            act()


def test_an_archive_that_is_not_there_is_not_taken_for_empty(tmp_path: Path) -> None:
    """Once events were written, a missing folder is an error that says what to do, until it is said to be gone."""
    needed = Archive(tmp_path / "archive", OURS, is_needed=True)
    for act in (
        lambda: needed.append(DAY, [event("a")]),
        lambda: needed.erase(ANN),
        needed.refuse_unreadable,
    ):
        with pytest.raises(StoreNotWritableError, match="not in") as caught:
            act()
        assert "_archive.json" in caught.value.hint
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "_archive.json").touch()
    assert needed.erase(ANN) == 0
    assert needed.append(DAY, [event("a")]) == 1
    assert json.loads((tmp_path / "archive" / "_archive.json").read_text())["environment_id"] == OURS.hex()


def test_files_without_a_mark_are_not_added_to(held: Archive, tmp_path: Path) -> None:
    """Where day folders stand without the mark nobody knows whose they are, and nothing is written."""
    (tmp_path / "archive" / "day=2024-01-01").mkdir(parents=True)
    with pytest.raises(StoreNotWritableError, match="says whose"):
        held.append(DAY, [event("a")])


def test_where_there_is_none_there_is_nothing(held: Archive, tmp_path: Path) -> None:
    """Without an archive nothing is given out, nothing is erased, and no folder is made."""
    assert (list(held.events(ANN)), held.erase(ANN), list(held.faults())) == ([], 0, [])
    assert archive_stats(tmp_path / "archive") is None
    assert not (tmp_path / "archive").exists()


# -- damage, figures, permissions -------------------------------------------------------------------------------


def test_damage_is_named(held: Archive, tmp_path: Path) -> None:
    """A file that is no Parquet, one of another day, and an event that stands twice are found by the check."""
    held.append(DAY, [event("a")])
    held.append(DAY + 1, [event("b", day=DAY + 1)])
    first, second = (tmp_path / "archive" / name for name in files(tmp_path))
    second.with_name("events-0002.parquet").write_bytes(first.read_bytes())
    first.with_name("events-0002.parquet").write_bytes(first.read_bytes())
    first.with_name("events-0003.parquet").write_bytes(b"PAR1 and no more")
    faults = dict(held.faults())
    assert len(faults) == 3
    assert "twice" in faults[f"day={day_text(DAY)}/events-0002.parquet"]
    assert "damaged" in faults[f"day={day_text(DAY)}/events-0003.parquet"]
    assert "another day" in faults[f"day={day_text(DAY + 1)}/events-0002.parquet"]
    with pytest.raises(StoreCorruptError, match="events-0003"):
        list(held.events(ANN))
    with pytest.raises(StoreCorruptError):
        held.erase(ANN)


def test_files_are_private(held: Archive, tmp_path: Path) -> None:
    """Only their owner may read what users did."""
    held.append(DAY, [event("a")])
    for path in (tmp_path / "archive").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_stats_say_what_it_holds(held: Archive, tmp_path: Path) -> None:
    """Files, bytes and days are told without reading any."""
    held.append(DAY, [event("a")])
    held.append(DAY + 9, [event("b", day=DAY + 9)])
    stats = archive_stats(tmp_path / "archive")
    assert (stats.files, stats.first_day, stats.last_day) == (2, day_text(DAY), day_text(DAY + 9))
    assert stats.bytes == sum(path.stat().st_size for path in tmp_path.rglob("*.parquet"))


_WITHOUT = """
import sys
from pathlib import Path

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "pyarrow":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.modules["pyarrow"] = None
sys.meta_path.insert(0, Absent())
from foreword.keys import EnvironmentId, user_key
from foreword.errors import ForewordError
from foreword.store.archive import Archive, archive_stats, require_parquet
held = Archive(Path(sys.argv[1]), EnvironmentId(b"0123456789abcdef"), is_needed=False)
acts = (lambda: require_parquet('store.archive = "on"'), lambda: list(held.events(user_key("ann"))),
        lambda: held.erase(user_key("ann")), held.refuse_unreadable)
for act in acts:
    try:
        act()
        print("nothing")
    except ForewordError as error:
        print(error)
print(archive_stats(Path(sys.argv[1])) is not None)
"""


def test_without_the_extra_the_sentence_names_the_command(held: Archive, tmp_path: Path) -> None:
    """Without pyarrow what needs it is refused with the command that adds it; where there is no archive nothing is."""

    def said() -> list[str]:
        command = [sys.executable, "-c", _WITHOUT, str(tmp_path / "archive")]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=60
        ).stdout.splitlines()

    absent = said()
    assert "pip install 'foreword[archive]'" in absent[0]
    assert absent[1:] == ["nothing", "nothing", "nothing", "False"]
    held.append(DAY, [event("a")])
    there = said()
    assert all("pip install 'foreword[archive]'" in line for line in there[:4])
    assert there[4] == "True"
