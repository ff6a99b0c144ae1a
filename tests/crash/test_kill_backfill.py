"""kill -9 of the scheduler in a backfill: the short form of `backfill_crash_loop.py --rounds 30`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = 5


# A fifth of this where nothing else runs; the script is ended first, so that what it said is shown.
@pytest.mark.timeout(300)
def test_a_killed_backfill_does_nothing_twice() -> None:
    """After kills at random moments each user was refreshed once, and asked about once by the server's own count."""
    script = Path(__file__).with_name("backfill_crash_loop.py")
    command = [sys.executable, str(script), "--rounds", str(ROUNDS), "--seed", "9"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["wrong"] == []
    assert sum(figures["kills"].values()) >= 3
    assert figures["batches"]["rows"] == {"succeeded": figures["users"]}
