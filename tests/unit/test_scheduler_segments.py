"""Segments and what follows from them, rule by rule."""

from __future__ import annotations

import pytest

from foreword.clock import DAY_MS, HOUR_MS
from foreword.config import Config
from foreword.v1.activity_pb2 import DayCount, UserActivity
from foreword.v1.profile_pb2 import Cadence, Segment
from scheduler.segments import cadence, classify, facts_of, validity

CONFIG = Config()
TODAY = 20_000
NOON_MS = TODAY * DAY_MS + 12 * HOUR_MS
NEW, ACTIVE = Segment.SEGMENT_NEW, Segment.SEGMENT_ACTIVE
SEMI_ACTIVE, DORMANT = Segment.SEGMENT_SEMI_ACTIVE, Segment.SEGMENT_DORMANT


def seen(*days_ago: int, first: int | None = None) -> UserActivity:
    """Return a user with one event on each of these days, first seen `first` days ago."""
    days = sorted({TODAY - ago for ago in days_ago})
    oldest = TODAY - first if first is not None else days[0]
    return UserActivity(
        first_seen_ms=oldest * DAY_MS + HOUR_MS,
        last_seen_ms=days[-1] * DAY_MS,
        event_count=len(days),
        days=[DayCount(day=day, count=1) for day in days],
    )


@pytest.mark.parametrize(
    ("activity", "segment"),
    [
        (seen(0), NEW),
        (seen(6), NEW),
        (seen(0, 7), SEMI_ACTIVE),
        (seen(*range(28)), ACTIVE),
        (seen(*(ago for ago in range(28) if ago % 7), first=60), ACTIVE),
        (seen(*(ago for ago in range(28) if ago % 7 > 1), first=60), SEMI_ACTIVE),
        (seen(1, 8, 15, 22, first=60), SEMI_ACTIVE),
        (seen(1, 8, 15, first=60), DORMANT),
        (seen(30, 31, 32, 33, 34, 35, first=60), DORMANT),
        (seen(*range(1, 10)), ACTIVE),
        (UserActivity(), Segment.SEGMENT_UNSPECIFIED),
    ],
)
def test_segments_follow_the_table(activity: UserActivity, segment: int) -> None:
    """New for a week; then active from 6 active days a week, semi-active from 1, dormant below."""
    assert classify(activity, NOON_MS, CONFIG) == segment


def test_today_counts_once_the_user_has_come() -> None:
    """A daily user is at seven days a week before the day's first event and after it."""
    assert facts_of(seen(*range(1, 40)), NOON_MS, 28).active_days_per_week == 7
    assert facts_of(seen(*range(40)), NOON_MS, 28).active_days_per_week == 7


def test_nobody_is_new_when_configured_so() -> None:
    """With `new` left out of segments.order users are sorted by their activity from the first day."""
    config = Config.model_validate({"segments": {"order": ["active", "semi_active", "dormant"]}})
    assert classify(seen(0), NOON_MS, config) == SEMI_ACTIVE


def test_each_segment_has_its_cadence() -> None:
    """The defaults are those of the architecture's table."""
    assert [cadence(segment, CONFIG) for segment in (NEW, ACTIVE, SEMI_ACTIVE, DORMANT)] == [
        Cadence.CADENCE_AFTER_SESSION,
        Cadence.CADENCE_NIGHTLY,
        Cadence.CADENCE_INTERVAL,
        Cadence.CADENCE_ON_OPEN,
    ]


def test_only_dormant_users_are_refreshed_when_read() -> None:
    """The header's flag is set for on-open segments alone, and its times are the segment's."""
    assert validity(ACTIVE, NOON_MS, CONFIG) == (NOON_MS + 26 * HOUR_MS, NOON_MS + 72 * HOUR_MS, False)
    assert validity(DORMANT, NOON_MS, CONFIG).refresh_on_open
