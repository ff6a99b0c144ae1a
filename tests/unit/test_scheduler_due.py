"""When a user is due, and why: the rules as tables of inputs and outcomes."""

from __future__ import annotations

import pytest

from foreword.clock import DAY_MS, HOUR_MS
from foreword.config import Config, Scheduler
from foreword.keys import user_key
from foreword.v1.activity_pb2 import Trigger, UserActivity
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshReason, RefreshState
from scheduler.due import NOT_DUE, Due, after_attempt, after_trigger, at_review, backoff_ms, by_cadence

CONFIG = Config()
TODAY = 20_000
NOW_MS = TODAY * DAY_MS + 12 * HOUR_MS
IDLE_MS = 1_800_000
SETTLE_MS = 2000
HISTORY_MS = NOW_MS - 300 * DAY_MS
USER = user_key("ann")

CADENCE = RefreshReason.REFRESH_REASON_CADENCE
SESSION_END = RefreshReason.REFRESH_REASON_SESSION_END
ON_OPEN = RefreshReason.REFRESH_REASON_ON_OPEN
MANUAL = RefreshReason.REFRESH_REASON_MANUAL
RETRY = RefreshReason.REFRESH_REASON_RETRY

NOBODY, NEW, ACTIVE = Segment.SEGMENT_UNSPECIFIED, Segment.SEGMENT_NEW, Segment.SEGMENT_ACTIVE
SEMI_ACTIVE, DORMANT = Segment.SEGMENT_SEMI_ACTIVE, Segment.SEGMENT_DORMANT


def triggered(
    former: Due,
    segment: Segment = NEW,
    failures: int = 0,
    now_ms: int = NOW_MS,
    config: Config = CONFIG,
    looked_ms: int = 0,
    **times_ms: int,
) -> Due:
    """Return what a trigger with these times makes of a due time."""
    trigger = Trigger(**times_ms)
    return after_trigger(
        former,
        trigger,
        segment=segment,
        failures=failures,
        now_ms=now_ms,
        config=config,
        looked_ms=looked_ms,
    )


# -- after a trigger ----------------------------------------------------------------------------------------

WAITS = Due(NOW_MS + 5, CADENCE)
IN_SESSION = Due(NOW_MS + 5, SESSION_END)
IS_DUE = Due(NOW_MS - 50, SESSION_END, NOW_MS - 50)
FAILING = Due(NOW_MS + 60_000, RETRY)
SETTLES = Due(NOW_MS + SETTLE_MS, SESSION_END, 0, NOW_MS)
IDLE_LATER = Due(NOW_MS - 7 + IDLE_MS, SESSION_END)


