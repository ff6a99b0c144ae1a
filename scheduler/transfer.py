"""What a trigger does to a user's due time; pure, so that every rule can be read and tested alone."""

from __future__ import annotations

from foreword.config import Config
from foreword.v1.profile_pb2 import Cadence, Segment
from foreword.v1.store_pb2 import RefreshReason, Trigger, Watermark
from scheduler.segments import cadence

# What goes before cadence work, most urgent first: somebody is waiting, a session is over.
URGENCY = {
    RefreshReason.REFRESH_REASON_MANUAL: 0,
    RefreshReason.REFRESH_REASON_ON_OPEN: 0,
    RefreshReason.REFRESH_REASON_SESSION_END: 1,
}


def transfer(watermark: Watermark | None, trigger: Trigger, now_ms: int, config: Config) -> Watermark | None:
    """Return the user's watermark with the due time that a trigger asks for; None when it changes nothing.

    - An operator's request, a read and a `session.end` are due at once. Of several the first counts, so that
      waiting is measured from it.
    - Activity of a user refreshed after sessions, or never scheduled, is due when the session has been idle
      for `session.idle_timeout_seconds`. Later activity moves that on, but postpones nothing already due.
    - A user whose refreshes fail waits out the backoff, unless an operator asks: a storm of reads must not
      become a storm of retries.
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
        _due_when_idle(moved, trigger.activity_ms, now_ms, config)
    return None if moved == watermark or not moved.due_ms else moved


def is_urgent(watermark: Watermark, now_ms: int) -> bool:
    """Return whether a user is due now for a reason that goes before cadence work."""
    return 0 < watermark.due_ms <= now_ms and watermark.reason in URGENCY


def _due_at_once(moved: Watermark, reason: RefreshReason, triggered_ms: int, now_ms: int) -> None:
    if is_urgent(moved, now_ms) and moved.triggered_ms:
        triggered_ms = min(triggered_ms, moved.triggered_ms)
        if URGENCY[reason] >= URGENCY[moved.reason]:
            reason = moved.reason
    moved.due_ms = min(triggered_ms, now_ms)
    moved.reason = reason
    moved.triggered_ms = triggered_ms


def _due_when_idle(moved: Watermark, activity_ms: int, now_ms: int, config: Config) -> None:
    is_scheduled = moved.segment != Segment.SEGMENT_UNSPECIFIED
    if is_scheduled and cadence(moved.segment, config) != Cadence.CADENCE_AFTER_SESSION:
        return
    if 0 < moved.due_ms <= now_ms:
        return
    moved.due_ms = activity_ms + int(config.session.idle_timeout_seconds * 1000)
    moved.reason = RefreshReason.REFRESH_REASON_SESSION_END
    moved.triggered_ms = 0
