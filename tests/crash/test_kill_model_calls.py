"""kill -9 of the scheduler while it asks a model: the short form of `model_crash_loop.py --rounds 50`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = 6


# A fifth of this where nothing else runs; the script is ended first, so that what it said is shown.
@pytest.mark.timeout(300)
def test_a_killed_scheduler_keeps_an_exact_ledger() -> None:
    """After kills among calls and batches the ledger is the model server's count, and no profile is lost."""
    script = Path(__file__).with_name("model_crash_loop.py")
    command = [sys.executable, str(script), "--rounds", str(ROUNDS)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["wrong"] == []
    assert sum(figures["kills"].values()) == ROUNDS
    assert figures["ledger pico-USD"] == figures["server pico-USD"] > 0
