"""kill -9 of a sidecar that writes cores: the short form of `answer_crash_loop.py --rounds 50`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = 4


# A fifth of this where nothing else runs; the script is ended first, so that what it said is shown.
@pytest.mark.timeout(300)
def test_killed_writer_of_a_core_hangs_nobody() -> None:
    """Who asks the other sidecar is answered, each core is written once or once more, and what was put is there."""
    command = [sys.executable, str(Path(__file__).with_name("answer_crash_loop.py")), "--rounds", str(ROUNDS)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["wrong"] == [], done.stdout
