"""Failures: known to all processes, and only for a moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword.clock import ManualClock
from foreword.v1.answer_pb2 import PrivateReason
from tiering.digest import CoreId
from tiering.errors import NoAnswerError
from tiering.failures import Failures
from tiering.shelf import Shelf

CORE = CoreId(bytes(16))
YEAR_MS = 365 * 86_400_000


def failures(folder: Path, clock: ManualClock, seconds: float = 10.0) -> Failures:
    shelf = Shelf(folder, bytes(32), eviction="least-recently-stored", size_bytes_max=1 << 30)
    return Failures(shelf, clock, seconds)


def test_a_failure_is_known_to_all_until_its_time_is_over(tmp_path: Path) -> None:
    """Another process reads why; a moment later there is no why, and other cores never had one."""
    clock = ManualClock()
    failures(tmp_path, clock).note(CORE, "the model did not answer")
    other = failures(tmp_path, clock)
    failure = other.noted(CORE)
    assert failure is not None
    assert failure.message == "the model did not answer"
    assert other.noted(CoreId(b"1" * 16)) is None
    clock.advance(10_000)
    assert other.noted(CORE) is None


@pytest.mark.parametrize("jump_ms", [-YEAR_MS, YEAR_MS])
def test_a_clock_that_jumps_leaves_no_core_alone_for_long(tmp_path: Path, jump_ms: int) -> None:
    """Set back by a year, the clock does not keep a core from being tried for that year."""
    clock = ManualClock()
    noted = failures(tmp_path, clock)
    noted.note(CORE, "the model did not answer")
    clock.advance(jump_ms)
    assert noted.noted(CORE) is None


def test_without_a_time_nothing_is_noted(tmp_path: Path) -> None:
    """failure_seconds 0 means that every asker tries."""
    noted = failures(tmp_path, ManualClock(), seconds=0)
    noted.note(CORE, "the model did not answer")
    assert noted.noted(CORE) is None


def test_an_error_is_noted_with_why_it_cannot_be_shared(tmp_path: Path) -> None:
    """The private reason comes along; a message without end is cut."""
    noted = failures(tmp_path, ManualClock())
    reason = PrivateReason.PRIVATE_REASON_ANSWER
    noted.note(CORE, NoAnswerError("x" * 10_000, tried=(), private_reason=reason))
    row = noted.noted(CORE)
    assert row is not None
    assert (row.private_reason, len(row.message)) == (reason, 500)