@pytest.mark.parametrize(
    ("former", "segment", "failures", "times_ms", "due"),
    [
        # Activity: due after the session for those never scheduled or refreshed after sessions, else no matter.
        (NOT_DUE, NOBODY, 0, {"activity_ms": NOW_MS - 7}, IDLE_LATER),
        (NOT_DUE, NEW, 0, {"activity_ms": NOW_MS - 7}, IDLE_LATER),
        (IN_SESSION, NEW, 0, {"activity_ms": NOW_MS - 7}, IDLE_LATER),
        (WAITS, ACTIVE, 0, {"activity_ms": NOW_MS}, WAITS),
        (WAITS, SEMI_ACTIVE, 0, {"activity_ms": NOW_MS}, WAITS),
        (NOT_DUE, DORMANT, 0, {"activity_ms": NOW_MS}, NOT_DUE),
        # It postpones nothing that is due.
        (IS_DUE, NEW, 0, {"activity_ms": NOW_MS}, IS_DUE),
        (IS_DUE._replace(reason=ON_OPEN), NEW, 0, {"activity_ms": NOW_MS}, IS_DUE._replace(reason=ON_OPEN)),
        # Requests: at once for any segment, from when they were made, with their reason.
        (WAITS, ACTIVE, 0, {"manual_ms": NOW_MS - 3}, Due(NOW_MS - 3, MANUAL, NOW_MS - 3)),
        (WAITS, ACTIVE, 0, {"on_open_ms": NOW_MS - 3}, Due(NOW_MS - 3, ON_OPEN, NOW_MS - 3)),
        (NOT_DUE, DORMANT, 0, {"session_end_ms": NOW_MS - 3}, Due(NOW_MS - 3, SESSION_END, NOW_MS - 3)),
        # A request stamped a moment in the future is due now.
        (NOT_DUE, NEW, 0, {"on_open_ms": NOW_MS + 40}, Due(NOW_MS, ON_OPEN, NOW_MS + 40)),
        # Of several the first is measured and the more urgent reason kept.
        (IS_DUE, NEW, 0, {"on_open_ms": NOW_MS - 10}, Due(NOW_MS - 50, ON_OPEN, NOW_MS - 50)),
        (
            IS_DUE._replace(reason=ON_OPEN),
            NEW,
            0,
            {"session_end_ms": NOW_MS},
            IS_DUE._replace(reason=ON_OPEN),
        ),
        # A user who fails waits, unless an operator asks.
        (FAILING, NEW, 2, {"activity_ms": NOW_MS}, FAILING),
        (FAILING, NEW, 2, {"on_open_ms": NOW_MS}, FAILING),
        (FAILING, NEW, 2, {"session_end_ms": NOW_MS}, FAILING),
        (FAILING, NEW, 2, {"manual_ms": NOW_MS}, Due(NOW_MS, MANUAL, NOW_MS)),
        # A read does not wait for an import to settle.
        (SETTLES, NEW, 0, {"on_open_ms": NOW_MS}, Due(NOW_MS, ON_OPEN, NOW_MS)),
    ],
)
def test_a_trigger_moves_the_due_time(
    former: Due, segment: Segment, failures: int, times_ms: dict[str, int], due: Due
) -> None:
    """Each trigger does to a due time what the rules say, and nothing more when it is taken once again."""
    assert triggered(former, segment, failures, **times_ms) == due
    assert triggered(due, segment, failures, **times_ms) == due


@pytest.mark.parametrize("segment", [NOBODY, NEW, ACTIVE, SEMI_ACTIVE, DORMANT])
def test_late_activity_is_due_once_it_has_settled_whatever_the_segment(segment: Segment) -> None:
    """An import makes every user due, dormant ones too, when no more has come for the settle time."""
    former = Due(NOW_MS + 10**9, CADENCE)
    due = triggered(former, segment, activity_ms=HISTORY_MS, looked_ms=NOW_MS - 50)
    assert due == SETTLES
    assert not due.is_urgent(NOW_MS + SETTLE_MS)


def test_later_parts_of_an_import_push_the_due_time_on_within_a_bound() -> None:
    """A feed that never pauses for the settle time holds a user back for 30 settle times, and no longer."""
    due, now_ms = triggered(NOT_DUE, activity_ms=HISTORY_MS, looked_ms=NOW_MS), NOW_MS
    while due.at_ms > now_ms:
        now_ms = min(now_ms + 1500, due.at_ms)
        due = triggered(due, now_ms=now_ms, activity_ms=HISTORY_MS, looked_ms=now_ms)
    assert now_ms == NOW_MS + 30 * SETTLE_MS


def test_live_activity_during_an_import_belongs_to_it() -> None:
    """A user who is active now while the history comes in is due when that has settled, not a session later."""
    due = triggered(SETTLES, now_ms=NOW_MS + 1000, looked_ms=NOW_MS, activity_ms=NOW_MS + 900)
    assert due.at_ms == NOW_MS + 1000 + SETTLE_MS


def test_a_running_session_is_waited_out_by_an_import() -> None:
    """Late activity of a user whose session runs changes nothing: its end is near, and reads everything."""
    assert triggered(IN_SESSION, activity_ms=HISTORY_MS, looked_ms=NOW_MS) == IN_SESSION


def test_activity_met_late_is_no_import() -> None:
    """What a scheduler that was down finds leaves other cadences alone: the events came in time."""
    looked_ms = NOW_MS - 3 * IDLE_MS
    assert triggered(NOT_DUE, DORMANT, activity_ms=NOW_MS - 2 * IDLE_MS, looked_ms=looked_ms) == NOT_DUE


