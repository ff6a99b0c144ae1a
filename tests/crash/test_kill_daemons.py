"""kill -9 of the real daemons under load: the short form of `crash_loop.py --rounds 200`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = 6


# A fifth of this where nothing else runs; the script is ended first, so that what it said is shown.
@pytest.mark.timeout(300)
def test_killed_daemons_lose_nothing_they_acknowledged() -> None:
    """After each kill of either daemon all acknowledged events and served revisions are there, the fsck content."""
    command = [sys.executable, str(Path(__file__).with_name("crash_loop.py")), "--rounds", str(ROUNDS)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["wrong"] == []
    assert sum(figures["kills"].values()) >= ROUNDS
    assert figures["events acknowledged"] > 0
    assert figures["highest revision"] > 0
