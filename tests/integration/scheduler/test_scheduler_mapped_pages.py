"""Memory that does not follow the number of users."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STORY = """
import os, sys
from pathlib import Path
from foreword.store import ActivityReader, ActivityWriter, NewEvent
from scheduler.mapped_pages import release_pages

folder = Path(sys.argv[1])
writer = ActivityWriter(folder, map_size_bytes=1 << 28)
with writer.begin() as txn:
    txn.record([NewEvent(b"\\0\\0u", "e%d" % n, n, bytes(60_000), False) for n in range(2000)], 1)

def resident():
    return int(Path("/proc/self/statm").read_text().split()[2]) * os.sysconf("SC_PAGE_SIZE")

def rows():
    with writer.environment.begin() as txn:
        return sum(len(row) for _, row in txn.cursor(db=writer.environment.handles[b"events"]))

read = rows()
before = resident()
assert release_pages([folder / "activity.lmdb"])
assert before > 100_000_000 and before - resident() > 100_000_000, (before, resident())
assert rows() == read
assert not release_pages([]) or resident() > 64 << 20
"""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's /proc")
def test_mapped_pages_are_let_go(tmp_path: Path) -> None:
    """After a pass over a large store its pages are given back, and all rows read the same as before."""
    subprocess.run([sys.executable, "-c", STORY, str(tmp_path)], check=True, timeout=60)
