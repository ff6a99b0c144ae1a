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


# -- at a border, and by what an operator asks for -----------------------------------------------------------------


def rate(days_of_28: int) -> UserActivity:
    """Return a user of long ago who came on so many of the last 28 days."""
    return seen(*range(1, days_of_28 + 1), first=200)


def test_a_user_at_the_border_stays_where_they_are() -> None:
    """Six days a week make an active user; one who is stays down to 5.4, one who is not needs 6.6."""
    for days, segment in ((24, ACTIVE), (23, ACTIVE), (22, ACTIVE), (21, SEMI_ACTIVE)):
        assert classify(rate(days), NOON_MS, CONFIG, ACTIVE) == segment, days
    for days, segment in ((24, SEMI_ACTIVE), (26, SEMI_ACTIVE), (27, ACTIVE)):
        assert classify(rate(days), NOON_MS, CONFIG, SEMI_ACTIVE) == segment, days


def test_a_user_does_not_go_to_and_fro() -> None:
    """Over a year in which the days a week swing by one around a border, the segment changes once at most."""
    former, changes = SEMI_ACTIVE, 0
    for step in range(365):
        now = classify(rate(24 + (step % 3) - 1), NOON_MS, CONFIG, former)
        changes += now != former
        former = now
    assert changes <= 1


def test_without_hysteresis_the_bound_decides() -> None:
    """With 0 a user is where the numbers say, wherever they were."""
    config = Config.model_validate({"segments": {"hysteresis": 0}})
    assert classify(rate(23), NOON_MS, config, ACTIVE) == SEMI_ACTIVE
    assert classify(rate(24), NOON_MS, config, SEMI_ACTIVE) == ACTIVE


def test_the_highest_bound_can_be_reached() -> None:
    """Who comes every day of the week is in a segment that begins at seven, hysteresis or not."""
    config = Config.model_validate({"segments": {"active": {"when": {"active_days_per_week_min": 7}}}})
    assert classify(rate(28), NOON_MS, config, SEMI_ACTIVE) == ACTIVE


def test_age_moves_a_user_without_delay() -> None:
    """Hysteresis is for what wavers: a week after the first event nobody is new any more."""
    assert classify(seen(*range(8)), NOON_MS, CONFIG, NEW) == ACTIVE


TEAM = {"refresh": "nightly", "stale_after_hours": 26, "expired_after_hours": 50}


def test_attributes_and_sessions_decide_where_they_are_asked_for() -> None:
    """A value among those named, or none where none was seen; and sessions, of which a day without a count has one."""
    when = {"attributes": {"plan": ["team", "pro"]}, "sessions_per_week_min": 2}
    config = Config.model_validate({"segments": {"team": TEAM | {"when": when}}})
    number = config.segments.numbered("team")
    user = rate(4)
    assert classify(user, NOON_MS, config) != number
    user.attributes["plan"].value = "pro"
    assert classify(user, NOON_MS, config) != number
    user.days[0].sessions = 5
    assert facts_of(user, NOON_MS, 28).sessions_per_week == 2
    assert classify(user, NOON_MS, config) == number
    user.attributes["plan"].value = "free"
    assert classify(user, NOON_MS, config) != number


def test_users_of_whom_nothing_is_known_can_be_asked_for() -> None:
    """An empty value stands for users of whom no event carried the attribute."""
    config = Config.model_validate(
        {"segments": {"team": TEAM | {"when": {"attributes": {"plan": ["", "trial"]}}}}}
    )
    assert classify(rate(4), NOON_MS, config) == config.segments.numbered("team")
