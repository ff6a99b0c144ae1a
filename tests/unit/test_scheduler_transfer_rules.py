"""What a trigger does to a due time, rule by rule."""

from __future__ import annotations

import pytest

from foreword.config import Config
from foreword.v1.profile_pb2 import Segment
from foreword.v1.store_pb2 import RefreshReason, Trigger, Watermark
from scheduler.transfer import transfer

CONFIG = Config()
NOW_MS = 1_700_000_000_000
IDLE_MS = 1_800_000
CADENCE = RefreshReason.REFRESH_REASON_CADENCE
SESSION_END = RefreshReason.REFRESH_REASON_SESSION_END
ON_OPEN = RefreshReason.REFRESH_REASON_ON_OPEN
MANUAL = RefreshReason.REFRESH_REASON_MANUAL
RETRY = RefreshReason.REFRESH_REASON_RETRY


def mark(**fields: object) -> Watermark:
    return Watermark(**{"segment": Segment.SEGMENT_NEW, "attempted_ms": NOW_MS - 90_000, **fields})


@pytest.mark.parametrize("segment", ["SEGMENT_ACTIVE", "SEGMENT_SEMI_ACTIVE", "SEGMENT_DORMANT"])
def test_activity_leaves_other_cadences_alone(segment: str) -> None:
    """Events of a user who is not refreshed after sessions change no due time."""
    watermark = mark(segment=segment, due_ms=NOW_MS + 5, reason=CADENCE)
    assert transfer(watermark, Trigger(activity_ms=NOW_MS), NOW_MS, CONFIG) is None


@pytest.mark.parametrize(
    "watermark", [None, Watermark(), mark(), mark(due_ms=NOW_MS + 5, reason=SESSION_END)]
)
def test_activity_is_due_after_the_idle_timeout(watermark: Watermark | None) -> None:
    """A user never scheduled, or refreshed after sessions, is due when the session has been idle."""
    moved = transfer(watermark, Trigger(activity_ms=NOW_MS - 7), NOW_MS, CONFIG)
    assert moved is not None
    assert (moved.due_ms, moved.reason, moved.triggered_ms) == (NOW_MS - 7 + IDLE_MS, SESSION_END, 0)


@pytest.mark.parametrize("reason", [SESSION_END, ON_OPEN, MANUAL])
def test_activity_postpones_nothing_already_due(reason: int) -> None:
    """What is due now stays due, however busy the user."""
    watermark = mark(due_ms=NOW_MS - 1, reason=reason, triggered_ms=NOW_MS - 1)
    assert transfer(watermark, Trigger(activity_ms=NOW_MS), NOW_MS, CONFIG) is None


@pytest.mark.parametrize(
    ("field", "reason"), [("manual_ms", MANUAL), ("on_open_ms", ON_OPEN), ("session_end_ms", SESSION_END)]
)
def test_requests_are_due_at_once_for_any_segment(field: str, reason: int) -> None:
    """A request brings a due time forward to when it was made, with its reason."""
    watermark = mark(segment=Segment.SEGMENT_ACTIVE, due_ms=NOW_MS + 9, reason=CADENCE)
    moved = transfer(watermark, Trigger(activity_ms=NOW_MS, **{field: NOW_MS - 3}), NOW_MS, CONFIG)
    assert moved is not None
    assert (moved.due_ms, moved.reason, moved.triggered_ms) == (NOW_MS - 3, reason, NOW_MS - 3)


def test_of_several_requests_the_first_is_measured() -> None:
    """A read after a session's end raises the urgency, and keeps the time from which waiting is measured."""
    waiting = mark(due_ms=NOW_MS - 50, reason=SESSION_END, triggered_ms=NOW_MS - 50)
    moved = transfer(waiting, Trigger(on_open_ms=NOW_MS - 10), NOW_MS, CONFIG)
    assert moved is not None
    assert (moved.reason, moved.triggered_ms) == (ON_OPEN, NOW_MS - 50)
    assert transfer(moved, Trigger(session_end_ms=NOW_MS - 5), NOW_MS, CONFIG) is None


def test_backoff_is_waited_out_unless_an_operator_asks() -> None:
    """Activity, reads and ended sessions do not bring a failing user forward; a manual request does."""
    failing = mark(due_ms=NOW_MS + 60_000, reason=RETRY, failures=2)
    for field in ("activity_ms", "on_open_ms", "session_end_ms"):
        assert transfer(failing, Trigger(**{field: NOW_MS}), NOW_MS, CONFIG) is None
    moved = transfer(failing, Trigger(manual_ms=NOW_MS), NOW_MS, CONFIG)
    assert moved is not None
    assert (moved.due_ms, moved.reason, moved.failures) == (NOW_MS, MANUAL, 2)


def test_a_clock_ahead_of_ours_makes_nobody_wait() -> None:
    """A request stamped a moment in the future is due now."""
    moved = transfer(None, Trigger(on_open_ms=NOW_MS + 40), NOW_MS, CONFIG)
    assert moved is not None
    assert moved.due_ms == NOW_MS


def test_nothing_else_of_the_watermark_changes() -> None:
    """A trigger touches the due time, its reason and its own time only."""
    watermark = mark(consumed_seq=9, revision=4, outcome=1)
    moved = transfer(watermark, Trigger(manual_ms=NOW_MS), NOW_MS, CONFIG)
    assert moved is not None
    moved.due_ms = moved.triggered_ms = 0
    moved.reason = RefreshReason.REFRESH_REASON_UNSPECIFIED
    assert moved == watermark
