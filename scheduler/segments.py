"""Who belongs to which segment, and what follows from it: at which cadence to refresh, and when a profile is stale."""

from __future__ import annotations

from typing import NamedTuple

from foreword.clock import DAY_MS, HOUR_MS
from foreword.config import Config, SegmentCadence
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.profile_pb2 import Cadence, Segment

# Days with events that `users` keeps; a longer window could not be counted.
_DAYS_COUNTED_MAX = 56

_NAMES = {
    Segment.SEGMENT_NEW: "new",
    Segment.SEGMENT_ACTIVE: "active",
    Segment.SEGMENT_SEMI_ACTIVE: "semi_active",
    Segment.SEGMENT_DORMANT: "dormant",
}
_CADENCES = {
    "session_end": Cadence.CADENCE_AFTER_SESSION,
    "nightly": Cadence.CADENCE_NIGHTLY,
    "interval": Cadence.CADENCE_INTERVAL,
    "on_open": Cadence.CADENCE_ON_OPEN,
}


class Validity(NamedTuple):
    """What a profile's header says of its age."""

    stale_after_ms: int
    expired_after_ms: int
    refresh_on_open: bool


def classify(activity: UserActivity, now_ms: int, config: Config) -> Segment:
    """Return a user's segment; SEGMENT_UNSPECIFIED for one who never sent an event.

    A user is new for `cold_start.new_days` after the first event. After that, days with events are counted
    over the window, or since the first event where that is shorter, and scaled to a week.
    """
    if not activity.event_count:
        return Segment.SEGMENT_UNSPECIFIED
    if now_ms - activity.first_seen_ms < config.cold_start.new_days * DAY_MS:
        return Segment.SEGMENT_NEW
    rate = active_days_per_week(activity, now_ms, config.window.days)
    if rate >= config.segments.active_days_per_week_min:
        return Segment.SEGMENT_ACTIVE
    if rate >= config.segments.semi_active_days_per_week_min:
        return Segment.SEGMENT_SEMI_ACTIVE
    return Segment.SEGMENT_DORMANT


def active_days_per_week(activity: UserActivity, now_ms: int, window_days: int) -> float:
    """Return days with events per week, over the last `window_days` (at most 56) or since the first event.

    Today counts once the user has come: counted always, everybody would look less active each morning than
    the evening before.
    """
    today = now_ms // DAY_MS
    days = {entry.day for entry in activity.days if entry.day <= today}
    last = today if today in days else today - 1
    first_seen = activity.first_seen_ms // DAY_MS
    # A week at least: after two days nobody can be said to come daily.
    span = max(7, min(window_days, _DAYS_COUNTED_MAX, last - first_seen + 1))
    return 7 * sum(last - span < day <= last for day in days) / span


def cadence_settings(segment: Segment, config: Config) -> SegmentCadence:
    """Return the settings of a segment; those of new users for a user not yet classified."""
    settings: SegmentCadence = getattr(config.segments, _NAMES.get(segment, "new"))
    return settings


def cadence(segment: Segment, config: Config) -> Cadence:
    """Return the cadence at which a segment is refreshed."""
    return _CADENCES[cadence_settings(segment, config).refresh]


def validity(segment: Segment, since_ms: int, config: Config) -> Validity:
    """Return when a profile confirmed at `since_ms` is stale and expired, and whether a read refreshes it."""
    settings = cadence_settings(segment, config)
    return Validity(
        since_ms + int(settings.stale_after_hours * HOUR_MS),
        since_ms + int(settings.expired_after_hours * HOUR_MS),
        settings.refresh == "on_open",
    )
