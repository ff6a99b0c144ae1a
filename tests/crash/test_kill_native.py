"""kill -9 of the native front and of the sidecar behind it: the short form of `native_crash_loop.py --kills 200`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.front import find_binary

KILLS = 6


@pytest.mark.timeout(300)
@pytest.mark.skipif(find_binary() is None, reason="foreword-native is not installed; `make native` builds it")
def test_no_read_is_wrong_while_either_process_is_killed() -> None:
    """Each read, during rewrites, growth and kills, is whole a version in force during the call, or UNAVAILABLE."""
    command = [sys.executable, str(Path(__file__).with_name("native_crash_loop.py")), "--kills", str(KILLS)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["wrong"] == []
    assert sum(figures["kills"].values()) == KILLS
    assert figures["reads"] > 100 * KILLS
