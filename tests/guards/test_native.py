"""What is said in Rust is what Python says."""

from __future__ import annotations

import re
from pathlib import Path

import foreword
from foreword import frames
from foreword.store import accelerator
from foreword.telemetry.histogram import BOUNDS_SECONDS
from foreword.tokens import count_tokens
from sidecar import front

NATIVE = Path(__file__).parents[2] / "native"
FRAMES = (
    frames.PLAIN,
    frames.QUOTING,
    frames.GENERAL,
    frames.GENERAL_QUOTING,
    frames.BRIEF,
    frames.GENERAL_BRIEF,
)


def test_frames_and_their_tokens_are_the_same() -> None:
    """The first lines by which the front cuts texts are ours, with the tokens we count and their brief form."""
    source = (NATIVE / "src" / "cut.rs").read_text("utf-8")
    names = dict(re.findall(r'const ([A-Z_]+): &str = "([^"]+)"', source))
    found = [
        (names.get(text, text.strip('"')), int(tokens), names[brief])
        for text, tokens, brief in re.findall(
            r'Frame \{\s*text:\s*("[^"]+"|[A-Z_]+),\s*tokens: (\d+),\s*brief: ([A-Z_]+),?\s*\}', source
        )
    ]
    assert found == [(text, count_tokens(text), frames.brief_for(text)) for text in FRAMES]


def test_durations_have_the_same_bounds() -> None:
    """The front counts durations in the buckets that our histograms have."""
    source = (NATIVE / "src" / "calls.rs").read_text("utf-8")
    (said,) = re.findall(r"BOUNDS_US: \[u64; \d+\] = \[([^\]]+)\]", source)
    found = [int(number.replace("_", "")) for number in said.split(",") if number.strip()]
    assert found == [round(bound * 1e6) for bound in BOUNDS_SECONDS]


def test_versions_are_the_same() -> None:
    """What of one checkout is written in Rust and in Python has one version, and speaks one protocol."""
    manifest = (NATIVE / "Cargo.toml").read_text("utf-8")
    assert f'version = "{foreword.__version__}"' in manifest
    control = (NATIVE / "src" / "control.rs").read_text("utf-8")
    assert f"PROTOCOL: u32 = {front.PROTOCOL};" in control
    assert f'version = "{foreword.__version__}"' in (NATIVE / "pyproject.toml").read_text("utf-8")
    module = (NATIVE / "src" / "python.rs").read_text("utf-8")
    assert f"PROTOCOL: u32 = {accelerator.PROTOCOL};" in module