def test_nothing_settles_when_told_not_to() -> None:
    """With 0 seconds, late activity is due at once."""
    config = Config.model_validate({"session": {"settle_seconds": 0}})
    assert triggered(NOT_DUE, config=config, activity_ms=HISTORY_MS).at_ms == NOW_MS


def test_what_is_urgent_goes_before_cadence_work() -> None:
    """A read, a request and a session's end are urgent once due; cadence, retries and imports are not."""
    reasons = (MANUAL, ON_OPEN, SESSION_END, CADENCE, RETRY)
    assert [Due(NOW_MS, reason).is_urgent(NOW_MS) for reason in reasons] == [True, True, True, False, False]
    assert not Due(NOW_MS + 1, MANUAL).is_urgent(NOW_MS)
    assert not Due(NOW_MS, SESSION_END, 0, NOW_MS - 5).is_urgent(NOW_MS)


# -- after an attempt ---------------------------------------------------------------------------------------

STARTED_MS = NOW_MS - 400
ASKED = Due(NOW_MS - 3, ON_OPEN, NOW_MS - 3)
ASKED_BY_HAND = Due(NOW_MS - 3, MANUAL, NOW_MS - 3)


@pytest.mark.parametrize(
    ("asked", "segment", "failures", "due"),
    [
        (NOT_DUE, NEW, 0, Due(0, CADENCE)),
        (NOT_DUE, DORMANT, 0, Due(0, CADENCE)),
        (NOT_DUE, SEMI_ACTIVE, 0, Due(STARTED_MS + 3 * DAY_MS, CADENCE)),
        (ASKED, SEMI_ACTIVE, 0, ASKED),
        (SETTLES, DORMANT, 0, SETTLES),
        (NOT_DUE, ACTIVE, 3, Due(NOW_MS + backoff_ms(USER, 3, CONFIG.scheduler), RETRY)),
        (ASKED, ACTIVE, 1, Due(NOW_MS + backoff_ms(USER, 1, CONFIG.scheduler), RETRY)),
        (ASKED_BY_HAND, ACTIVE, 1, ASKED_BY_HAND),
    ],
)
def test_after_an_attempt(asked: Due, segment: Segment, failures: int, due: Due) -> None:
    """Success leaves it to the cadence, failure to the backoff, and what was asked meanwhile comes first."""
    found = after_attempt(
        USER,
        asked,
        segment=segment,
        failures=failures,
        started_ms=STARTED_MS,
        now_ms=NOW_MS,
        config=CONFIG,
    )
    assert found == due


# -- at a review --------------------------------------------------------------------------------------------

OVERDUE = Due(NOW_MS - 60_000, CADENCE)
NIGHT = by_cadence(ACTIVE, USER, NOW_MS, NOW_MS, CONFIG)


def state(due: Due, **fields: object) -> RefreshState:
    """Return the stored row of a user who was refreshed an hour ago."""
    row = RefreshState(**{"segment": NEW, "attempted_ms": NOW_MS - HOUR_MS, "consumed_seq": 9, **fields})
    due.put(row)
    return row


def reviewed(row: RefreshState, segment: Segment, activity: UserActivity, *, is_let_in: bool = False) -> Due:
    """Return what a review makes of a user's due time."""
    return at_review(USER, row, activity, segment=segment, is_let_in=is_let_in, now_ms=NOW_MS, config=CONFIG)


