"""Askers: counted once each, known by digests alone, and forgotten to the last byte."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from foreword.clock import DAY_MS, ManualClock
from foreword.store.v1.answers_pb2 import AskerRows
from tiering import askers as module
from tiering.askers import Askers
from tiering.digest import CoreId, Digests
from tiering.rows import read_row
from tiering.shelf import Shelf

DIGESTS = Digests(bytes(32))
CORE = CoreId(bytes(16))
ALICE, BOB, CAROL = (DIGESTS.asker("", name) for name in ("alice", "bob", "carol"))


class Opened:
    """A shelf, and the askers on it."""

    def __init__(self, folder: Path, *, size_bytes_max: int = 1 << 30) -> None:
        self.folder = folder
        self.shelf = Shelf(folder, bytes(32), eviction="least-recently-stored", size_bytes_max=size_bytes_max)
        self.clock = ManualClock()
        self.askers = Askers(self.shelf, self.clock)

    def bytes_of(self, asker: bytes) -> int:
        """Return how often a digest stands anywhere in the files, removed rows included."""
        return sum(file.read_bytes().count(asker) for file in self.folder.iterdir())


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """Return a cache that is open."""
    return Opened(tmp_path)


def test_the_second_distinct_asker_is_admitted(opened: Opened) -> None:
    """One who asks again is still one; once two have asked, whoever asks is admitted."""
    asked = [ALICE, ALICE, BOB, ALICE, CAROL]
    admitted = [opened.askers.admit(CORE, asker, 2) for asker in asked]
    assert admitted == [False, False, True, True, True]
    assert not opened.askers.admit(CoreId(b"1" * 16), BOB, 2)


def test_another_process_counts_on(tmp_path: Path) -> None:
    """Who has asked is known wherever the cache is open."""
    assert not Opened(tmp_path).askers.admit(CORE, ALICE, 2)
    assert Opened(tmp_path).askers.admit(CORE, BOB, 2)


def test_where_one_asker_is_enough_nothing_is_kept(opened: Opened) -> None:
    """askers_min 1 admits at once, and no digest is written."""
    assert opened.askers.admit(CORE, ALICE, 1)
    assert opened.bytes_of(ALICE) == 0


@pytest.mark.parametrize("days", [30, 365, -1, -365])
def test_after_thirty_days_counting_begins_anew(opened: Opened, days: int) -> None:
    """What was asked a month ago does not count; nor what a clock that was set back says is still to come."""
    opened.askers.admit(CORE, ALICE, 2)
    opened.clock.advance(days * DAY_MS)
    assert not opened.askers.admit(CORE, BOB, 2)
    assert opened.askers.admit(CORE, ALICE, 2)


def test_a_forgotten_asker_is_in_no_file(opened: Opened) -> None:
    """All rows that came of one go, and of rows of several the digest; no byte of it is left on disk."""
    for number in range(40):
        core_id = CoreId(number.to_bytes(16, "big"))
        opened.askers.admit(core_id, ALICE, 3)
        opened.askers.admit(core_id, BOB, 3)
    with opened.shelf.writing():
        opened.shelf.put(b"explained", ALICE)
        opened.askers.hold(ALICE, b"explained")
    assert opened.bytes_of(ALICE) > 40
    assert opened.askers.forget(ALICE) == 41
    assert opened.bytes_of(ALICE) == 0
    assert opened.shelf.get(b"explained") is None
    assert opened.askers.forget(ALICE) == 0
    # The other one is still counted, and she begins anew.
    assert not opened.askers.admit(CORE, ALICE, 3)
    assert opened.askers.admit(CORE, CAROL, 3)


def test_who_asked_alone_leaves_no_row(opened: Opened) -> None:
    """A row without askers is removed."""
    opened.askers.admit(CORE, ALICE, 2)
    opened.askers.forget(ALICE)
    assert len(opened.shelf._rows) == 0


def test_a_row_that_is_out_of_reach_is_gone(opened: Opened) -> None:
    """Of an asker with too many rows the oldest go themselves, not only their place in the list."""
    with patch.object(module, "ROWS_MAX", 3):
        opened.askers.admit(CORE, ALICE, 2)
        for number in range(4):
            with opened.shelf.writing():
                opened.shelf.put(b"x%d" % number, b"")
                opened.askers.hold(ALICE, b"x%d" % number)
        assert opened.shelf.get(b"x0") is None
        assert opened.askers.forget(ALICE) == 3
    assert len(opened.shelf._rows) == 0


def test_no_row_outlives_the_list_that_names_it(tmp_path: Path) -> None:
    """Where room is short, the list of an asker's rows is evicted after the rows."""
    opened = Opened(tmp_path, size_bytes_max=400_000)
    opened.askers.admit(CORE, ALICE, 3)
    opened.askers.admit(CoreId(b"1" * 16), CAROL, 3)
    opened.askers.admit(CORE, BOB, 3)
    for number in range(2000):
        opened.shelf.put(b"c%d" % number, bytes(1000))
        if opened.shelf.get(b"q" + CORE) is not None:
            held = read_row(opened.shelf, b"h" + ALICE, AskerRows)
            assert held is not None
            assert list(held.keys) == [b"q" + CORE]
    assert opened.shelf.get(b"q" + CORE) is None
