"""Who belongs to which segment, and what follows from it: at which cadence to refresh, and when a profile is stale."""

from __future__ import annotations

import math
from typing import NamedTuple, cast

from foreword.clock import DAY_MS, HOUR_MS
from foreword.config import Config
from foreword.config_segments import SegmentSettings, Tried
from foreword.segment_coverage import Shape
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.profile_pb2 import Cadence, Segment

# Days with events that `users` keeps; a longer window could not be counted.
_DAYS_COUNTED_MAX = 56
_WEEK_DAYS = 7

_CADENCES = {
    "after-session": Cadence.CADENCE_AFTER_SESSION,
    "nightly": Cadence.CADENCE_NIGHTLY,
    "every": Cadence.CADENCE_INTERVAL,
    "on-open": Cadence.CADENCE_ON_OPEN,
    "cron": Cadence.CADENCE_CRON,
    "manual": Cadence.CADENCE_MANUAL,
    "never": Cadence.CADENCE_NEVER,
}
# Rules under which time alone brings no refresh.
_ASKED_FOR = ("on-open", "manual", "never")
# Looked up once: protobuf's own code does it each time, and this is asked for each of all users.
_UNSPECIFIED = Segment.SEGMENT_UNSPECIFIED
# What goes up and down by a day's chance. Ages only grow, and a visit ends an absence at once.
_WAVERING = ("active_days_per_week", "sessions_per_week")


class Validity(NamedTuple):
    """What a profile's header says of its age."""

    stale_after_ms: int
    expired_after_ms: int
    refresh_on_open: bool


class Facts(NamedTuple):
    """What conditions of segments are held against."""

    age_days: float
    active_days_per_week: float
    sessions_per_week: float
    last_seen_days: float
    attributes: dict[str, str]
    """The newest value of each attribute that segments ask for, as far as an event carried one."""


def classify(
    activity: UserActivity,
    now_ms: int,
    config: Config,
    former: Segment = Segment.SEGMENT_UNSPECIFIED,
) -> Segment:
    """Return a user's segment: the first whose conditions hold; SEGMENT_UNSPECIFIED for one who never sent an event.

    A user stays in the former one while its bounds, widened by `segments.hysteresis`, hold, unless those of one that is
    tried before it hold though narrowed by as much.

    Args:
        activity: When the user came.
        now_ms: The time.
        config: The segments.
        former: Where the user was before.
    """
    if not activity.event_count:
        return _UNSPECIFIED
    facts = facts_of(activity, now_ms, config.window.days)
    segments = config.segments
    found = next((one for one in segments.tried() if _holds(one.shape, facts)), segments.tried()[-1])
    if former not in (found.number, _UNSPECIFIED):
        stood = segments.find(former)
        if stood is not None and _stays(stood, found, facts, config):
            return former
    return cast(Segment, found.number)


def facts_of(activity: UserActivity, now_ms: int, window_days: int) -> Facts:
    """Return what is known of when a user comes, over the last `window_days` (at most 56) or since the first event.

    Today counts once the user has come: counted always, everybody would look less active each morning than
    the evening before.
    """
    today = now_ms // DAY_MS
    days = {entry.day: entry.sessions for entry in activity.days if entry.day <= today}
    last = today if today in days else today - 1
    first_seen = activity.first_seen_ms // DAY_MS
    # A week at least: after two days nobody can be said to come daily.
    span = max(_WEEK_DAYS, min(window_days, _DAYS_COUNTED_MAX, last - first_seen + 1))
    within = [sessions for day, sessions in days.items() if last - span < day <= last]
    weeks = span / _WEEK_DAYS
    return Facts(
        age_days=(now_ms - activity.first_seen_ms) / DAY_MS,
        active_days_per_week=len(within) / weeks,
        # Rows of a former version count no sessions; a day with an event had one.
        sessions_per_week=sum(max(1, sessions) for sessions in within) / weeks,
        last_seen_days=max(0, now_ms - activity.last_seen_ms) / DAY_MS,
        attributes={name: noted.value for name, noted in activity.attributes.items()},
    )


def held(one: Tried, facts: Facts) -> bool:
    """Return whether a user meets the conditions of a segment, at its bounds as they stand."""
    return _holds(one.shape, facts)


def _stays(stood: Tried, found: Tried, facts: Facts, config: Config) -> bool:
    hysteresis, order = config.segments.hysteresis, config.segments.tried()
    is_taken = order.index(found) < order.index(stood) and _holds(found.shape, facts, -hysteresis)
    return not is_taken and _holds(stood.shape, facts, hysteresis)


def _holds(shape: Shape, facts: Facts, slack: float = 0.0) -> bool:
    """Return whether a user is within a shape whose wavering bounds are wider by a share; narrower when negative."""
    for name, (least, below) in shape.bounds.items():
        found = getattr(facts, name)
        width = slack if name in _WAVERING else 0.0
        if least is not None and found < _least(name, least, width):
            return False
        if below is not None and found >= below * (1 + width):
            return False
    return all(facts.attributes.get(name, "") in values for name, values in shape.values.items())


def _least(name: str, least: float, slack: float) -> float:
    moved = least * (1 - slack)
    # Nobody comes on more days than a week has, however sure we want to be.
    return min(moved, max(least, _WEEK_DAYS)) if name == "active_days_per_week" else moved


def cadence_settings(segment: Segment, config: Config) -> SegmentSettings:
    """Return the settings of a segment; those of the first one tried for a user not yet classified, and for one whose
    segment is gone from the configuration until the review has found another."""
    found = config.segments.find(segment) or config.segments.tried()[0]
    return found.settings


def promised_hours(segment: Segment, config: Config) -> float:
    """Return the age before which a profile is to be refreshed; infinite where only a read or a person asks for it."""
    settings = cadence_settings(segment, config)
    return math.inf if settings.refresh in _ASKED_FOR else settings.expired_after_hours


def cadence(segment: Segment, config: Config) -> Cadence:
    """Return the cadence at which a segment is refreshed."""
    return _CADENCES[cadence_settings(segment, config).refresh]


def windowed(segment: Segment, config: Config) -> Config:
    """Return the configuration with the window of a segment as that of all."""
    window = cadence_settings(segment, config).window
    return config if window is None else config.model_copy(update={"window": window})


def validity(segment: Segment, since_ms: int, config: Config) -> Validity:
    """Return when a profile confirmed at `since_ms` is stale and expired, and whether a read refreshes it."""
    settings = cadence_settings(segment, config)
    return Validity(
        since_ms + int(settings.stale_after_hours * HOUR_MS),
        since_ms + int(settings.expired_after_hours * HOUR_MS),
        settings.refresh == "on-open",
    )