@pytest.mark.parametrize(
    ("row", "segment", "last_seq", "due"),
    [
        # Never scheduled: as after a session, or as an import.
        (RefreshState(), NEW, 9, SETTLES),
        (state(WAITS, segment=NOBODY, attempted_ms=0), NEW, 9, WAITS),
        # What an event, a read or an operator set stays.
        (state(IN_SESSION), ACTIVE, 9, IN_SESSION),
        (state(IS_DUE), DORMANT, 9, IS_DUE),
        # The cadence now in force sets the time, later or earlier.
        (state(Due(NIGHT.at_ms + 1, CADENCE)), ACTIVE, 9, NIGHT),
        (state(Due(0, CADENCE)), ACTIVE, 9, NIGHT),
        (state(WAITS), ACTIVE, 9, NIGHT),
        (state(WAITS), SEMI_ACTIVE, 9, Due(NOW_MS - HOUR_MS + 3 * DAY_MS, CADENCE)),
        # What is overdue by this cadence stays so, and by one that says otherwise does not.
        (state(OVERDUE, attempted_ms=NOW_MS - 4 * DAY_MS), SEMI_ACTIVE, 9, OVERDUE),
        (state(OVERDUE, attempted_ms=NOW_MS - 2 * DAY_MS), ACTIVE, 9, OVERDUE),
        (state(OVERDUE), ACTIVE, 9, NIGHT),
        (
            state(Due(0, CADENCE)),
            SEMI_ACTIVE,
            9,
            Due(NOW_MS - HOUR_MS + 3 * DAY_MS, CADENCE),
        ),
        # Sessions and reads set no time; events not yet consumed do, where the session decides.
        (state(WAITS), DORMANT, 10, Due(0, CADENCE)),
        (state(WAITS), NEW, 9, Due(0, CADENCE)),
        (state(Due(0, CADENCE)), NEW, 10, SETTLES),
        # Backoff is the retry's business.
        (state(FAILING, failures=1), ACTIVE, 10, FAILING),
    ],
)
def test_at_a_review(row: RefreshState, segment: Segment, last_seq: int, due: Due) -> None:
    """A due time that is missing or too late is mended, and every other one is kept."""
    activity = UserActivity(last_seen_ms=HISTORY_MS, last_seq=last_seq, event_count=9)
    assert reviewed(row, segment, activity) == due


@pytest.mark.parametrize(
    ("row", "due"),
    [
        (state(WAITS), Due(NOW_MS, CADENCE)),
        (state(Due(0, CADENCE)), Due(NOW_MS, CADENCE)),
        (state(Due(NOW_MS - 9, CADENCE)), Due(NOW_MS - 9, CADENCE)),
        (state(IN_SESSION), IN_SESSION),
        (state(FAILING, failures=1), FAILING),
    ],
)
def test_who_is_let_in_by_other_settings_is_due_now(row: RefreshState, due: Due) -> None:
    """A user who now has enough events is due at once, unless an attempt is near anyway."""
    assert reviewed(row, NEW, UserActivity(last_seq=9, event_count=9), is_let_in=True) == due


# -- a clock that ran ahead, and was set back ---------------------------------------------------------------

AHEAD_MS = NOW_MS + 400 * DAY_MS
LONGEST_RETRY = Due(NOW_MS + 6 * HOUR_MS, RETRY)


@pytest.mark.parametrize(
    ("row", "due"),
    [
        # Refreshed in a time that has not come: stale times and intervals count from there.
        (state(Due(AHEAD_MS + 3 * DAY_MS, CADENCE), attempted_ms=AHEAD_MS), Due(NOW_MS, CADENCE)),
        (state(Due(0, CADENCE), attempted_ms=AHEAD_MS), Due(NOW_MS, CADENCE)),
        (state(Due(AHEAD_MS, RETRY), attempted_ms=AHEAD_MS, failures=2), Due(NOW_MS, CADENCE)),
        (state(IS_DUE, attempted_ms=AHEAD_MS), IS_DUE),
        # Set by something that happened: as far off as that ever puts it.
        (state(Due(AHEAD_MS + IDLE_MS, SESSION_END)), Due(NOW_MS + IDLE_MS, SESSION_END)),
        (state(Due(AHEAD_MS, ON_OPEN, AHEAD_MS)), Due(NOW_MS, ON_OPEN, AHEAD_MS)),
        (state(Due(AHEAD_MS, MANUAL, AHEAD_MS)), Due(NOW_MS, MANUAL, AHEAD_MS)),
        (state(Due(AHEAD_MS, RETRY), failures=2), LONGEST_RETRY),
        (state(Due(AHEAD_MS, CADENCE)), Due(NOW_MS - HOUR_MS + 3 * DAY_MS, CADENCE)),
        (RefreshState(due_ms=AHEAD_MS, reason=SESSION_END), Due(NOW_MS + IDLE_MS, SESSION_END)),
        # A clock that is corrected by a moment matters to nobody.
        (
            state(Due(NOW_MS + 2 * DAY_MS, CADENCE), attempted_ms=NOW_MS + 900),
            Due(NOW_MS + 900 + 3 * DAY_MS, CADENCE),
        ),
    ],
)
def test_a_review_mends_what_a_clock_that_ran_ahead_has_set(row: RefreshState, due: Due) -> None:
    """Once the clock is right nobody waits for it to come there again, whatever put them so far off."""
    assert reviewed(row, SEMI_ACTIVE, UserActivity(last_seen_ms=HISTORY_MS, last_seq=9, event_count=9)) == due


