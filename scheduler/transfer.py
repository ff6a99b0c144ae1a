"""What a trigger does to a user's due time; pure, so that every rule can be read and tested alone."""

from __future__ import annotations

from foreword.config import Config
from foreword.v1.activity_pb2 import Trigger
from foreword.v1.profile_pb2 import Cadence, Segment
from foreword.v1.refresh_pb2 import RefreshReason, Watermark
from scheduler.segments import cadence

# What goes before cadence work, most urgent first: somebody is waiting, a session is over.
URGENCY = {
    RefreshReason.REFRESH_REASON_MANUAL: 0,
    RefreshReason.REFRESH_REASON_ON_OPEN: 0,
    RefreshReason.REFRESH_REASON_SESSION_END: 1,
}
# A feed of late events that never pauses holds a user back for so many times the settle time: with the default a
# minute, long enough for most imports, and short beside every cadence.
_SETTLES_MAX = 30


def transfer(
    watermark: Watermark | None, trigger: Trigger, now_ms: int, config: Config, looked_ms: int = 0
) -> Watermark | None:
    """Return the user's watermark with the due time that a trigger asks for; None when it changes nothing.

    - An operator's request, a read and a `session.end` are due at once. Of several the first counts, so that
      waiting is measured from it.
    - Activity of a user refreshed after sessions, or never scheduled, is due when the session has been idle
      for `session.idle_timeout_seconds`. Later activity moves that on, but postpones nothing already due.
    - Late activity, of a session that was over before it was acknowledged, is an import: the user is due when no
      more has come for `session.settle_seconds`, whatever the cadence, since no later event would say so.
    - A user whose refreshes fail waits out the backoff, unless an operator asks: a storm of reads must not
      become a storm of retries.

    Args:
        watermark: The user's; None when there is none.
        trigger: What came in.
        now_ms: The time.
        config: Cadences and the length of a session.
        looked_ms: The trigger was acknowledged after this time. Activity that was idle by then is late, and not
            merely met late by a scheduler that was down; 0 when nothing is known.
    """
    moved = Watermark()
    if watermark is not None:
        moved.CopyFrom(watermark)
    is_backing_off = moved.failures > 0 and moved.due_ms > now_ms
    if trigger.manual_ms:
        _due_at_once(moved, RefreshReason.REFRESH_REASON_MANUAL, trigger.manual_ms, now_ms)
    elif is_backing_off:
        return None
    elif trigger.on_open_ms:
        _due_at_once(moved, RefreshReason.REFRESH_REASON_ON_OPEN, trigger.on_open_ms, now_ms)
    elif trigger.session_end_ms:
        _due_at_once(moved, RefreshReason.REFRESH_REASON_SESSION_END, trigger.session_end_ms, now_ms)
    elif trigger.activity_ms:
        _due_when_idle(moved, trigger.activity_ms, now_ms, config, looked_ms)
    return None if moved == watermark or not moved.due_ms else moved


def is_urgent(watermark: Watermark, now_ms: int) -> bool:
    """Return whether a user is due now for a reason that goes before cadence work; an import's users do not."""
    is_due = 0 < watermark.due_ms <= now_ms
    return is_due and watermark.reason in URGENCY and not watermark.settling_since_ms


def due_after_session(watermark: Watermark, activity_ms: int, now_ms: int, config: Config) -> None:
    """Set when a user is due whose newest activity was at a time: when it has been idle, or has settled.

    What settles is pushed on by whatever comes before it is due, within a bound. A running session is waited out.
    """
    ends_ms = activity_ms + int(config.session.idle_timeout_seconds * 1000)
    is_settling = watermark.settling_since_ms > 0
    if ends_ms > now_ms and not is_settling:
        watermark.due_ms = ends_ms
    elif is_settling or not _in_session(watermark):
        _settle(watermark, now_ms, int(config.session.settle_seconds * 1000))
    else:
        return
    watermark.reason = RefreshReason.REFRESH_REASON_SESSION_END
    watermark.triggered_ms = 0


def _in_session(watermark: Watermark) -> bool:
    return watermark.due_ms > 0 and watermark.reason == RefreshReason.REFRESH_REASON_SESSION_END


def _settle(watermark: Watermark, now_ms: int, settle_ms: int) -> None:
    watermark.settling_since_ms = watermark.settling_since_ms or now_ms
    latest_ms = watermark.settling_since_ms + _SETTLES_MAX * settle_ms
    watermark.due_ms = max(now_ms, min(now_ms + settle_ms, latest_ms))


def _due_at_once(moved: Watermark, reason: RefreshReason, triggered_ms: int, now_ms: int) -> None:
    if is_urgent(moved, now_ms) and moved.triggered_ms:
        triggered_ms = min(triggered_ms, moved.triggered_ms)
        if URGENCY[reason] >= URGENCY[moved.reason]:
            reason = moved.reason
    moved.due_ms = min(triggered_ms, now_ms)
    moved.reason = reason
    moved.triggered_ms = triggered_ms
    moved.settling_since_ms = 0


def _due_when_idle(moved: Watermark, activity_ms: int, now_ms: int, config: Config, looked_ms: int) -> None:
    is_late = activity_ms + int(config.session.idle_timeout_seconds * 1000) <= looked_ms
    is_scheduled = moved.segment != Segment.SEGMENT_UNSPECIFIED
    is_after_session = not is_scheduled or cadence(moved.segment, config) == Cadence.CADENCE_AFTER_SESSION
    is_due = 0 < moved.due_ms <= now_ms
    if (is_late or is_after_session) and not is_due:
        due_after_session(moved, activity_ms, now_ms, config)
