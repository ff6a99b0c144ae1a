"""Due times where refreshes are weighed: sessions and reads decide, the segment's promise is the last word."""

from __future__ import annotations

import pytest

from foreword.clock import DAY_MS, HOUR_MS
from foreword.config import Config
from foreword.keys import user_key
from foreword.v1.activity_pb2 import Trigger, UserActivity
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshReason, RefreshState
from scheduler.due import NOT_DUE, Due, after_trigger, at_review, by_cadence

NOW_MS = 20_000 * DAY_MS
IDLE_MS = 1_800_000
ANN = user_key("ann")
CONFIG = Config.model_validate({"scheduler": {"policy": "optimal", "refreshes_per_day": 10}})
PROMISES = [
    (Segment.SEGMENT_NEW, 96),
    (Segment.SEGMENT_ACTIVE, 72),
    (Segment.SEGMENT_SEMI_ACTIVE, 240),
    (Segment.SEGMENT_DORMANT, 0),
]
CADENCE = RefreshReason.REFRESH_REASON_CADENCE


@pytest.mark.parametrize(("segment", "hours"), PROMISES)
def test_a_refresh_is_followed_by_the_promise(segment: Segment, hours: int) -> None:
    """After a refresh a user is due when the segment's service level would break; never where it has none."""
    due = by_cadence(segment, ANN, NOW_MS, NOW_MS, CONFIG)
    assert due.at_ms == (NOW_MS + hours * HOUR_MS if hours else 0)


@pytest.mark.parametrize("segment", [segment for segment, _ in PROMISES])
@pytest.mark.parametrize("what", ["activity_ms", "on_open_ms"])
def test_whatever_begins_a_session_is_weighed_after_it(segment: Segment, what: str) -> None:
    """Activity and reads make every segment's users due when the session has been idle, and not before."""
    trigger = Trigger(**{what: NOW_MS - 1000})
    due = after_trigger(NOT_DUE, trigger, segment=segment, failures=0, now_ms=NOW_MS, config=CONFIG)
    assert (due.at_ms, due.reason) == (NOW_MS - 1000 + IDLE_MS, RefreshReason.REFRESH_REASON_SESSION_END)


def test_who_asks_outright_does_not_wait() -> None:
    """An operator's request and a `session.end` are due at once as ever."""
    for trigger in (Trigger(manual_ms=NOW_MS), Trigger(session_end_ms=NOW_MS)):
        due = after_trigger(
            NOT_DUE, trigger, segment=Segment.SEGMENT_DORMANT, failures=0, now_ms=NOW_MS, config=CONFIG
        )
        assert due.is_now(NOW_MS)


def reviewed(segment: Segment, *, is_worth: bool, news: int = 1, due: Due = NOT_DUE) -> Due:
    state = RefreshState(segment=segment, attempted_ms=NOW_MS - DAY_MS, consumed_seq=5)
    due.put(state)
    activity = UserActivity(first_seen_ms=1, last_seen_ms=NOW_MS - 2 * HOUR_MS, last_seq=5 + news)
    return at_review(
        ANN,
        state,
        activity,
        segment=segment,
        is_let_in=False,
        now_ms=NOW_MS,
        config=CONFIG,
        is_worth=is_worth,
    )


@pytest.mark.parametrize(("segment", "hours"), PROMISES)
def test_a_review_weighs_again(segment: Segment, hours: int) -> None:
    """News that have become worth a refresh make due; others wait for the promise, and so does nobody's news."""
    promised_ms = NOW_MS - DAY_MS + hours * HOUR_MS if hours else 0
    assert 0 < reviewed(segment, is_worth=True).at_ms <= NOW_MS + 2000
    assert reviewed(segment, is_worth=False).at_ms == promised_ms
    assert reviewed(segment, is_worth=True, news=0).at_ms == promised_ms


def test_a_user_put_off_before_any_profile_waits_from_the_first_event() -> None:
    """Where there was no refresh yet, the promise counts from when the user was first seen."""
    state = RefreshState(segment=Segment.SEGMENT_NEW)
    activity = UserActivity(first_seen_ms=NOW_MS - DAY_MS, last_seen_ms=NOW_MS - DAY_MS, last_seq=2)
    due = at_review(
        ANN,
        state,
        activity,
        segment=Segment.SEGMENT_NEW,
        is_let_in=False,
        now_ms=NOW_MS,
        config=CONFIG,
        is_worth=False,
    )
    assert due == Due(NOW_MS - DAY_MS + 96 * HOUR_MS, CADENCE)


def test_a_policy_without_a_budget_is_refused() -> None:
    """`optimal` needs the number of refreshes, and the message says so."""
    with pytest.raises(ValueError, match="refreshes_per_day is missing"):
        Config.model_validate({"scheduler": {"policy": "optimal"}})