def test_an_event_of_a_device_whose_clock_is_ahead_ends_its_session_like_any_other() -> None:
    """An event stamped hours ahead, as it may be, makes its user due when the session has been idle from now on."""
    assert triggered(NOT_DUE, activity_ms=NOW_MS + 20 * HOUR_MS) == Due(NOW_MS + IDLE_MS, SESSION_END)


def test_an_import_begun_by_a_clock_that_ran_ahead_is_waited_for_as_long_as_others() -> None:
    """The wait for an import to pause is counted from now on when it began in a time that has not come."""
    due, now_ms = Due(NOW_MS + 5, SESSION_END, 0, AHEAD_MS), NOW_MS
    while due.at_ms > now_ms:
        now_ms = min(now_ms + 1500, due.at_ms)
        due = triggered(due, now_ms=now_ms, activity_ms=HISTORY_MS, looked_ms=now_ms)
        assert now_ms <= NOW_MS + 40 * SETTLE_MS


# -- by cadence, and in backoff -----------------------------------------------------------------------------


def test_nights_are_spread_over_the_hour_the_same_for_a_user() -> None:
    """Nightly users are due between 3 and 4, each at an own time that is the same every night."""
    users = [b"user%d" % number for number in range(200)]
    due = [by_cadence(ACTIVE, user, NOW_MS, NOW_MS, CONFIG).at_ms for user in users]
    night_ms = (TODAY + 1) * DAY_MS + 3 * HOUR_MS
    assert all(night_ms <= ms < night_ms + HOUR_MS for ms in due)
    assert len(set(due)) > 190
    assert [by_cadence(ACTIVE, user, ms, ms, CONFIG).at_ms for user, ms in zip(users, due, strict=True)] == [
        ms + DAY_MS for ms in due
    ]


def test_a_night_still_to_come_today_is_used() -> None:
    """At one in the morning the next night is this one."""
    now_ms = TODAY * DAY_MS + HOUR_MS
    assert by_cadence(ACTIVE, b"u", now_ms, now_ms, CONFIG).at_ms < (TODAY + 1) * DAY_MS


def test_intervals_run_from_the_last_refresh() -> None:
    """An interval is counted from the last refresh, and one that has passed is due now."""
    assert by_cadence(SEMI_ACTIVE, b"u", NOW_MS, NOW_MS, CONFIG).at_ms == NOW_MS + 3 * DAY_MS
    assert by_cadence(SEMI_ACTIVE, b"u", NOW_MS - 9 * DAY_MS, NOW_MS, CONFIG).at_ms == NOW_MS


@pytest.mark.parametrize("segment", [NEW, DORMANT])
def test_sessions_and_reads_set_no_time(segment: Segment) -> None:
    """New and dormant users are due when something happens, never by the clock."""
    assert by_cadence(segment, b"u", NOW_MS, NOW_MS, CONFIG).at_ms == 0


def test_backoff_doubles_to_its_limit() -> None:
    """Waits double from the first to the longest, with at most a quarter of jitter that a user keeps."""
    settings = Scheduler(retry_backoff_seconds=10, retry_backoff_max_seconds=100)
    waits = [backoff_ms(b"u", failures, settings) for failures in (1, 2, 3, 4, 5, 1000)]
    for wait, least in zip(waits[:4], (10_000, 20_000, 40_000, 80_000), strict=True):
        assert least <= wait <= 1.25 * least
    assert waits[4:] == [100_000, 100_000]
    assert backoff_ms(b"u", 1, settings) == waits[0]
    assert len({backoff_ms(b"%d" % number, 1, settings) for number in range(50)}) > 40
