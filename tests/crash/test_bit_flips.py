"""Random bit flips in a small store, as `bit_flips.py` does it at length."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

FLIPS = Path(__file__).with_name("bit_flips.py")


@pytest.mark.parametrize("flips_max", [8, 200])
def test_no_flipped_bit_answers_in_silence(flips_max: int) -> None:
    """Whatever bits are flipped, no user is served anything wrong, or nothing, without an error or a problem."""
    options = {"--copies": 40, "--seed": random.randrange(2**32), "--flips": flips_max}
    arguments = [str(part) for option in options.items() for part in option]
    done = subprocess.run(
        [sys.executable, FLIPS, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["local profile told"], f"nothing was damaged: {done.stdout}"
