"""How often profiles and forewords are handed out, and what of that survives."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from paths import BOTH_PATHS
from waiting import until

from foreword.clock import DAY_MS
from foreword.local import LocalReader
from foreword.store import ActivityReader
from foreword.store.activity_reader import DayReads
from foreword.store.check import check_store
from foreword.v1.profile_pb2 import Segment
from sidecar import server

DORMANT, ACTIVE, UNKNOWN = Segment.SEGMENT_DORMANT, Segment.SEGMENT_ACTIVE, Segment.SEGMENT_UNSPECIFIED


def kept(store: Path) -> list[DayReads]:
    """Return what activity.lmdb holds."""
    with closing(ActivityReader(store)) as reader:
        return reader.reads()


@BOTH_PATHS
def test_every_user_handed_out_counts_once(running: Any) -> None:
    """Profiles, forewords and each user of a batch count by segment; reads in process do not."""
    running.put("ada", with_state=True)
    running.put("ben", segment=DORMANT, with_state=True)
    running.client.profile("ada")
    running.client.text("ada")
    running.client.text("ada", 50)
    running.client.profiles(["ada", "ben", "nobody"])
    with closing(LocalReader(running.store)) as local:
        local.text("ada")
    today = running.now_ms // DAY_MS
    running.stop()
    assert kept(running.store) == [
        DayReads(today, UNKNOWN, 1),
        DayReads(today, ACTIVE, 4),
        DayReads(today, DORMANT, 1),
    ]
    assert not list(check_store(running.store))


@BOTH_PATHS
def test_counts_go_on_after_a_restart_and_by_day(start: Any) -> None:
    """What a former sidecar counted is added to; after midnight another row begins."""
    for _ in range(2):
        running = start()
        running.put("ada")
        running.client.text("ada")
        running.stop()
    running = start()
    running.clock.advance(DAY_MS)
    running.client.text("ada")
    running.stop()
    today = running.now_ms // DAY_MS
    assert kept(running.store) == [DayReads(today, ACTIVE, 2), DayReads(today + 1, ACTIVE, 1)]


@BOTH_PATHS
def test_counts_are_saved_while_it_serves(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a minute what was counted is written, so that no more than that is lost with the process."""
    assert server.SAVE_SECONDS <= 60
    monkeypatch.setattr(server, "SAVE_SECONDS", 0.02)
    running = start()
    running.put("ada")
    running.client.text("ada")
    until(lambda: kept(running.store) == [DayReads(running.now_ms // DAY_MS, ACTIVE, 1)])


def test_kill_nine_keeps_what_was_saved(tmp_path: Path) -> None:
    """Killed after a save, a store has the counts, passes the check, and loses no read that was written."""
    code = (
        "import sys; from pathlib import Path; from foreword.store import ActivityWriter\n"
        "writer = ActivityWriter(Path(sys.argv[1]), map_size_bytes=1 << 24)\n"
        "for day in (1, 1, 2):\n"
        "    with writer.begin() as txn: txn.add_reads(day, {0: 2, 3: 5})\n"
        "print('saved', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"saved\n"
        process.send_signal(signal.SIGKILL)
    assert kept(tmp_path) == [(1, 0, 4), (1, 3, 10), (2, 0, 2), (2, 3, 5)]
    assert not list(check_store(tmp_path))
