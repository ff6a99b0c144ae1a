"""What a trigger does to a due time, rule by rule."""

from __future__ import annotations

import pytest

from foreword.config import Config
from foreword.v1.activity_pb2 import Trigger
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshReason, Watermark
from scheduler.transfer import is_urgent, transfer

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


SETTLE_MS = 2000
HISTORY_MS = NOW_MS - 300 * 86_400_000


def late(watermark: Watermark | None, now_ms: int = NOW_MS) -> Watermark | None:
    """Transfer activity of long ago, acknowledged just now."""
    return transfer(watermark, Trigger(activity_ms=HISTORY_MS), now_ms, CONFIG, now_ms - 50)


@pytest.mark.parametrize(
    "segment",
    ["SEGMENT_UNSPECIFIED", "SEGMENT_NEW", "SEGMENT_ACTIVE", "SEGMENT_SEMI_ACTIVE", "SEGMENT_DORMANT"],
)
def test_late_activity_is_due_once_it_has_settled_whatever_the_segment(segment: str) -> None:
    """An import makes every user due, dormant ones too, when no more has come for the settle time."""
    moved = late(mark(segment=segment, due_ms=NOW_MS + 10**9, reason=CADENCE))
    assert moved is not None
    assert (moved.due_ms, moved.reason, moved.triggered_ms) == (NOW_MS + SETTLE_MS, SESSION_END, 0)
    assert moved.settling_since_ms == NOW_MS
    assert not is_urgent(moved, NOW_MS + SETTLE_MS)


def test_later_parts_of_an_import_push_the_due_time_on_within_a_bound() -> None:
    """A feed that never pauses for the settle time holds a user back for 30 settle times, and no longer."""
    watermark, now_ms = late(None), NOW_MS
    while watermark is not None and watermark.due_ms > now_ms:
        now_ms = min(now_ms + 1500, watermark.due_ms)
        pushed = late(watermark, now_ms)
        watermark = pushed or watermark
    assert now_ms == NOW_MS + 30 * SETTLE_MS
    assert late(watermark, now_ms) is None


def test_live_activity_during_an_import_belongs_to_it() -> None:
    """A user who is active now while the history comes in is due when that has settled, not a session later."""
    moved = transfer(late(None), Trigger(activity_ms=NOW_MS + 900), NOW_MS + 1000, CONFIG, NOW_MS)
    assert moved is not None
    assert moved.due_ms == NOW_MS + 1000 + SETTLE_MS


def test_a_running_session_is_waited_out_by_an_import() -> None:
    """Late activity of a user whose session runs changes nothing: its end is near, and reads everything."""
    running = mark(due_ms=NOW_MS + 60_000, reason=SESSION_END)
    assert late(running) is None


def test_activity_met_late_is_no_import() -> None:
    """What a scheduler that was down finds leaves other cadences alone: the events came in time."""
    watermark = mark(segment=Segment.SEGMENT_DORMANT)
    trigger = Trigger(activity_ms=NOW_MS - 2 * IDLE_MS)
    assert transfer(watermark, trigger, NOW_MS, CONFIG, NOW_MS - 3 * IDLE_MS) is None


def test_settling_gives_way_to_a_request() -> None:
    """A read during an import is due at once, and counts as urgent."""
    moved = transfer(late(None), Trigger(on_open_ms=NOW_MS + 10), NOW_MS + 20, CONFIG, NOW_MS)
    assert moved is not None
    assert (moved.due_ms, moved.reason, moved.settling_since_ms) == (NOW_MS + 10, ON_OPEN, 0)
    assert is_urgent(moved, NOW_MS + 20)


def test_nothing_settles_when_told_not_to() -> None:
    """With 0 seconds, late activity is due at once."""
    config = Config.model_validate({"session": {"settle_seconds": 0}})
    moved = transfer(None, Trigger(activity_ms=HISTORY_MS), NOW_MS, config)
    assert moved is not None
    assert moved.due_ms == NOW_MS
